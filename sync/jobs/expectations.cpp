#include "sync/jobs/expectations.hpp"

#include "schema/catalog.hpp"
#include "sync/graph/ascii.hpp"
#include "sync/jobs/facts_build.hpp"
#include "sync/jobs/parameters.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace cloudpcd::jobs {

namespace bj = boost::json;

namespace {

constexpr std::size_t shown_value_max = 120;
constexpr std::string_view user = "userPrincipalName";

/// Cut between characters.
std::string shown(const bj::value& value)
{
    auto text = bj::serialize(value);
    if (text.size() <= shown_value_max)
        return text;
    auto end = shown_value_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    return text.substr(0, end) + "…";
}

std::optional<double> number(const bj::value& value)
{
    if (const auto* whole = value.if_int64())
        return static_cast<double>(*whole);
    if (const auto* whole = value.if_uint64())
        return static_cast<double>(*whole);
    const auto* fraction = value.if_double();
    return fraction == nullptr ? std::nullopt : std::optional{*fraction};
}

std::optional<UtcTime> time(std::string_view text)
{
    const auto at = parse_graph_time(text);
    return at ? at : parse_sql_time(text);
}

bool same_text(std::string_view left, std::string_view right, schema::ColumnType type)
{
    if (left == right)
        return true;
    if (type == schema::ColumnType::text_nocase || (is_guid(left) && is_guid(right)))
        return graph::ascii_iequals(left, right);
    if (type != schema::ColumnType::timestamp)
        return false;
    const auto at = time(left);
    return at && at == time(right);
}

bool same_value(const bj::value& left, const bj::value& right, schema::ColumnType type)
{
    if (left.is_string() && right.is_string())
        return same_text(left.get_string(), right.get_string(), type);
    if (const auto one = number(left))
        return one == number(right);
    return left == right;
}

schema::ColumnType type_of_column(std::string_view table, std::string_view property)
{
    const auto* collection = schema::find_collection(table);
    if (collection == nullptr)
        return schema::ColumnType::text;
    const auto found = std::ranges::find(collection->columns, property, &schema::Column::property);
    return found == collection->columns.end() ? schema::ColumnType::text : found->type;
}

/// `CPC-1 (662009bc-…)`
std::string name_of(const bj::object& object, std::string_view id)
{
    const auto* name = object.if_contains("displayName");
    if (name == nullptr || !name->is_string())
        return std::string{id};
    return fmt::format("{} ({})", shown(*name), id);
}

void compare(const bj::object& expect, std::string_view table, const bj::object& object,
             std::string_view id, std::vector<std::string>& broken)
{
    const bj::value none;
    for (const auto& member : expect) {
        const auto* there = member_at(object, member.key());
        const auto& value = there == nullptr ? none : *there;
        if (!same_value(value, member.value(), type_of_column(table, member.key())))
            broken.push_back(fmt::format("{} of {} is {}, expected was {}",
                                         std::string_view{member.key()}, name_of(object, id),
                                         shown(value), shown(member.value())));
    }
}

void compare_user(const CloudPcFact& cloud_pc, const std::string& expected,
                  std::vector<std::string>& broken)
{
    const auto* there = member_at(cloud_pc.properties, user);
    const auto* text = there == nullptr ? nullptr : there->if_string();
    const std::string_view now = text == nullptr ? std::string_view{} : std::string_view{*text};
    if (graph::ascii_iequals(now, expected))
        return;
    const auto name = [](std::string_view who) {
        return who.empty() ? std::string{"nobody"} : shown(bj::value(who));
    };
    broken.push_back(fmt::format("{} of {} is {}, was {} when the job was submitted", user,
                                 name_of(cloud_pc.properties, cloud_pc.id), name(now),
                                 name(expected)));
}

}  // namespace

void expect_user(store::Database& database, JobId job, std::string_view cloud_pc,
                 std::string_view user_principal_name)
{
    auto row = database.prepared(
        "INSERT INTO job_expectations (job_id, cloud_pc_id, user_principal_name) VALUES (?, ?, ?)");
    row.bind(1, job).bind(2, cloud_pc).bind(3, user_principal_name).run();
}

ExpectedUsers expected_users(store::Database& database, JobId job)
{
    ExpectedUsers users;
    auto row = database.prepared(
        "SELECT cloud_pc_id, user_principal_name FROM job_expectations WHERE job_id = ?");
    row.bind(1, job);
    while (row.step())
        users.emplace(row.string(0), row.string(1));
    return users;
}

std::vector<std::string> broken_expectations(const Plan& plan, const Facts& facts,
                                             const ExpectedUsers& users)
{
    std::vector<std::string> broken;
    const auto target = plan.action->target;
    if (facts.target) {
        const auto* id = member_at(*facts.target, "id");
        const auto* text = id == nullptr ? nullptr : id->if_string();
        compare(plan.expect, target, *facts.target, text == nullptr ? "" : std::string_view{*text},
                broken);
    }
    for (const auto& cloud_pc : facts.cloud_pcs) {
        if (!cloud_pc.present)
            continue;
        if (target.empty())
            compare(plan.expect, plan.action->listed, cloud_pc.properties, cloud_pc.id, broken);
        if (const auto expected = users.find(cloud_pc.id); expected != users.end())
            compare_user(cloud_pc, expected->second, broken);
    }
    return broken;
}

}  // namespace cloudpcd::jobs
