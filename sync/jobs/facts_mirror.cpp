// Facts as the mirror has them.

#include "schema/catalog.hpp"
#include "sync/jobs/facts.hpp"
#include "sync/jobs/facts_build.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <utility>

namespace cloudpcd::jobs {

namespace bj = boost::json;

namespace {

std::optional<bj::object> parse_object(std::string_view raw)
{
    bj::error_code failed;
    auto value = bj::parse(raw, failed, {}, {.max_depth = 100});
    if (failed || !value.is_object())
        return std::nullopt;
    return std::move(value.get_object());
}

std::optional<bj::object> mirrored_object(store::Database& mirror, std::string_view table,
                                          const std::string& id)
{
    CLOUDPCD_ASSERT(schema::find_collection(table) != nullptr);
    const auto sql = fmt::format("SELECT raw FROM {} WHERE id = ?", table);
    auto row = mirror.prepared(sql);
    row.bind(1, id);
    return row.step() ? parse_object(row.text(0)) : std::nullopt;
}

/// Columns, since the whole objects of a thousand Cloud PCs would have to be parsed; what `expect`
/// names is left out, as nothing is judged by what may be old.
constexpr std::string_view cloud_pc_columns = "id, display_name, status, user_principal_name";

bj::object read_cloud_pc(const store::Statement& row)
{
    bj::object cloud_pc;
    const auto add = [&](std::string_view name, int column) {
        if (!row.is_null(column))
            cloud_pc[name] = row.text(column);
    };
    add("id", 0);
    add("displayName", 1);
    add("status", 2);
    add("userPrincipalName", 3);
    return cloud_pc;
}

CloudPcFact mirrored_cloud_pc(store::Database& mirror, const Plan& plan, const std::string& id)
{
    static const auto sql = fmt::format("SELECT {} FROM cloud_pcs WHERE id = ?", cloud_pc_columns);
    auto row = mirror.prepared(sql);
    row.bind(1, id);
    if (!row.step())
        return cloud_pc_fact(plan, id, nullptr);
    const auto found = read_cloud_pc(row);
    return cloud_pc_fact(plan, id, &found);
}

std::vector<CloudPcFact> cloud_pcs_of_policy(store::Database& mirror, const Plan& plan,
                                             const std::string& policy)
{
    static const auto sql = fmt::format(
        "SELECT {} FROM cloud_pcs WHERE provisioning_policy_id = ? ORDER BY id", cloud_pc_columns);
    std::vector<CloudPcFact> all;
    auto row = mirror.prepared(sql);
    row.bind(1, policy);
    while (row.step()) {
        const auto found = read_cloud_pc(row);
        all.push_back(cloud_pc_fact(plan, row.text(0), &found));
    }
    return all;
}

std::string user_of(const bj::object& cloud_pc)
{
    const auto* user = cloud_pc.if_contains("userPrincipalName");
    const auto* text = user == nullptr ? nullptr : user->if_string();
    return text == nullptr ? "" : std::string{*text};
}

/// Of the version that was the present one at `at`, and was superseded since.
std::optional<std::string> user_in_history(store::Database& mirror, const std::string& cloud_pc,
                                           const std::string& at)
{
    auto row = mirror.prepared(
        "SELECT raw FROM history WHERE resource = 'cloud_pcs' AND id = ?1 "
        "AND valid_from <= ?2 AND valid_to > ?2 ORDER BY from_seq DESC LIMIT 1");
    row.bind(1, cloud_pc).bind(2, at);
    if (!row.step())
        return std::nullopt;
    const auto object = parse_object(row.text(0));
    return object ? std::optional{user_of(*object)} : std::nullopt;
}

}  // namespace

Facts mirrored_facts(store::Database& mirror, const Plan& plan, const Job& job)
{
    Facts facts;
    const auto table = plan.action->target;
    const auto id = job.target_id.value_or("");
    if (!table.empty()) {
        facts.target = mirrored_object(mirror, table, id);
        if (!facts.target)
            facts.incomplete = fmt::format("the mirror has no row of {} with the id {}", table, id);
    }
    const auto reach = reach_of(plan, job, facts.target);
    switch (reach.by) {
        case Reach::By::nothing:
            break;
        case Reach::By::ids:
            for (const auto& cloud_pc : reach.ids)
                facts.cloud_pcs.push_back(mirrored_cloud_pc(mirror, plan, cloud_pc));
            break;
        case Reach::By::policy:
            facts.cloud_pcs = cloud_pcs_of_policy(mirror, plan, id);
            break;
        case Reach::By::unknown:
            if (!facts.incomplete)
                facts.incomplete = "the bulk action does not say which Cloud PCs it was given";
            break;
    }
    conclude_facts(facts, plan, job);
    return facts;
}

std::optional<std::string> user_at(store::Database& mirror, const std::string& cloud_pc, UtcTime at)
{
    const auto time = format_sql_time(at);
    {
        auto row = mirror.prepared(
            "SELECT coalesce(user_principal_name, '') FROM cloud_pcs "
            "WHERE id = ?1 AND _changed_at <= ?2");
        row.bind(1, cloud_pc).bind(2, time);
        if (row.step())
            return row.string(0);
    }
    return user_in_history(mirror, cloud_pc, time);
}

}  // namespace cloudpcd::jobs
