// What a job is about, as its params say.

#include "sync/jobs/scope.hpp"

#include "tests/unit/jobs/kinds.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace std::chrono_literals;

namespace {

std::optional<std::string> key(std::string_view name, std::string_view params = "")
{
    return duplicate_key(kind(name), read(name, params));
}

boost::json::object object(std::string_view text)
{
    return boost::json::parse(text).as_object();
}

constexpr std::string_view a = "aaaaaaaa-0000-4000-8000-000000000001";
constexpr std::string_view b = "bbbbbbbb-0000-4000-8000-000000000002";

}  // namespace

TEST_CASE("scope: the objects that params list")
{
    const auto ids = fmt::format(R"({{"cloudPcIds":["{}","{}"]}})", some_id, other_id);
    CHECK(listed_ids(kind("cloud_pc.bulk_restart"), read("cloud_pc.bulk_restart", ids)) ==
          std::vector<std::string>{std::string{some_id}, std::string{other_id}});
    CHECK(
        listed_ids(kind("cloud_app.reset"),
                   read("cloud_app.reset", fmt::format(R"({{"cloudAppIds":["{}"]}})", other_id))) ==
        std::vector<std::string>{std::string{other_id}});
    CHECK(listed_ids(kind("bulk_action.retry"), {}).empty());
    CHECK(listed_ids(kind("cloud_pc.reboot"), {}).empty());
}

TEST_CASE("scope: a wiped machine is wiped, whatever the params")
{
    CHECK(key("cloud_pc.reprovision") ==
          key("cloud_pc.reprovision", R"({"osVersion":"windows11"})"));
    CHECK(key("cloud_pc.reprovision") ==
          key("cloud_pc.bulk_reprovision", kind("cloud_pc.bulk_reprovision").example));
    CHECK(key("cloud_pc.reprovision") != key("cloud_pc.end_grace_period"));
}

TEST_CASE("scope: other destructive verbs are duplicates with the same params, single or bulk")
{
    const auto resize = [](std::string_view plan) {
        return fmt::format(R"({{"targetServicePlanId":"{}"}})", plan);
    };
    CHECK(key("cloud_pc.resize", resize(a)) == key("cloud_pc.resize", resize(a)));
    CHECK(key("cloud_pc.resize", resize(a)) ==
          key("cloud_pc.resize", resize("AAAAAAAA-0000-4000-8000-000000000001")));
    CHECK(key("cloud_pc.resize", resize(a)) != key("cloud_pc.resize", resize(b)));
    CHECK(key("cloud_pc.resize", resize(a)) ==
          key("cloud_pc.bulk_resize",
              fmt::format(R"({{"cloudPcIds":["{}"],"targetServicePlanId":"{}","displayName":"n",)"
                          R"("scheduledDuringMaintenanceWindow":true}})",
                          some_id, a)));
}

TEST_CASE("scope: duplicates of the harmless and of policy jobs are not looked for")
{
    CHECK_FALSE(key("cloud_pc.reboot"));
    CHECK_FALSE(key("provisioning_policy.delete"));
    CHECK_FALSE(key("provisioning_policy.assign", R"({"assignments":[]})"));
    CHECK_FALSE(key("bulk_action.retry"));
}

TEST_CASE("scope: what waits for the maintenance window has longer")
{
    const auto deadline = [](std::string_view window) {
        const auto& restart = kind("cloud_pc.bulk_restart");
        return ending_deadline(
            restart, read(restart.kind, fmt::format(R"({{"cloudPcIds":["{}"],)"
                                                    R"("scheduledDuringMaintenanceWindow":{}}})",
                                                    some_id, window)));
    };
    CHECK(deadline("false") == 24h);
    CHECK(deadline("true") == 24h * 8);
    CHECK(ending_deadline(kind("cloud_pc.reboot"), {}) == 2h);
}

TEST_CASE("scope: an assign removes the groups that it does not name")
{
    const auto policy =
        object(fmt::format(R"({{"assignments":[{{"id":"x","target":{{"groupId":"{}"}}}},)"
                           R"({{"id":"y","target":{{"groupId":"{}","servicePlanId":"{}"}}}}]}})",
                           a, b, some_id));
    const auto removed = [&](std::string_view assignments) {
        return removed_groups(object(fmt::format(R"({{"assignments":{}}})", assignments)), policy);
    };
    const auto first = fmt::format(R"({{"target":{{"groupId":"{}"}}}})", a);
    const auto second =
        fmt::format(R"({{"target":{{"groupId":"{}","servicePlanId":"{}"}}}})", b, some_id);
    const auto third = fmt::format(R"({{"target":{{"groupId":"{}"}}}})", other_id);
    using Groups = std::vector<std::string>;
    CHECK(removed("[]") == Groups{std::string{a}, std::string{b}});
    CHECK(removed(fmt::format("[{},{}]", second, first)) == Groups{});
    CHECK(removed(fmt::format("[{},{},{}]", first, second, third)) == Groups{});
    CHECK(removed(fmt::format("[{}]", first)) == Groups{std::string{b}});
    CHECK(removed(fmt::format("[{}]", third)) == Groups{std::string{a}, std::string{b}});
    CHECK(removed(fmt::format(R"([{{"target":{{"groupId":"{}"}}}},{}])",
                              "AAAAAAAA-0000-4000-8000-000000000001", second)) == Groups{});
    // Another service plan for the same group takes the machines of the old one away.
    CHECK(removed(fmt::format(R"([{},{{"target":{{"groupId":"{}"}}}}])", first, b)) ==
          Groups{std::string{b}});
    // A target that we do not understand cannot be named.
    CHECK(removed_groups(object(R"({"assignments":[]})"), object(R"({"assignments":[{}]})")) ==
          Groups{""});
}

TEST_CASE("scope: a policy that does not say its assignments says nothing")
{
    CHECK_FALSE(removed_groups(object(R"({"assignments":[]})"), object("{}")));
    CHECK_FALSE(removed_groups(object(R"({"assignments":[]})"), object(R"({"assignments":null})")));
    CHECK(removed_groups(object(R"({"assignments":[]})"), object(R"({"assignments":[]})")) ==
          std::vector<std::string>{});
}
