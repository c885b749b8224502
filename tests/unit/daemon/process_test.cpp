#include "daemon/process.hpp"

#include "tests/unit/store/fixture.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

using namespace cloudpcd;
using namespace cloudpcd::daemon;

namespace {

const std::string by_kernel = "0a1b2c3d4e5f40718293a4b5c6d7e8f9";
const std::string by_systemd = "ffffffffffff4fffbfffffffffffffff";

}  // namespace

TEST_CASE("boot id: one of all starts of the daemon in one boot")
{
    const store::test::TemporaryDirectory directory;
    const auto file = directory.path() / "boot_id";
    config::Environment environment;
    SeededRng rng{1};
    const auto other = find_boot_id(environment, rng, file);
    CHECK(other.size() == by_kernel.size());
    CHECK(find_boot_id(environment, rng, file) != other);  // where nobody says it

    environment.values["CLOUDPCD_BOOT_ID"] = "%b";
    CHECK(find_boot_id(environment, rng, file) != find_boot_id(environment, rng, file));
    environment.values["CLOUDPCD_BOOT_ID"] = by_systemd;
    CHECK(find_boot_id(environment, rng, file) == by_systemd);
    std::ofstream{file} << "\n";
    CHECK(find_boot_id(environment, rng, file) == by_systemd);
    std::ofstream{file} << "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9\n";
    CHECK(find_boot_id(environment, rng, file) == by_kernel);
}

TEST_CASE("boot id: this machine's")
{
    SeededRng rng{1};
    if (std::ifstream{"/proc/sys/kernel/random/boot_id"})
        CHECK(find_boot_id({}, rng) == find_boot_id({}, rng));
}
