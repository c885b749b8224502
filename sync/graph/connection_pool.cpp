#include "sync/graph/connection_pool.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace cloudpcd::graph {

namespace asio = boost::asio;

struct ConnectionPool::Waiter {
    explicit Waiter(const asio::any_io_executor& executor) : timer{executor} {}

    asio::steady_timer timer;
    bool granted = false;
};

ConnectionPool::Lease::Lease(std::shared_ptr<ConnectionPool> pool, std::string key)
    : x_pool{std::move(pool)}, x_key{std::move(key)}
{}

ConnectionPool::Lease::~Lease()
{
    if (x_pool)  // null after a move
        x_pool->release(x_key);
}

std::shared_ptr<Connection> ConnectionPool::Lease::take_idle()
{
    auto& idle = x_pool->x_origins[x_key].idle;
    while (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        if (x_pool->usable(*connection) && connection->quiet())
            return connection;
    }
    return nullptr;
}

void ConnectionPool::Lease::make_room()
{
    auto& origin = x_pool->x_origins[x_key];
    while (!origin.idle.empty() &&
           origin.in_use + origin.idle.size() > x_pool->x_limits.connections_per_origin_max)
        origin.idle.erase(origin.idle.begin());
}

void ConnectionPool::Lease::keep(std::shared_ptr<Connection> connection)
{
    connection->idle_since = std::chrono::steady_clock::now();
    x_pool->x_origins[x_key].idle.push_back(std::move(connection));
}

ConnectionPool::ConnectionPool(asio::any_io_executor executor, PoolLimits limits)
    : x_executor{std::move(executor)}, x_limits{limits}
{
    CLOUDPCD_ASSERT(limits.connections_per_origin_max > 0);
}

asio::awaitable<Result<ConnectionPool::Lease>> ConnectionPool::acquire(Origin origin,
                                                                       Deadline deadline)
{
    drop_stale();
    const std::string key = origin.to_string();
    auto& slots = x_origins[key];  // map nodes stay where they are, and none is ever erased
    if (slots.in_use < x_limits.connections_per_origin_max && slots.waiting.empty()) {
        ++slots.in_use;
        co_return Lease{shared_from_this(), key};
    }
    if (slots.waiting.size() == pool_waiting_max)
        co_return Error{.code = Errc::transient,
                        .message = "too many requests wait for a connection"};

    const auto waiter = std::make_shared<Waiter>(x_executor);
    slots.waiting.push_back(waiter);
    waiter->timer.expires_at(deadline.at);
    auto [ec] = co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (waiter->granted)
        co_return Lease{shared_from_this(), key};
    std::erase(slots.waiting, waiter);
    if (ec)
        throw boost::system::system_error{ec};
    Error error = deadline.error();
    error.message += ", waiting for a connection";
    co_return error;
}

std::size_t ConnectionPool::idle() const noexcept
{
    std::size_t count = 0;
    for (const auto& [key, origin] : x_origins)
        count += origin.idle.size();
    return count;
}

void ConnectionPool::close_idle() noexcept
{
    for (auto& [key, origin] : x_origins)
        origin.idle.clear();
}

void ConnectionPool::release(const std::string& key) noexcept
{
    auto& origin = x_origins.find(key)->second;
    if (origin.waiting.empty()) {
        --origin.in_use;
        return;
    }
    // The slot goes from hand to hand: nobody who comes later gets in between.
    const auto waiter = std::move(origin.waiting.front());
    origin.waiting.pop_front();
    waiter->granted = true;
    waiter->timer.cancel();
}

void ConnectionPool::drop_stale()
{
    for (auto& [key, origin] : x_origins)
        std::erase_if(origin.idle, [&](const auto& connection) { return !usable(*connection); });
}

bool ConnectionPool::usable(const Connection& connection) const
{
    const auto now = std::chrono::steady_clock::now();
    return now - connection.idle_since < x_limits.idle_max &&
           now - connection.opened() < x_limits.age_max;
}

}  // namespace cloudpcd::graph
