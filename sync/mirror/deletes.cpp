#include "sync/mirror/deletes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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

}  // namespace cloudpcd::mirror
