#pragma once
// Where pulls are asked for that the schedule would not make now. The loop of a table serves them
// one after the other, so that no table is pulled twice at once; who asked may wait for the end.

#include "sync/core/clock.hpp"
#include "sync/mirror/puller.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace cloudpcd::daemon {

/// Of one table, those alike being one.
inline constexpr std::size_t tickets_waiting_max = 8;

/// One pull that was asked for, shared by those who wait for it and the loop that serves it.
class PullTicket {
public:
    PullTicket(const boost::asio::any_io_executor& executor, const mirror::PullOrder& order)
        : x_order{order}, x_ended{executor, boost::asio::steady_timer::time_point::max()}
    {}

    const mirror::PullOrder& order() const noexcept { return x_order; }

    /// Gives: the run that served it; nothing when the engine ended before
    boost::asio::awaitable<std::optional<mirror::RunSummary>> run();

private:
    friend class PullQueue;
    void end(std::optional<mirror::RunSummary> run);

    mirror::PullOrder x_order;
    boost::asio::steady_timer x_ended;
    std::optional<mirror::RunSummary> x_run;
    bool x_over = false;
};

/// The tickets of one table. Destroying it ends those that are left, without a run.
class PullQueue {
public:
    explicit PullQueue(const boost::asio::any_io_executor& executor);
    ~PullQueue();
    PullQueue(const PullQueue&) = delete;
    PullQueue& operator=(const PullQueue&) = delete;

    /// Gives: the new ticket, or one alike that waits already; null when too many wait
    std::shared_ptr<PullTicket> add(const mirror::PullOrder& order);

    // The loop's side.
    /// Waits until `time`, or until there is a ticket.
    boost::asio::awaitable<void> wait_until(Clock& clock, SteadyTime time);
    /// The next pull: what a ticket says, which finish() ends then, or what the schedule wants.
    mirror::PullOrder begin();
    void finish(const mirror::RunSummary& run);

private:
    boost::asio::steady_timer x_arrived;
    std::deque<std::shared_ptr<PullTicket>> x_waiting;
    std::shared_ptr<PullTicket> x_served;
};

/// A queue for each table that is read.
class PullDesk {
public:
    PullDesk(const boost::asio::any_io_executor& executor,
             const std::vector<const mirror::Table*>& included);

    /// Null when the table is not read.
    PullQueue* find(std::string_view table) noexcept;
    std::vector<std::string_view> tables() const;

private:
    std::map<std::string_view, PullQueue> x_queues;
};

}  // namespace cloudpcd::daemon
