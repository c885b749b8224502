#pragma once
// What refused runs held back. An operator looks at the rows, and accepts the run by its number:
// then those of them that are missing again are deleted, and no others beyond the brake.
//
// One row per id and row of runs in which it was missing, so that a table that is refused every
// minute writes nothing while it stays as it is. Store executor only.

#include "sync/mirror/table.hpp"
#include "sync/store/database.hpp"

#include <string>
#include <string_view>
#include <unordered_set>

namespace cloudpcd::mirror {

/// Notes the ids that `run` held back, before the run's own row; same transaction. `ids_sql` is a
/// query of them, whose one parameter is the run. `runs_of`: the resource whose rows of sync_runs
/// count (of group members: the groups).
void note_refused_deletes(store::Database& database, std::string_view resource,
                          std::string_view runs_of, RunId run, const std::string& ids_sql);

/// After a complete run nothing is held back any more; same transaction.
void settle_refused_deletes(store::Database& database, std::string_view resource,
                            std::string_view runs_of);

/// Whether a run of the resource was refused, so that it can be accepted.
bool is_refused_run(store::Database& database, std::string_view resource, RunId run);

/// What that run held back.
std::unordered_set<std::string> refused_deletes(store::Database& database,
                                                std::string_view resource, RunId run);

/// For a WHERE: that `id` (an SQL expression) was held back by the run of parameter `?run`.
std::string held_back_sql(std::string_view resource, std::string_view id, int run_parameter);

/// Forgets those whose runs are forgotten, at most `rows_max`. Gives the number of rows.
std::int64_t forget_refused_deletes(store::Database& database, std::int64_t rows_max);

}  // namespace cloudpcd::mirror
