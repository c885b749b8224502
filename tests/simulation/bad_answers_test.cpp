// A list that did not prove itself complete deletes nothing, whatever was wrong with it.

#include "tests/simulation/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

using namespace cloudpcd::simulation;
using graphsim::Effect;
using graphsim::Fault;
namespace faults = graphsim::faults;

namespace {

constexpr std::string_view list_of_cloud_pcs = "cloudPCs?";

struct BadAnswer {
    std::string name;
    Fault fault;
    std::string outcome = "incomplete";
};

Fault on_list(Effect effect, std::string text = "")
{
    return faults::effect(std::string{list_of_cloud_pcs}, effect, std::move(text));
}

std::vector<BadAnswer> bad_answers()
{
    const auto list = std::string{list_of_cloud_pcs};
    std::vector<BadAnswer> all{
        {"nextLink to another host",
         on_list(Effect::next_link,
                 "https://graph.microsoft.com.example.org/beta/deviceManagement/virtualEndpoint/"
                 "cloudPCs?$skiptoken=1")},
        {"nextLink to another scheme", on_list(Effect::next_link,
                                               "http://graph.microsoft.com/beta/deviceManagement/"
                                               "virtualEndpoint/cloudPCs?$skiptoken=1")},
        {"relative nextLink", on_list(Effect::next_link, "/beta/cloudPCs?$skiptoken=1")},
        {"nextLink to another collection",
         on_list(Effect::next_link,
                 "https://graph.microsoft.com/beta/deviceManagement/virtualEndpoint/userSettings")},
        {"nextLink to the page itself", on_list(Effect::next_link_self)},
        {"nextLink in a circle", on_list(Effect::next_link_loop)},
        {"pages without objects for ever", on_list(Effect::empty_page)},
        {"truncated body", on_list(Effect::truncate_body)},
        {"reset within the body", on_list(Effect::reset_mid_body)},
        {"reset before the response", on_list(Effect::reset_before_response)},
        {"no last chunk", on_list(Effect::close_without_last_chunk)},
        {"silence", on_list(Effect::hang)},
        {"a byte a second", on_list(Effect::drip)},
        {"web page", on_list(Effect::html_page)},
        {"empty body", on_list(Effect::empty_body)},
        {"no content", on_list(Effect::no_content)},
        {"redirect", on_list(Effect::redirect, "https://login.example.org/")},
        {"malformed JSON", on_list(Effect::malformed_json)},
        {"value missing", on_list(Effect::value_missing)},
        {"value null", on_list(Effect::value_null)},
        {"value an object", on_list(Effect::value_object)},
        {"value a string", on_list(Effect::value_string)},
        {"another collection's context",
         on_list(Effect::wrong_context,
                 "https://graph.microsoft.com/beta/$metadata#deviceManagement/virtualEndpoint/"
                 "userSettings")},
        {"an object without id", on_list(Effect::insert_item, R"({"displayName":"who?"})")},
        {"end after one page", on_list(Effect::empty_value), "refused"},
        {"server error", faults::status(list, 500)},
        {"forbidden half way", faults::status(list, 403)},
        {"bad request half way", faults::status(list, 400)},
        {"not found half way", faults::status(list, 404)},
        {"gone again and again", faults::gone(list, "resyncRequired")},
    };
    for (auto& answer : all) {
        answer.fault.nth = 2;
        answer.fault.times = 0;
    }
    return all;
}

/// After the second page's fault: nothing is lost, nobody else is hurt, and it can be seen.
void check_harmless(World& world, const BadAnswer& answer, const std::set<std::string>& before,
                    const std::string& complete_at)
{
    const auto now = world.ids("cloud_pcs");
    CHECK(std::ranges::includes(now, before));
    CHECK(world.last_outcome("cloud_pcs") == answer.outcome);
    CHECK(world.number("SELECT count(*) FROM sync_runs WHERE run_id > (SELECT max(run_id) "
                       "FROM sync_runs) - 9 AND outcome <> 'complete'") == 1);
    CHECK(world.value("SELECT last_complete_at FROM freshness WHERE resource = 'cloud_pcs'") ==
          complete_at);
    CHECK(world.number("SELECT consecutive_failures FROM freshness WHERE resource = "
                       "'cloud_pcs'") == 1);
    CHECK(world.value("SELECT last_error FROM freshness WHERE resource = 'cloud_pcs'") != "-");
    CHECK(world.number("SELECT count(*) FROM freshness WHERE last_error IS NOT NULL") == 1);
    CHECK(world.broken_invariants() == "");
}

}  // namespace

TEST_CASE("simulation: bad answers delete nothing, hurt no other table, and show in freshness")
{
    WorldOptions options;
    options.leave_out_catalog_data();
    World world{Seed{20}, options};
    REQUIRE(world.sync_once() == 0);
    for (const auto& answer : bad_answers()) {
        CAPTURE(answer.name);
        const auto before = world.ids("cloud_pcs");
        const auto complete_at =
            world.value("SELECT last_complete_at FROM freshness WHERE resource = 'cloud_pcs'");
        world.wait(std::chrono::hours{1});
        world.tenant().churn(
            {.modified = 0.2, .removed = 0.06, .added = 0.06, .sets = {"cloudPCs"}});
        world.faults().add(answer.fault);

        CHECK(world.sync_once() == 1);

        check_harmless(world, answer, before, complete_at);
        world.faults().clear();
        world.wait(std::chrono::hours{1});
        CHECK(world.sync_once() == 0);
        CHECK(world.differences(10) == "");
    }
    CHECK(world.problems() == "");
}

TEST_CASE("simulation: a list that was cut off shows changes of the pages that came, whole rows")
{
    World world{Seed{21}};
    REQUIRE(world.sync_once() == 0);
    const auto objects = world.tenant().objects("cloudPCs");
    const auto rename = [&](std::size_t position) {
        world.tenant().modify("cloudPCs", objects[position].id, R"({"displayName":"renamed"})");
    };
    rename(0);
    rename(30);
    world.faults().add(
        {.path_contains = "cloudPCs?", .nth = 2, .times = 0, .effect = Effect::malformed_json});

    CHECK(world.sync_once() == 1);

    CHECK(world.rows("SELECT id FROM cloud_pcs WHERE display_name = 'renamed'") ==
          Rows{objects[0].id});
    CHECK(world.number("SELECT updated FROM sync_runs WHERE resource = 'cloud_pcs' ORDER BY run_id "
                       "DESC LIMIT 1") == 1);
    CHECK(world.broken_invariants() == "");
}

TEST_CASE("simulation: a dead cursor half way restarts the list once")
{
    for (std::uint64_t at = 1; at <= 22; at += 2) {
        CAPTURE(at);
        WorldOptions options;
        options.leave_out_catalog_data();
        World world{Seed{22}, options};
        REQUIRE(world.sync_once() == 0);
        world.tenant().churn({.modified = 0.1, .removed = 0.05, .added = 0.05});
        world.network().at_request(world.network().sent() + at,
                                   [&world] { world.tenant().expire_cursors(); });

        CHECK(world.sync_once() == 0);

        CHECK(world.sync_until_quiet());
        CHECK(world.problems(10) == "");
    }
    World world{Seed{22}};
    REQUIRE(world.sync_once() == 0);
    auto gone = faults::gone("cloudPCs?", "resyncRequired");
    gone.nth = 3;
    world.faults().add(gone);
    CHECK(world.sync_once() == 0);
    // Two pages, one that is gone, four pages.
    CHECK(world.value("SELECT requests FROM sync_runs WHERE resource = 'cloud_pcs' "
                      "ORDER BY run_id DESC LIMIT 1") == "7");
}

TEST_CASE("simulation: a missing permission skips its table and no other")
{
    World world{Seed{23}};
    world.faults().add(faults::status("userSettings?", 403, "", 0));

    CHECK(world.sync_once() == 0);

    CHECK(world.last_outcome("user_settings") == "skipped");
    CHECK(world.number("SELECT count(*) FROM sync_runs WHERE outcome <> 'complete'") == 1);
    world.faults().clear();
    CHECK(world.sync_until_quiet());
    CHECK(world.problems(10) == "");
}

TEST_CASE("simulation: broken objects are put aside, the rest of the list counts")
{
    World world{Seed{24}};
    REQUIRE(world.sync_once() == 0);
    const auto before = world.ids("cloud_pcs");
    const auto gone = *before.begin();
    const auto broken = *std::next(before.begin());
    world.tenant().remove("cloudPCs", gone);
    // The same id first broken, then whole: a conflict, which a second reading does not settle.
    world.faults().add({.path_contains = "userSettings?",
                        .times = 0,
                        .effect = Effect::insert_item,
                        .text = R"({"id":"odd","a":1,"a":2})"});

    CHECK(world.sync_once() == 0);

    CHECK_FALSE(world.ids("cloud_pcs").contains(gone));
    CHECK(world.ids("cloud_pcs").contains(broken));
    CHECK(world.value("SELECT resource || ' ' || id || ' ' || reason FROM quarantine") ==
          "user_settings odd duplicate keys");
    CHECK(world.last_outcome("user_settings") == "complete");
    CHECK(world.problems(10) == "");
}
