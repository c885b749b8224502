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

DeletePlan plan_deletes(MissingIds missing)
{
    if (missing.ids.empty() || missing.rule == schema::DeleteRule::never)
        return {};
    if (missing.listed == 0)
        return plan_empty_list(missing);

    DeletePlan plan;
    const double allowed =
        std::max(static_cast<double>(brake_free_ids),
                 missing.max_delete_fraction * static_cast<double>(missing.rows));
    if (static_cast<double>(missing.ids.size()) > allowed) {
        plan.refused = true;
        plan.why = fmt::format("{} of {} rows are missing at once, more than {:.0f}",
                               missing.ids.size(), missing.rows, std::floor(allowed));
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
