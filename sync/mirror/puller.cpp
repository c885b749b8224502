#include "sync/mirror/puller.hpp"

#include "sync/core/log.hpp"
#include "sync/mirror/delta_pull.hpp"

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

asio::awaitable<RunSummary> Puller::pull(const Table& table, PullOrder order)
{
    const auto id = co_await next_run();
    if (table.collection().strategy == schema::Strategy::delta) {
        DeltaPull delta{environment(), table, id, order};
        auto run = co_await delta.run();
        log_run(run);
        if (delta.left_unswept())
            co_return co_await this->pull(table, order);
        co_return run;
    }
    Pull pull{environment(), table, id, order};
    auto run = co_await pull.run();
    log_run(run);
    if (run.outcome == Outcome::complete && pull.lags_behind())
        co_return co_await this->pull(table, order);
    co_return run;
}

Pull::Environment Puller::environment() const
{
    return {.client = x_client, .store = x_store, .clock = x_clock, .settings = x_settings};
}

asio::awaitable<VerifyReport> Puller::verify(const Table& table)
{
    Verification verification{environment(), table, co_await next_run()};
    co_return co_await verification.run();
}

}  // namespace cloudpcd::mirror
