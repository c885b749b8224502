// What people call an object, and its id.

#include "daemon/ctl/target.hpp"

#include "daemon/ctl/failure.hpp"
#include "tests/unit/ctl/mirror_file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd;
using namespace cloudpcd::ctl;
using cloudpcd::ctl::test::MirrorFile;

namespace {

const std::string one = "662009bc-7732-4f6f-8726-25883518b33e";

struct World {
    World()
    {
        for (const auto& [id, name, user, device] :
             {std::tuple{one.c_str(), "Sales 1", "ann@contoso.com", "CPC-ann"},
              {"7c82a3e3-9459-44e4-94d9-b92f93bf78dd", "Sales 2", "bob@contoso.com", "CPC-bob"},
              {"8d82a3e3-9459-44e4-94d9-b92f93bf78dd", "Sales 3", "bob@contoso.com", "CPC-b\x1b"}})
            mirror.execute(fmt::format(
                "INSERT INTO cloud_pcs (id, display_name, user_principal_name, "
                "managed_device_name, _seq, _version_seq, _changed_at, _first_seen_at, "
                "raw, _slice_hash, "
                "_content_hash, _version_hash) "
                "SELECT '{}', '{}', '{}', '{}', 1 + count(*), 1 + count(*), '', '', '', 0, 0, 0 "
                "FROM cloud_pcs",
                id, name, user, device));
    }
    std::string id_of(std::string_view text, std::string_view kind = "cloud_pc.reboot") const
    {
        try {
            return TargetResolver{*schema::find_action(kind), mirror.path()}.id_of(text);
        } catch (const Failure& failure) {
            return fmt::format("{}: {}", static_cast<int>(failure.status()), failure.what());
        }
    }
    std::string targets_of(std::string_view sql) const
    {
        auto database = mirror.open();
        try {
            return fmt::format("{}", select_targets(database, sql).size());
        } catch (const Failure& failure) {
            return fmt::format("{}: {}", static_cast<int>(failure.status()), failure.what());
        }
    }

    MirrorFile mirror;
};

}  // namespace

TEST_CASE_FIXTURE(World, "target: an id, or a name that one object has, in any case of its letters")
{
    for (const auto* text : {one.c_str(), "Sales 1", "sales 1", "ANN@contoso.com", "cpc-ANN"})
        CHECK_MESSAGE(id_of(text) == one, text);
    // A GUID is not looked up: the mirror may not know it yet, and ids differ by case.
    CHECK(id_of("662009BC-7732-4F6F-8726-25883518B33E") == "662009BC-7732-4F6F-8726-25883518B33E");
    TargetResolver nowhere{*schema::find_action("cloud_pc.reboot"), "/nowhere/mirror.db"};
    CHECK(nowhere.id_of(one) == one);
}

TEST_CASE_FIXTURE(World, "target: what several are called is refused, with all of them")
{
    CHECK(id_of("bob@contoso.com") ==
          "1: several of cloud_pcs are called bob@contoso.com; give the id of one:\n"
          "  7c82a3e3-9459-44e4-94d9-b92f93bf78dd Sales 2 bob@contoso.com CPC-bob\n"
          "  8d82a3e3-9459-44e4-94d9-b92f93bf78dd Sales 3 bob@contoso.com CPC-b\\x1b");
}

TEST_CASE_FIXTURE(World, "target: what nobody is called is not found, and nothing is near enough")
{
    for (const auto* text : {"Sales", "Sales 1 ", "%", "", "ann"})
        CHECK_MESSAGE(id_of(text).starts_with("2: the mirror knows nothing in cloud_pcs"), text);
    // In the table of the kind only.
    CHECK(id_of("Sales 1", "provisioning_policy.delete")
              .starts_with("2: the mirror knows nothing in provisioning_policies"));
    CHECK(id_of("x", "provisioning_policy.create") ==
          "64: provisioning_policy.create takes no target");
    CHECK(id_of(one, "cloud_pc.bulk_restart") == "64: cloud_pc.bulk_restart takes no target");
}

TEST_CASE_FIXTURE(World, "targets: the first column of each row, of a statement that reads")
{
    CHECK(targets_of("SELECT id, status FROM cloud_pcs") == "3");
    CHECK(targets_of("SELECT id FROM cloud_pcs WHERE 0").starts_with("1: the statement gives no"));
    CHECK(targets_of("SELECT 'a' UNION ALL SELECT NULL").starts_with("1: row 2: the first column"));
    CHECK(targets_of("SELECT 17").starts_with("1: row 1: the first column"));
    CHECK(targets_of("DELETE FROM cloud_pcs RETURNING id").starts_with("1: this statement is"));
    CHECK(targets_of("SELEC").starts_with("1: near"));
    const auto many = [](std::size_t count) {
        return fmt::format(
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {}) "
            "SELECT 'x' FROM c",
            count);
    };
    CHECK(targets_of(many(targets_max)) == "10000");
    CHECK(targets_of(many(targets_max + 1)) == "1: the statement gives more than 10000 targets");
}
