#include "sync/mirror/deletes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_set>

namespace cloudpcd::mirror {

namespace {

DeletePlan plan_empty_list(MissingIds& missing)
{
    DeletePlan plan;
    if (missing.rule == schema::DeleteRule::get_by_id && missing.ids.size() <= brake_free_ids) {
        plan.confirm = std::move(missing.ids);
        plan.all_or_refused = true;
        plan.why = "the list is empty, and not every row is confirmed to be gone";
        return plan;
    }
    plan.refused = true;
    plan.why = fmt::format("the list is empty, the table has {} rows", missing.rows);
    return plan;
}

/// Moves out those that are accepted.
std::vector<std::string> take_accepted(MissingIds& missing)
{
    const auto others = std::ranges::partition(
        missing.ids, [&](const auto& id) { return !missing.accepted.contains(id); });
    std::vector<std::string> accepted{std::make_move_iterator(others.begin()),
                                      std::make_move_iterator(others.end())};
    missing.ids.erase(others.begin(), others.end());
    return accepted;
}

/// Of the rows that nobody has accepted to lose.
DeletePlan plan_unexpected(MissingIds& missing)
{
    if (missing.listed == 0)
        return plan_empty_list(missing);

    DeletePlan plan;
    if (auto why = brake(static_cast<std::int64_t>(missing.ids.size()), missing.rows,
                         missing.max_delete_fraction)) {
        plan.refused = true;
        plan.why = *std::move(why);
        return plan;
    }
    if (missing.rule == schema::DeleteRule::get_by_id &&
        (missing.rows <= confirmed_rows_max || missing.ids.size() <= confirmed_ids_max)) {
        plan.confirm = std::move(missing.ids);
        return plan;
    }
    const std::unordered_set<std::string> before{missing.before.begin(), missing.before.end()};
    for (auto& id : missing.ids)
        (before.contains(id) ? plan.erase : plan.remember).push_back(std::move(id));
    return plan;
}

}  // namespace

double max_delete_fraction(const config::Sync& settings, const schema::Collection& collection)
{
    const auto& configured = settings.resource(collection.table);
    if (configured.max_delete_fraction)
        return *configured.max_delete_fraction;
    return collection.max_delete_fraction > 0 ? collection.max_delete_fraction
                                              : settings.max_delete_fraction;
}

std::optional<std::string> brake(std::int64_t missing, std::int64_t rows,
                                 double max_delete_fraction)
{
    const double allowed = std::max(static_cast<double>(brake_free_ids),
                                    max_delete_fraction * static_cast<double>(rows));
    if (static_cast<double>(missing) <= allowed)
        return std::nullopt;
    return fmt::format("{} of {} rows are missing at once, more than {:.0f}", missing, rows,
                       std::floor(allowed));
}

DeletePlan plan_deletes(MissingIds missing)
{
    if (missing.ids.empty() || missing.rule == schema::DeleteRule::never ||
        missing.rule == schema::DeleteRule::told)
        return {};
    auto accepted = take_accepted(missing);
    auto plan = missing.ids.empty() ? DeletePlan{} : plan_unexpected(missing);
    // Nothing of a list that is refused is deleted, what was accepted included: the refusal of
    // this list names them all.
    if (!plan.refused)
        std::ranges::move(accepted, std::back_inserter(plan.erase));
    return plan;
}

}  // namespace cloudpcd::mirror
