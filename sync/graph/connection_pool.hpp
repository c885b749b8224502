#pragma once
// Which connections exist per origin: how many at once, which may be used again.
//
// Bounds are enforced whenever the pool is used, not by a timer: connections that idle while nobody
// asks for anything are closed by the next request, and their number has a bound.

#include "sync/core/error.hpp"
#include "sync/graph/connection.hpp"
#include "sync/graph/url.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cloudpcd::graph {

struct PoolLimits {
    std::size_t connections_per_origin_max;
    Duration idle_max;
    Duration age_max;
};

/// Requests that wait for a connection of one origin.
inline constexpr std::size_t pool_waiting_max = 1024;

class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
public:
    /// The right to one connection of an origin, given back by the destructor.
    class Lease {
    public:
        Lease(std::shared_ptr<ConnectionPool> pool, std::string key);
        ~Lease();
        Lease(Lease&& other) noexcept = default;
        Lease& operator=(Lease&&) = delete;

        /// The kept connection used last, if it is young enough and quiet; null otherwise.
        std::shared_ptr<Connection> take_idle();
        /// Closes a kept connection if a new one would pass the bound.
        void make_room();
        /// Keeps `connection` for another request.
        void keep(std::shared_ptr<Connection> connection);

    private:
        std::shared_ptr<ConnectionPool> x_pool;
        std::string x_key;
    };

    ConnectionPool(boost::asio::any_io_executor executor, PoolLimits limits);

    /// Waits, in order of arrival, until the origin has fewer connections than it may.
    ///
    /// Errors:     Errc::transient when `deadline` passes
    /// Exceptions: operation_aborted when cancelled
    boost::asio::awaitable<Result<Lease>> acquire(Origin origin, Deadline deadline);

    std::size_t idle() const noexcept;
    void close_idle() noexcept;

private:
    struct Waiter;
    struct PerOrigin {
        std::vector<std::shared_ptr<Connection>> idle;  ///< the one used last at the end
        std::size_t in_use = 0;
        std::deque<std::shared_ptr<Waiter>> waiting;
    };
    void release(const std::string& key) noexcept;
    void drop_stale();
    bool usable(const Connection& connection) const;

    boost::asio::any_io_executor x_executor;
    PoolLimits x_limits;
    std::map<std::string, PerOrigin> x_origins;
};

}  // namespace cloudpcd::graph
