#include "sync/mirror/puller.hpp"

#include "sync/core/log.hpp"
#include "sync/mirror/delta_pull.hpp"
#include "sync/mirror/incremental.hpp"
#include "sync/mirror/refresh.hpp"

#include <algorithm>
#include <utility>

namespace cloudpcd::mirror {

namespace asio = boost::asio;

namespace {

void log_run(const RunSummary& run)
{
    const bool quiet = run.outcome == Outcome::complete && run.counts.inserted == 0 &&
                       run.counts.updated == 0 && run.counts.deleted == 0;
    auto level = quiet ? log::Level::debug : log::Level::info;
    if (run.outcome != Outcome::complete)
        level = log::Level::warning;
    log::write(level, "pull ended",
               {{"resource", run.resource},
                {"run_id", run.run_id},
                {"kind", to_string(run.kind)},
                {"outcome", to_string(run.outcome)},
                {"pages", run.pages},
                {"requests", run.requests},
                {"inserted", run.counts.inserted},
                {"updated", run.counts.updated},
                {"deleted", run.counts.deleted},
                {"refused", run.refused},
                {"error", run.error}});
}

}  // namespace

Puller::Puller(graph::Client& client, store::Store& store, Clock& clock, PullSettings settings)
    : x_client{client}, x_store{store}, x_clock{clock}, x_settings{std::move(settings)}
{}

asio::awaitable<RunId> Puller::next_run()
{
    if (x_last_run == 0) {
        const auto first = co_await x_store.run([](store::Database& database) {
            clear_all_staging(database);
            return next_run_id(database);
        });
        // Another pull may have asked meanwhile.
        x_last_run = std::max(x_last_run, first - 1);
    }
    co_return ++x_last_run;
}

Pull::Environment Puller::environment() const
{
    return {.client = x_client, .store = x_store, .clock = x_clock, .settings = x_settings};
}

asio::awaitable<RunSummary> Puller::pull(const Table& table, PullOrder order)
{
    auto& line = x_turns.try_emplace(table.collection().table, 1U).first->second;
    const auto turn = co_await line.acquire();
    const bool follows = order.occasion == Occasion::scheduled &&
                         table.collection().strategy == schema::Strategy::window;
    const auto before = follows ? co_await log_position(table) : LogPosition{};
    auto run = co_await pull_once(table, order);
    if (run.outcome == Outcome::complete && before.complete)
        co_await follow_log(before);
    co_return run;
}

asio::awaitable<RunSummary> Puller::pull_once(const Table& table, PullOrder order)
{
    const auto id = co_await next_run();
    if (table.collection().strategy == schema::Strategy::delta) {
        DeltaPull delta{environment(), table, id, order};
        auto run = co_await delta.run();
        log_run(run);
        if (delta.left_unswept())
            co_return co_await pull_once(table, order);
        co_return run;
    }
    Pull pull{environment(), table, id, order};
    auto run = co_await pull.run();
    log_run(run);
    if (run.outcome == Outcome::complete && pull.lags_behind())
        co_return co_await pull_once(table, order);
    co_return run;
}

asio::awaitable<VerifyReport> Puller::verify(const Table& table)
{
    Verification verification{environment(), table, co_await next_run()};
    co_return co_await verification.run();
}

asio::awaitable<RunSummary> Puller::refresh(const Table& table, std::vector<std::string> ids,
                                            graph::Priority priority)
{
    CLOUDPCD_ASSERT(ids.size() <= refreshed_ids_max);
    Refresh refresh{environment(), table, co_await next_run(), priority};
    auto run = co_await refresh.run(std::move(ids));
    log_run(run);
    co_return run;
}

asio::awaitable<Puller::LogPosition> Puller::log_position(const Table& log)
{
    co_return co_await x_store.run([&log](store::Database& database) {
        return LogPosition{.complete = last_complete(database, log.collection().table).has_value(),
                           .last_seq = Sequence{database}.last()};
    });
}

/// Reads at once what new audit events name. They come again in no later read of the log, so this
/// only makes the mirror fresher: whatever fails here, lists find it.
asio::awaitable<void> Puller::follow_log(LogPosition before)
{
    for (const auto* table : x_settings.tables) {
        if (!table->collection().named_by_audit_events)
            continue;
        auto ids = co_await wanted_by_log(*table, before.last_seq);
        if (!ids.empty())
            co_await refresh(*table, std::move(ids), graph::Priority::background);
    }
}

/// Gives: the ids to be read one by one; when they are too many, the next pull of the table is a
/// full list instead
asio::awaitable<std::vector<std::string>> Puller::wanted_by_log(const Table& table,
                                                                std::int64_t first_seq)
{
    const auto now = x_clock.utc_now();
    co_return co_await x_store.run([&table, first_seq, now](store::Database& database) {
        const auto& collection = table.collection();
        const auto times = read_times(database, collection.table);
        if (!times.list_as_of)
            return std::vector<std::string>{};
        auto mentioned = mentioned_objects(database, collection, first_seq, *times.list_as_of);
        if (!mentioned.too_many)
            return std::move(mentioned.ids);
        write_state(database, collection.table, key_list_wanted, format_sql_time(now), now);
        return std::vector<std::string>{};
    });
}

}  // namespace cloudpcd::mirror
