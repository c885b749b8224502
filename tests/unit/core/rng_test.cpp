#include "sync/core/rng.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace cloudpcd;

TEST_CASE("rng: a seed replays its sequence")
{
    SeededRng first{42};
    SeededRng second{42};
    SeededRng other{43};
    for (int i = 0; i < 100; ++i) {
        const auto value = first.next();
        CHECK(value == second.next());
        CHECK(value != other.next());
    }
}

TEST_CASE("rng: uniform numbers fill the unit interval evenly")
{
    SeededRng rng{1};
    constexpr int draws = 100'000;
    double sum = 0;
    double least = 1;
    double greatest = 0;
    for (int i = 0; i < draws; ++i) {
        const double value = rng.uniform();
        sum += value;
        least = std::min(least, value);
        greatest = std::max(greatest, value);
    }
    CHECK(least >= 0);
    CHECK(least < 0.001);
    CHECK(greatest < 1);
    CHECK(greatest > 0.999);
    CHECK(sum / draws == doctest::Approx(0.5).epsilon(0.01));
}

TEST_CASE("rng: a uuid has version 4, its variant, and does not repeat")
{
    SystemRng rng;
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto uuid = rng.uuid();
        REQUIRE(uuid.size() == 36);
        CHECK(uuid[8] == '-');
        CHECK(uuid[13] == '-');
        CHECK(uuid[14] == '4');
        CHECK(uuid[18] == '-');
        CHECK(std::string_view{"89ab"}.find(uuid[19]) != std::string_view::npos);
        CHECK(uuid[23] == '-');
        CHECK(uuid.find_first_not_of("0123456789abcdef-") == std::string::npos);
        CHECK(seen.insert(uuid).second);
    }
}
