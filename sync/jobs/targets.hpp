#pragma once
// The objects that jobs touch. Of one object one job is active at most: its row is open.

#include "sync/jobs/job.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

struct Target {
    std::string resource{};  ///< table of the mirror: "cloud_pcs"
    std::string id{};
    bool operator==(const Target&) const = default;
};

/// A job that holds an object.
struct Holder {
    JobId job_id = 0;
    Target target{};
};

/// Writes the objects that an unsent job touches, in place of those written before. With `open`
/// they are the job's until it ends or close_targets(); then another holder is an exception, so
/// ask holders() first, in the same transaction.
void set_targets(store::Database& database, JobId job, std::span<const Target> targets, bool open);

/// Lets go of the objects of an unsent job. A job that ends does so by itself; one that may have
/// been sent keeps them.
void close_targets(store::Database& database, JobId job);

std::vector<Target> targets_of(store::Database& database, JobId job);

/// Who holds any of `targets`, other than `job`: at most one per object.
std::vector<Holder> holders(store::Database& database, JobId job, std::span<const Target> targets);

/// Unsent jobs held as target_busy that wait for an object of `job`, in the order in which they go.
std::vector<JobId> waiting_for(store::Database& database, JobId job, int max);

/// The job that makes `job` a duplicate: same duplicate_key, on one of `targets`, not a dry run,
/// and either succeeded since `since`, or open and submitted before it or already on its way.
std::optional<JobId> find_duplicate(store::Database& database, JobId job,
                                    std::string_view duplicate_key, std::span<const Target> targets,
                                    UtcTime since);

}  // namespace cloudpcd::jobs
