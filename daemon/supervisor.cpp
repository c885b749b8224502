#include "daemon/supervisor.hpp"

#include "daemon/exit_status.hpp"
#include "daemon/process.hpp"
#include "sync/core/log.hpp"
#include "sync/mirror/mirror_database.hpp"

#include <SQLiteCpp/Exception.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <sqlite3.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <unistd.h>
#include <utility>

namespace cloudpcd::daemon {

namespace asio = boost::asio;

namespace {

std::unique_ptr<graph::HttpTransport> make_transport(const asio::any_io_executor& executor,
                                                     const config::Graph& settings)
{
    graph::HttpTransportOptions options;
    options.ca_file = settings.ca_file;
    if (settings.proxy) {
        auto proxy = graph::parse_origin(*settings.proxy);
        CLOUDPCD_ASSERT(proxy.has_value());  // it was checked with the configuration
        options.proxy = *std::move(proxy);
        options.proxy_credentials = settings.proxy_credentials;
        options.no_proxy = settings.no_proxy;
    }
    options.connections_per_origin_max = static_cast<std::size_t>(settings.concurrency);
    auto transport = graph::HttpTransport::create(executor, options);
    CLOUDPCD_ASSERT(transport.has_value());  // the CA file was read with the configuration
    return *std::move(transport);
}

/// What counts only after a restart stays as it is.
void keep_until_restart(const config::Config& current, config::Config& next)
{
    for (const auto& name : config::changes_for_restart(current, next))
        log::warning("a changed setting counts after a restart", {{"setting", name}});
    next.tenant = current.tenant;
    next.graph.endpoint = current.graph.endpoint;
    next.graph.authority = current.graph.authority;
    next.graph.ca_file = current.graph.ca_file;
    next.graph.proxy = current.graph.proxy;
    next.graph.proxy_credentials = current.graph.proxy_credentials;
    next.graph.no_proxy = current.graph.no_proxy;
    next.database.path = current.database.path;
    next.jobs.path = current.jobs.path;
    next.control.socket = current.control.socket;
    next.http = current.http;
}

/// What a task that was asked to end may end with: the request, or a statement cut short by it.
bool is_end(const std::exception_ptr& failure)
{
    try {
        if (failure)
            std::rethrow_exception(failure);
        return true;
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (const SQLite::Exception& error) {
        return error.getErrorCode() == SQLITE_INTERRUPT;
    } catch (...) {
        return false;
    }
}

}  // namespace

Supervisor::Supervisor(store::Database database, store::Database queue, SystemClock& clock,
                       config::Config configuration, const config::Environment& environment)
    : x_signals{x_io, SIGTERM, SIGINT, SIGHUP},
      x_thread{std::in_place},
      x_store{std::move(database), x_thread->executor()},
      x_jobs_thread{std::in_place},
      x_queue{std::move(queue), x_jobs_thread->executor()},
      x_mirror_reader{store::Database::open_reader(x_store.database().path()),
                      x_jobs_thread->executor()},
      x_clock{clock},
      x_boot_id{find_boot_id(environment, x_rng)},
      x_anchor{x_queue.database().path()},
      x_watch{x_io.get_executor(), x_queue, x_clock},
      x_config{std::move(configuration)},
      x_environment{environment},
      x_tables{mirror::make_tables()},
      x_throttle{clock, quota_of(x_config.graph)},
      x_transport{make_transport(x_io.get_executor(), x_config.graph)}
{}

Supervisor::~Supervisor()
{
    // Before the databases: a command may still be at work.
    x_jobs_thread.reset();
    x_thread.reset();
}

Engine::Parts Supervisor::parts()
{
    return {.executor = x_io.get_executor(),
            .transport = *x_transport,
            .throttle = x_throttle,
            .store = x_store,
            .clock = x_clock,
            .rng = x_rng,
            .tables = x_tables,
            .environment = x_environment,
            .jobs = Engine::JobsParts{.queue = x_queue,
                                      .mirror = x_mirror_reader,
                                      .anchor = x_anchor,
                                      .watch = &x_watch,
                                      .boot_id = x_boot_id}};
}

int Supervisor::run_once()
{
    return run_loop(once());
}

int Supervisor::run(const Load& load)
{
    return run_loop(serve(load));
}

int Supervisor::run_loop(asio::awaitable<int> work)
{
    std::exception_ptr failure;
    int status = exit_bug;
    asio::co_spawn(x_io, std::move(work), [&](std::exception_ptr thrown, int ended_with) {
        failure = std::move(thrown);
        status = ended_with;
        x_io.stop();
    });
    x_io.run();
    if (failure)
        std::rethrow_exception(failure);
    return status;
}

asio::awaitable<int> Supervisor::once()
{
    Engine engine{parts(), x_config};
    int status = exit_incomplete;
    auto work = [](Engine& of, int& ended_with) -> asio::awaitable<void> {
        ended_with = co_await of.run_once();
    };
    const auto wish = co_await run_until_wish(work(engine, status), nullptr);
    if (wish)
        fmt::print(stderr, "cloudpcd: interrupted; what was read completely is stored\n");
    co_return wish ? exit_incomplete : status;
}

asio::awaitable<int> Supervisor::serve(const Load& load)
{
    control::Api api{x_clock, x_store, x_queue, x_config};
    control::Server server{x_io.get_executor(), x_clock, x_config.control.socket,
                           control::Router{api.routes()}, roles()};
    server.start();
    std::exception_ptr failure;
    try {
        co_await follow_wishes(load, api, server);
    } catch (...) {
        failure = std::current_exception();
    }
    api.detach();
    co_await server.stop();
    if (failure)
        std::rethrow_exception(failure);
    log::info("cloudpcd ends");
    co_return exit_done;
}

/// One engine after the other, until somebody wishes the end.
asio::awaitable<void> Supervisor::follow_wishes(const Load& load, control::Api& api,
                                                control::Server& server)
{
    while (true) {
        Engine engine{parts(), x_config};
        api.attach(engine.desk(), engine.login(), [&engine] { engine.kick_jobs(); });
        const auto wish = co_await run_until_wish(engine.run(), &load);
        if (wish != Wish::reload)
            co_return;
        x_config = *std::exchange(x_next_config, std::nullopt);
        apply_log_settings(x_config.log);
        x_throttle.configure(quota_of(x_config.graph));
        server.set_roles(roles());
        log::info("the configuration was read again");
    }
}

control::Roles Supervisor::roles()
{
    return {x_config.control.roles, ::geteuid(), x_clock};
}

/// Runs `work` until it ends or somebody wishes otherwise. Gives the wish.
asio::awaitable<std::optional<Supervisor::Wish>> Supervisor::run_until_wish(
    asio::awaitable<void> work, const Load* load)
{
    const auto executor = x_io.get_executor();
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, std::move(work), asio::deferred),
        asio::co_spawn(executor, next_wish(load), asio::deferred));
    auto [order, work_failure, wish_failure, wish] =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (order[0] == 1 && wish_failure)
        std::rethrow_exception(wish_failure);
    if (order[0] == 0 || !is_end(work_failure)) {
        if (work_failure)
            std::rethrow_exception(work_failure);
        if (order[0] == 0)
            co_return std::nullopt;
    }
    co_return wish;
}

/// The next signal that asks for something. A configuration that is refused asks for nothing.
asio::awaitable<Supervisor::Wish> Supervisor::next_wish(const Load* load)
{
    while (true) {
        const int signal = co_await x_signals.async_wait(asio::use_awaitable);
        if (signal != SIGHUP) {
            // Whoever holds the lock of the queue must not hold up the end: a verdict that has to
            // be recorded is tried again for a while, the rest is for the next start.
            x_queue.stop_waiting();
            asio::co_spawn(x_io, interrupt_late(), asio::detached);
            co_return Wish::end;
        }
        if (load == nullptr)
            continue;
        if (auto next = (*load)()) {
            for (const auto& line : config::loosened_guards(x_config, *next))
                log::warning("a guard is loosened", {{"setting", line}});
            keep_until_restart(x_config, *next);
            x_next_config = std::move(next);
            co_return Wish::reload;
        }
        log::error("the configuration is refused; the one in use stays");
    }
}

asio::awaitable<void> Supervisor::interrupt_late()
{
    co_await x_clock.sleep_for(interrupt_after);
    sqlite3_interrupt(x_store.database().handle());
}

}  // namespace cloudpcd::daemon
