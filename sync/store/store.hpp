#pragma once
// The hop to the thread that owns a database. Commands run one after the other, in the order in
// which they were given; each is awaited. A command is never cancelled: a commit happens or not.

#include "sync/store/database.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <thread>
#include <type_traits>

namespace cloudpcd::store {

/// The thread of one database. Destroying it lets the running command finish.
class StoreThread {
public:
    StoreThread();
    ~StoreThread();
    StoreThread(const StoreThread&) = delete;
    StoreThread& operator=(const StoreThread&) = delete;

    boost::asio::any_io_executor executor() noexcept { return x_context.get_executor(); }

private:
    boost::asio::io_context x_context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> x_work;
    std::thread x_thread;
};

/// A database and the executor it lives on: a StoreThread's, or in the simulation the one
/// executor of everything.
class Store {
public:
    Store(Database database, boost::asio::any_io_executor executor)
        : x_database{std::move(database)}, x_executor{std::move(executor)}
    {}

    /// Runs `command(Database&)` on the store's executor and gives its result; exceptions pass.
    template <class F, class R = std::invoke_result_t<F&, Database&>>
    boost::asio::awaitable<R> run(F command)
    {
        // An empty slot: cancelling across executors is unsafe in Asio 1.26, and never wanted here.
        auto token = boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot{},
                                                         boost::asio::use_awaitable);
        co_return co_await boost::asio::co_spawn(x_executor,
                                                 call<F, R>(x_database, std::move(command)), token);
    }

    /// See Database::stop_waiting: commands in the queue would each wait for a lock in turn.
    void stop_waiting() noexcept { x_database.stop_waiting(); }

    /// For set-up and tear-down, while no command can be running.
    Database& database() noexcept { return x_database; }

private:
    template <class F, class R>
    static boost::asio::awaitable<R> call(Database& database, F command)
    {
        co_return command(database);
    }

    Database x_database;
    boost::asio::any_io_executor x_executor;
};

}  // namespace cloudpcd::store
