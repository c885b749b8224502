#include "daemon/ctl/queue_status.hpp"

#include <fmt/format.h>

namespace cloudpcd::ctl {

std::int64_t QueueStatus::count(jobs::State state) const noexcept
{
    std::int64_t jobs = 0;
    for (const auto& each : counts)
        jobs += each.state == state ? each.jobs : 0;
    return jobs;
}

QueueStatus read_queue_status(store::Database& queue, const jobs::Freeze& freeze)
{
    QueueStatus status{.counts = jobs::counts(queue), .frozen = freeze.is_on()};
    if (status.frozen)
        status.freeze_reason = freeze.reason();
    auto row =
        queue.prepared("SELECT count(*) FROM jobs WHERE state = 'held' AND held_by = 'restored'");
    row.step();
    status.restored = row.integer(0);
    return status;
}

std::string describe(const QueueStatus& status)
{
    std::string text;
    for (unsigned i = 0; i < jobs::state_count; ++i) {
        const auto state = static_cast<jobs::State>(i);
        if (const auto jobs = status.count(state); jobs > 0)
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", jobs, jobs::to_string(state));
    }
    return text.empty() ? "empty" : text;
}

}  // namespace cloudpcd::ctl
