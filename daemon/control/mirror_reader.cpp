#include "daemon/control/mirror_reader.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cloudpcd::daemon::control {

namespace asio = boost::asio;

namespace {

asio::awaitable<ctl::MirrorStatus> read(std::filesystem::path mirror)
{
    auto database = ctl::Database::open(mirror);
    co_return ctl::read_status(database);
}

}  // namespace

asio::awaitable<ctl::MirrorStatus> MirrorReader::status()
{
    // An empty slot: cancelling across executors is unsafe in Asio 1.26.
    auto token = asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::use_awaitable);
    co_return co_await asio::co_spawn(x_thread.executor(), read(x_mirror), token);
}

}  // namespace cloudpcd::daemon::control
