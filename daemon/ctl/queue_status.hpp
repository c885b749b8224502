#pragma once
// How the queue stands: for `status`, from the daemon or from jobs.db itself.

#include "sync/jobs/freeze.hpp"
#include "sync/jobs/queue.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace cloudpcd::ctl {

struct QueueStatus {
    std::vector<jobs::Count> counts{};  ///< states that no job is in may be missing
    bool frozen = false;
    std::string freeze_reason{};  ///< may be empty
    std::int64_t restored = 0;    ///< held since the queue was restored: only a person lets go

    std::int64_t count(jobs::State state) const noexcept;
};

/// Works on any connection.
QueueStatus read_queue_status(store::Database& queue, const jobs::Freeze& freeze);

/// "3 held, 1 in_doubt"; "empty" when there is no job.
std::string describe(const QueueStatus& status);

}  // namespace cloudpcd::ctl
