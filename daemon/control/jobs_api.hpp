#pragma once
// Jobs over the control API: submitting, looking, and what people decide about them. The queue
// outlives engines; whoever runs it hears of changes by a kick.

#include "config/config.hpp"
#include "daemon/control/job_requests.hpp"
#include "daemon/control/router.hpp"
#include "daemon/control/user_names.hpp"
#include "daemon/ctl/queue_status.hpp"
#include "sync/core/clock.hpp"
#include "sync/jobs/freeze.hpp"
#include "sync/jobs/job.hpp"
#include "sync/store/store.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudpcd::daemon::control {

/// Jobs changed in one transaction: a bound on how long anybody else waits.
inline constexpr std::size_t jobs_in_transaction_max = 100;

class JobsApi {
public:
    /// `configuration` may change with the engine; clock and queue must outlive it.
    JobsApi(Clock& clock, store::Store& queue, const config::Config& configuration,
            jobs::Freeze freeze, FindUser find_user = find_unix_user);

    std::vector<Route> routes();

    /// Who is told of changes from now on.
    void attach(std::function<void()> kick) { x_kick = std::move(kick); }
    void detach() noexcept { x_kick = nullptr; }

    /// How the queue stands.
    boost::asio::awaitable<ctl::QueueStatus> status();

private:
    /// What came of one job.
    struct Acted {
        jobs::JobId job_id = 0;
        std::string_view outcome{};
        unsigned status = 200;  ///< of the answer about it alone
        std::string detail{};   ///< why it was not done; empty: it was
    };
    /// Runs on the store's thread, in a transaction.
    using Act = std::function<Acted(store::Database& queue, jobs::JobId job)>;

    boost::asio::awaitable<Reply> submit(Request request);
    boost::asio::awaitable<Reply> submit_one(Request request);
    boost::asio::awaitable<Reply> submit_many(Request request);
    boost::asio::awaitable<Reply> list(Request request);
    boost::asio::awaitable<Reply> show(Request request);
    boost::asio::awaitable<Reply> kinds(Request request);
    boost::asio::awaitable<Reply> kind(Request request);
    boost::asio::awaitable<Reply> cancel(Request request);
    boost::asio::awaitable<Reply> approve(Request request);
    boost::asio::awaitable<Reply> resolve(Request request);
    boost::asio::awaitable<Reply> freeze(Request request);
    boost::asio::awaitable<Reply> thaw(Request request);

    /// What is wrong with a wish whatever the tenant says, in words; adds to its notes.
    void judge(JobWish& wish, std::vector<std::string>& notes) const;
    std::vector<std::string> standing_notes() const;

    /// Does it to the job of the path, or to those that the body selects.
    boost::asio::awaitable<Reply> act(std::string_view deed, Request request, ActionWish wish,
                                      Act act);
    boost::asio::awaitable<std::vector<Acted>> act_on(std::vector<jobs::JobId> ids, Act act);
    boost::asio::awaitable<std::vector<jobs::JobId>> jobs_of_batch(std::string batch_id);
    void kick() const;

    Clock& x_clock;
    store::Store& x_queue;
    const config::Config& x_config;
    jobs::Freeze x_freeze;
    UserNames x_users;
    std::function<void()> x_kick;
};

}  // namespace cloudpcd::daemon::control
