#include "daemon/engine.hpp"

#include "daemon/credential.hpp"
#include "daemon/exit_status.hpp"
#include "sync/core/log.hpp"
#include "sync/core/task_group.hpp"
#include "sync/core/version.hpp"
#include "sync/jobs/retention.hpp"
#include "sync/mirror/records.hpp"
#include "sync/mirror/retention.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace cloudpcd::daemon {

namespace asio = boost::asio;

namespace {

constexpr Duration housekeeping_interval = std::chrono::hours{1};
/// Rows of sync_runs and quarantine are kept so long.
constexpr Duration records_kept = std::chrono::days{30};

/// An origin that the configuration was checked for.
graph::Origin origin_of(const std::string& text)
{
    auto origin = graph::parse_origin(text);
    CLOUDPCD_ASSERT(origin.has_value());
    return *std::move(origin);
}

graph::ClientOptions client_options(const config::Config& configuration)
{
    return {.origin = origin_of(configuration.graph.endpoint),
            .user_agent = fmt::format("cloudpcd/{}", version),
            .request_timeout = configuration.graph.request_timeout,
            .concurrency = static_cast<int>(configuration.graph.concurrency)};
}

graph::WriterOptions writer_options(const config::Config& configuration)
{
    return {.origin = origin_of(configuration.graph.endpoint),
            .user_agent = fmt::format("cloudpcd/{}", version),
            .request_timeout = configuration.graph.request_timeout};
}

CredentialParts credential_parts(const Engine::Parts& parts)
{
    return {.transport = parts.transport,
            .clock = parts.clock,
            .rng = parts.rng,
            .environment = parts.environment};
}

/// The permissions any one of which reads Cloud PCs; without them there is nothing to mirror.
bool may_read_cloud_pcs(const graph::AccessToken& token)
{
    const bool opaque = token.tenant_id.empty() && token.roles.empty();
    const auto* cloud_pcs = schema::find_collection("cloud_pcs");
    CLOUDPCD_ASSERT(cloud_pcs != nullptr);
    return opaque || std::ranges::any_of(cloud_pcs->permissions, [&](std::string_view permission) {
               return std::ranges::find(token.roles, permission) != token.roles.end();
           });
}

constexpr std::string_view roles_missing =
    "the token carries neither CloudPC.Read.All nor CloudPC.ReadWrite.All; give the application "
    "one of them and have an administrator consent";

void complain(std::string_view what, std::string_view why)
{
    fmt::print(stderr, "cloudpcd: {}: {}\n", what, log::escape(why));
}

}  // namespace

std::vector<const mirror::Table*> included_tables(const std::vector<mirror::Table>& tables,
                                                  const config::Sync& sync)
{
    std::vector<const mirror::Table*> included;
    for (const auto& table : tables) {
        const auto& collection = table.collection();
        if (!collection.links.owner.empty())  // comes with its owner
            continue;
        if (sync.includes(schema::group_name(collection.group)) &&
            sync.resource(collection.table).enabled)
            included.push_back(&table);
    }
    return included;
}

graph::QuotaOptions quota_of(const config::Graph& graph) noexcept
{
    return {.per_minute = {graph.quota.cloud_pc_list, graph.quota.cloud_pc_get, graph.quota.other}};
}

Engine::Engine(const Parts& parts, const config::Config& configuration)
    : x_parts{parts},
      x_config{configuration},
      x_credentials{make_credentials(configuration, credential_parts(parts))},
      x_delegated{make_delegated(configuration, credential_parts(parts))},
      x_login{parts.executor,
              {.transport = parts.transport,
               .clock = parts.clock,
               .rng = parts.rng,
               .credentials = *x_delegated,
               .signed_in = [this] { kick_jobs(); }},
              delegated_endpoint(configuration)},
      x_client{parts.transport, *x_credentials, parts.throttle,
               parts.clock,     parts.rng,      client_options(configuration)},
      x_puller{x_client,
               parts.store,
               parts.clock,
               {.sync = configuration.sync,
                .audit_retention = configuration.database.audit_retention,
                .tables = included_tables(parts.tables, configuration.sync)}},
      x_desk{parts.executor, included_tables(parts.tables, configuration.sync)},
      x_writer{parts.transport, parts.throttle, parts.clock, writer_options(configuration)}
{
    if (!parts.jobs)
        return;
    x_estate.emplace(
        GraphEstate::Parts{.client = x_client,
                           .mirror = parts.jobs->mirror,
                           .puller = x_puller,
                           .clock = parts.clock,
                           .tables = included_tables(parts.tables, configuration.sync)});
    x_runner.emplace(jobs::RunningParts{.executor = parts.executor,
                                        .queue = parts.jobs->queue,
                                        .mirror = parts.jobs->mirror,
                                        .estate = *x_estate,
                                        .writer = x_writer,
                                        .throttle = parts.throttle,
                                        .application = *x_credentials,
                                        .user = *x_delegated,
                                        .clock = parts.clock,
                                        .rng = parts.rng,
                                        .anchor = parts.jobs->anchor,
                                        .clock_skew = [this] { return x_client.clock_skew(); }},
                     jobs::RunningOptions{.settings = configuration.jobs,
                                          .origin = origin_of(configuration.graph.endpoint),
                                          .application_id = configuration.auth.client_id,
                                          .boot_id = parts.jobs->boot_id},
                     parts.jobs->watch);
}

void Engine::kick_jobs() noexcept
{
    if (x_runner)
        x_runner->kick();
}

/// Brings `freshness` to what the configuration includes.
asio::awaitable<std::vector<ScheduledResource>> Engine::prepare()
{
    const auto included = included_tables(x_parts.tables, x_config.sync);
    std::vector<ScheduledResource> resources;
    resources.reserve(included.size());
    for (const auto* table : included)
        resources.push_back(
            {.table = table, .interval = x_config.sync.interval_of(table->collection().table)});
    co_return co_await x_parts.store.run(
        [this, resources = std::move(resources)](store::Database& database) mutable {
            database.transaction([&] {
                for (const auto& table : x_parts.tables) {
                    if (std::ranges::find(resources, &table, &ScheduledResource::table) ==
                        resources.end())
                        mirror::exclude_resource(database, table.collection().table);
                }
                for (auto& resource : resources) {
                    const auto table = resource.table->collection().table;
                    mirror::include_resource(
                        database, table,
                        std::chrono::ceil<std::chrono::seconds>(resource.interval).count());
                    resource.last_read = mirror::read_times(database, table).last_read;
                }
            });
            return std::move(resources);
        });
}

/// Asks for a token before the first read: a credential that is refused is one message, not one
/// per table.
asio::awaitable<int> Engine::check_credential()
{
    const auto token = co_await x_credentials->access_token();
    if (token) {
        if (may_read_cloud_pcs(*token))
            co_return exit_done;
        complain("credential", roles_missing);
        co_return exit_credential;
    }
    if (token.error().code == Errc::configuration) {
        complain("credential", token.error().describe());
        co_return exit_configuration;
    }
    if (token.error().code == Errc::unauthorized) {
        complain("credential", token.error().describe());
        co_return exit_credential;
    }
    co_return exit_done;  // it may pass, and the pulls say where they stand
}

asio::awaitable<int> Engine::run_once()
{
    report_certificate(x_config, x_parts.clock.utc_now());
    if (const auto status = co_await check_credential(); status != exit_done)
        co_return status;
    const auto read = co_await read_once();
    const auto acted = x_runner ? co_await carry_out_jobs() : exit_done;
    co_return read != exit_done ? read : acted;
}

/// Sends what is due. What failed or is in doubt is named on stderr.
asio::awaitable<int> Engine::carry_out_jobs()
{
    const auto summary = co_await x_runner->run_once();
    for (const auto job : summary.failed)
        complain(fmt::format("job {}", job), "failed; cloudpcctl jobs show says why");
    for (const auto job : summary.in_doubt)
        complain(fmt::format("job {}", job), "in doubt; cloudpcctl jobs show says why");
    co_return summary.failed.empty() && summary.in_doubt.empty() ? exit_done : exit_incomplete;
}

asio::awaitable<int> Engine::read_once()
{
    Scheduler scheduler{x_puller, x_parts.clock, x_parts.rng, co_await prepare()};
    const auto runs = co_await scheduler.run_once();
    for (const auto& run : runs) {
        if (run.outcome != mirror::Outcome::complete)
            complain(run.resource,
                     fmt::format("{}: {}", mirror::to_string(run.outcome), run.error));
    }
    co_await x_parts.store.run([](store::Database& database) { database.checkpoint_truncate(); });
    const auto done = [](const mirror::RunSummary& run) {
        return run.outcome == mirror::Outcome::complete || run.outcome == mirror::Outcome::skipped;
    };
    const auto refused = [](const mirror::RunSummary& run) {
        return run.errc == Errc::unauthorized;
    };
    if (std::ranges::all_of(runs, done))
        co_return exit_done;
    // Graph took none of the tokens: that is no matter of single tables.
    co_return std::ranges::all_of(runs, refused) ? exit_credential : exit_incomplete;
}

asio::awaitable<void> Engine::run()
{
    Scheduler scheduler{x_puller, x_parts.clock, x_parts.rng, co_await prepare()};
    auto group = co_await TaskGroup::make();
    group.spawn(watch_credential());
    group.spawn(watch_certificate(x_config, x_parts.clock));
    group.spawn(x_login.run());
    group.spawn(scheduler.run(x_desk));
    if (x_runner)
        group.spawn(x_runner->run());
    group.spawn(keep_house());
    co_await group.join();
}

/// Says once what a token lacks; the tables that are refused say the rest.
asio::awaitable<void> Engine::watch_credential()
{
    const auto token = co_await x_credentials->access_token();
    if (token && !may_read_cloud_pcs(*token))
        log::error(roles_missing);
}

asio::awaitable<void> Engine::keep_house()
{
    while (true) {
        const auto now = x_parts.clock.utc_now();
        const auto& settings = x_config.database;
        co_await forget(mirror::forget_records, now - records_kept);
        if (settings.history_retention)
            co_await forget(mirror::forget_history, now - *settings.history_retention);
        if (settings.audit_retention)
            co_await forget(mirror::forget_audit_events, now - *settings.audit_retention);
        co_await x_parts.store.run([](store::Database& database) {
            database.execute("PRAGMA optimize");
            database.checkpoint_if_due();
        });
        if (x_parts.jobs)
            co_await keep_queue();
        co_await x_parts.clock.sleep_for(housekeeping_interval);
    }
}

/// Others write the queue too, and may be in the way for longer than one waits: then it is for the
/// next time.
asio::awaitable<void> Engine::keep_queue()
{
    try {
        const auto oldest = x_parts.clock.utc_now() - jobs::jobs_retention;
        std::int64_t removed = jobs::forget_jobs_max;
        while (removed >= jobs::forget_jobs_max) {
            removed = co_await x_parts.jobs->queue.run([oldest](store::Database& queue) {
                const auto rows = jobs::forget_jobs(queue, oldest);
                queue.checkpoint_if_due();
                return rows;
            });
        }
        co_await x_parts.jobs->queue.run([](store::Database& queue) {
            queue.execute("PRAGMA optimize");
            queue.checkpoint_truncate();
        });
    } catch (const SQLite::Exception& failure) {
        const auto why = jobs::passing_trouble(failure);
        if (!why)
            throw;
        log::warning("old jobs are not removed now", {{"why", *why}});
    }
}

/// Calls `some` until there is nothing left for it; each time is a transaction of its own.
asio::awaitable<void> Engine::forget(Forget some, UtcTime oldest)
{
    std::int64_t removed = mirror::forget_rows_max;
    while (removed >= mirror::forget_rows_max) {
        removed = co_await x_parts.store.run([some, oldest](store::Database& database) {
            const auto rows = database.transaction([&] { return some(database, oldest); });
            database.checkpoint_if_due();
            return rows;
        });
    }
}

}  // namespace cloudpcd::daemon
