#include "daemon/ctl/waiting.hpp"

#include "daemon/ctl/answer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace cloudpcd::ctl {

namespace json = boost::json;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

/// People watch the first seconds.
constexpr milliseconds first_interval = 200ms;
constexpr milliseconds first_while = 10s;
constexpr milliseconds interval = 1s;
/// Of so many jobs that looking is work.
constexpr milliseconds interval_of_many = 5s;
constexpr std::size_t many = 1000;
/// A daemon that is restarted comes back within.
constexpr milliseconds absence_max = 30s;

milliseconds next_interval(milliseconds waited, std::size_t jobs) noexcept
{
    if (jobs > many)
        return interval_of_many;
    return waited < first_while ? first_interval : interval;
}

bool is_there(const json::object& job, Until until)
{
    const auto state = jobs::parse_state(text_of(job, "state"));
    if (!state)
        return true;  // of a newer version: nothing that this one could wait for
    if (until == Until::taken_in)
        return *state != jobs::State::submitted;
    return *state == jobs::State::in_doubt || jobs::has_ended(*state);
}

bool is_same(const json::object& one, const json::object& other)
{
    return text_of(one, "state") == text_of(other, "state") &&
           text_of(one, "state_reason") == text_of(other, "state_reason");
}

class Wait {
public:
    Wait(JobSource& source, const WaitFor& wish,
         const std::function<void(const json::object& job)>& changed)
        : x_source{source},
          x_wish{wish},
          x_ids{wish.ids.begin(), wish.ids.end()},
          x_changed{changed}
    {}

    /// Whether all are there.
    bool look()
    {
        if (x_wish.batch) {
            for (auto& job : x_source.batch(*x_wish.batch)) {
                if (x_ids.empty() || x_ids.contains(number_of(job, "job_id")))
                    take(std::move(job));
            }
        } else {
            for (const auto id : x_wish.ids) {
                const auto known = x_seen.find(id);
                if (known == x_seen.end() || !is_there(known->second, x_wish.until))
                    take(x_source.show(id));
            }
        }
        return std::ranges::all_of(
            x_seen, [&](const auto& seen) { return is_there(seen.second, x_wish.until); });
    }
    Seen& seen() noexcept { return x_seen; }

private:
    void take(json::object job)
    {
        const auto id = number_of(job, "job_id");
        const auto known = x_seen.find(id);
        const bool same = known != x_seen.end() && is_same(known->second, job);
        const auto& kept = x_seen.insert_or_assign(id, std::move(job)).first->second;
        if (!same)
            x_changed(kept);
    }

    JobSource& x_source;
    const WaitFor& x_wish;
    std::set<jobs::JobId> x_ids;
    const std::function<void(const json::object& job)>& x_changed;
    Seen x_seen;
};

int severity(ExitStatus status) noexcept
{
    constexpr std::array order{ExitStatus::done, ExitStatus::waiting, ExitStatus::in_doubt,
                               ExitStatus::failed};
    return static_cast<int>(std::ranges::find(order, status) - order.begin());
}

}  // namespace

Pace Pace::real()
{
    return {.now = [] { return std::chrono::steady_clock::now(); },
            .pause =
                [](milliseconds time) {
                    boost::asio::io_context io;
                    boost::asio::steady_timer timer{io, time};
                    timer.wait();
                }};
}

Seen wait_for(JobSource& source, const WaitFor& wish, const Pace& pace,
              const std::function<void(const json::object& job)>& changed)
{
    const auto started = pace.now();
    auto last_answer = started;
    Wait wait{source, wish, changed};
    while (!wait.look()) {
        const auto now = pace.now();
        if (source.no_daemon().empty())
            last_answer = now;
        if (now - last_answer >= absence_max)
            throw Failure{ExitStatus::unavailable,
                          fmt::format("{}: nothing goes on", source.no_daemon())};
        const auto waited = std::chrono::duration_cast<milliseconds>(now - started);
        auto pause = next_interval(waited, wait.seen().size());
        if (wish.timeout) {
            if (waited >= *wish.timeout)
                break;
            pause = std::min(pause, *wish.timeout - waited);
        }
        pace.pause(pause);
    }
    return std::move(wait.seen());
}

ExitStatus outcome_of(const json::object& job)
{
    const auto state = jobs::parse_state(text_of(job, "state"));
    if (!state)
        return ExitStatus::waiting;
    switch (*state) {
        case jobs::State::succeeded:
        case jobs::State::checked:
            return ExitStatus::done;
        case jobs::State::in_doubt:
            return ExitStatus::in_doubt;
        case jobs::State::failed:
        case jobs::State::rejected:
        case jobs::State::cancelled:
        case jobs::State::expired:
            return ExitStatus::failed;
        case jobs::State::submitted:
        case jobs::State::awaiting_approval:
        case jobs::State::held:
        case jobs::State::queued:
        case jobs::State::sending:
        case jobs::State::accepted:
            break;
    }
    return ExitStatus::waiting;
}

ExitStatus outcome_of(const Seen& seen)
{
    auto worst = ExitStatus::done;
    for (const auto& [id, job] : seen) {
        const auto outcome = outcome_of(job);
        if (severity(outcome) > severity(worst))
            worst = outcome;
    }
    return worst;
}

}  // namespace cloudpcd::ctl
