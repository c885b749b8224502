#include "sync/graph/connect.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <deque>
#include <memory>
#include <optional>

namespace cloudpcd::graph {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// One lookup; shared with its handler, which may come long after everybody has gone.
struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor) : resolver{executor}, done{executor} {}

    tcp::resolver resolver;
    asio::steady_timer done;
    bool finished = false;
    boost::system::error_code error{};
    Endpoints endpoints{};
};

/// Keeps a queued lookup from running when nobody waits for it any more.
struct CancelLookup {
    Lookup& lookup;
    ~CancelLookup() { lookup.resolver.cancel(); }
};

/// Connection attempts to several addresses; shared with their handlers.
class Race : public std::enable_shared_from_this<Race> {
public:
    Race(const asio::any_io_executor& executor, Endpoints endpoints, Duration stagger)
        : x_endpoints{std::move(endpoints)},
          x_stagger{stagger},
          x_next_start{executor},
          x_done{executor}
    {}

    asio::awaitable<Result<tcp::socket>> run(Deadline deadline);
    /// Closes everything but a winner already taken.
    void stop() noexcept;

private:
    void start_next();
    void connected(std::size_t index, const boost::system::error_code& ec);

    Endpoints x_endpoints;
    Duration x_stagger;
    asio::steady_timer x_next_start;
    asio::steady_timer x_done;
    std::deque<tcp::socket> x_sockets;  ///< one per started attempt; a deque, so that they stay put
    std::size_t x_pending = 0;
    bool x_stopped = false;
    std::optional<std::size_t> x_winner;
    std::string x_failures;
};

struct StopRace {
    Race& race;
    ~StopRace() { race.stop(); }
};

asio::awaitable<Result<tcp::socket>> Race::run(Deadline deadline)
{
    start_next();
    x_done.expires_at(deadline.at);
    auto [ec] = co_await x_done.async_wait(as_result);
    if (x_winner)
        co_return std::move(x_sockets[*x_winner]);
    if (x_pending == 0 && x_sockets.size() == x_endpoints.size())
        co_return Error{.code = Errc::transient, .message = x_failures};
    if (ec)
        throw boost::system::system_error{ec};
    Error error = deadline.error();
    if (!x_failures.empty())
        error.message += "; before that: " + x_failures;
    co_return error;
}

void Race::stop() noexcept
{
    x_stopped = true;
    x_next_start.cancel();
    boost::system::error_code ignored;
    for (auto& socket : x_sockets)
        socket.close(ignored);
}

void Race::start_next()
{
    const std::size_t index = x_sockets.size();
    if (index == x_endpoints.size())
        return;
    ++x_pending;
    x_sockets.emplace_back(x_done.get_executor());
    // Opens the socket; a failure to do so comes through the handler as well.
    x_sockets[index].async_connect(x_endpoints[index], [self = shared_from_this(), index](
                                                           const boost::system::error_code& ec) {
        self->connected(index, ec);
    });
    if (index + 1 == x_endpoints.size())
        return;
    x_next_start.expires_after(x_stagger);
    x_next_start.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
        if (!ec && !self->x_stopped && !self->x_winner)
            self->start_next();
    });
}

void Race::connected(std::size_t index, const boost::system::error_code& ec)
{
    --x_pending;
    if (x_stopped || x_winner)
        return;
    if (!ec) {
        x_winner = index;
        x_done.cancel();
        return;
    }
    const auto address = x_endpoints[index].address().to_string();
    x_failures += fmt::format("{}{}: {}", x_failures.empty() ? "" : ", ", address, ec.message());
    start_next();
    if (x_pending == 0)
        x_done.cancel();
}

}  // namespace

asio::awaitable<Result<Endpoints>> resolve(asio::any_io_executor executor, std::string host,
                                           std::uint16_t port, Deadline deadline)
{
    boost::system::error_code not_literal;
    const auto literal = asio::ip::make_address(host, not_literal);
    if (!not_literal)
        co_return Endpoints{tcp::endpoint{literal, port}};

    const auto lookup = std::make_shared<Lookup>(executor);
    const CancelLookup cancel{*lookup};
    lookup->resolver.async_resolve(
        host, std::to_string(port), tcp::resolver::numeric_service,
        [lookup](const boost::system::error_code& ec, const tcp::resolver::results_type& results) {
            lookup->finished = true;
            lookup->error = ec;
            for (const auto& entry : results)
                lookup->endpoints.push_back(entry.endpoint());
            lookup->done.cancel();
        });
    lookup->done.expires_at(deadline.at);
    auto [ec] = co_await lookup->done.async_wait(as_result);
    if (!lookup->finished) {
        if (ec)
            throw boost::system::system_error{ec};
        co_return deadline.error();
    }
    if (lookup->error)
        co_return Error{.code = Errc::transient,
                        .message = "name lookup failed: " + lookup->error.message()};
    co_return interleave_families(lookup->endpoints);
}

Endpoints interleave_families(const Endpoints& endpoints)
{
    Endpoints first;
    Endpoints second;
    for (const auto& endpoint : endpoints) {
        const bool same = endpoint.protocol() == endpoints.front().protocol();
        (same ? first : second).push_back(endpoint);
    }
    Endpoints mixed;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size())
            mixed.push_back(first[i]);
        if (i < second.size())
            mixed.push_back(second[i]);
    }
    mixed.resize(std::min(mixed.size(), addresses_max));
    return mixed;
}

asio::awaitable<Result<tcp::socket>> connect_any(asio::any_io_executor executor,
                                                 Endpoints endpoints, Duration stagger,
                                                 Deadline deadline)
{
    if (endpoints.empty())
        co_return Error{.code = Errc::transient, .message = "name has no address"};
    const auto race = std::make_shared<Race>(executor, std::move(endpoints), stagger);
    const StopRace stop{*race};
    co_return co_await race->run(deadline);
}

}  // namespace cloudpcd::graph
