#include "sync/mirror/refresh.hpp"

#include "sync/mirror/deletes.hpp"
#include "sync/mirror/read_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cloudpcd::mirror {

namespace asio = boost::asio;

namespace {

/// A list that is applied between request and answer may know better: then the object is asked for
/// again, at most so often in all.
constexpr int rounds_max = 3;

}  // namespace

Refresh::Refresh(const Pull::Environment& environment, const Table& table, RunId run,
                 graph::Priority priority)
    : x_environment{environment}, x_table{table}, x_priority{priority}
{
    x_summary.run_id = run;
    x_summary.resource = table.collection().table;
    x_summary.kind = RunKind::refresh;
    x_summary.started_at = environment.clock.utc_now();
}

asio::awaitable<RunSummary> Refresh::run(std::vector<std::string> ids)
{
    const auto now = x_environment.clock.utc_now();
    x_refusals = co_await x_environment.store.run([this, now](store::Database& database) {
        return read_refusals(database, x_table.collection().table, now);
    });
    for (int round = 1; !ids.empty() || round == 1; ++round) {
        auto failure = co_await read(std::move(ids));
        const bool last = failure || round == rounds_max;
        ids = co_await apply(std::move(failure), last);
        if (last)
            break;
    }
    co_return x_summary;
}

/// Asks for one after the other, and stages what is there.
asio::awaitable<std::optional<Error>> Refresh::read(std::vector<std::string> ids)
{
    for (auto& id : ids) {
        auto answer = co_await read_object(x_environment.client, x_environment.clock,
                                           x_table.collection(), x_refusals, id, x_priority);
        x_summary.requests += answer.requests;
        if (!answer.gone && !answer.page)
            co_return std::move(answer.error);
        x_reads.push_back(
            {.id = std::move(id), .gone = answer.gone, .requested_at = answer.requested_at});
        if (answer.gone)
            continue;
        co_await x_environment.store.run(
            [this, page = *std::move(answer.page)](store::Database& database) {
                x_table.stage(database, x_summary.run_id, page);
            });
    }
    co_return std::nullopt;
}

/// Gives: what has to be asked for again.
asio::awaitable<std::vector<std::string>> Refresh::apply(std::optional<Error> failure, bool last)
{
    const auto now = x_environment.clock.utc_now();
    co_return co_await x_environment.store.run(
        [this, now, last, failure = std::move(failure)](store::Database& database) {
            auto again = apply_on_store(database, failure, last, now);
            clear_staging(database, x_summary.run_id);
            database.checkpoint_if_due();
            return again;
        });
}

std::vector<std::string> Refresh::apply_on_store(store::Database& database,
                                                 const std::optional<Error>& failure, bool last,
                                                 UtcTime now)
{
    return database.transaction([&] {
        auto overtaken = take_overtaken(database);
        ReadOrder order{database, x_summary.resource};
        for (const auto& read : x_reads)
            order.object_read(read.id, read.requested_at);
        Sequence sequence{database};
        DriftNotes drift;
        x_summary.counts += x_table.apply(database, sequence, x_summary.run_id, now, drift);
        record_drift(database, x_summary.resource, drift, now);
        std::erase_if(x_reads, [](const Read& read) { return !read.gone; });
        if (last || overtaken.empty()) {
            x_summary.ended_at = now;
            if (failure)
                x_summary.error = failure->describe();
            else if (!overtaken.empty())
                x_summary.error = "each time a list was applied before the answer came";
            else
                erase_gone(database, sequence, now);
            record_run(database, x_summary);
        }
        sequence.save();
        return overtaken;
    });
}

/// Forgets answers to questions that are older than a list that was applied meanwhile.
std::vector<std::string> Refresh::take_overtaken(store::Database& database)
{
    ReadOrder order{database, x_summary.resource};
    std::vector<std::string> overtaken;
    for (auto& read : x_reads) {
        if (!order.is_overtaken(read.requested_at))
            continue;
        auto unstage = database.prepared("DELETE FROM temp.staged WHERE run_id = ? AND id = ?");
        unstage.bind(1, x_summary.run_id).bind(2, read.id).run();
        overtaken.push_back(std::exchange(read.id, {}));
    }
    std::erase_if(x_reads, [](const Read& read) { return read.id.empty(); });
    return overtaken;
}

/// Every object was answered for: those that Graph says are gone go, unless they are too many.
void Refresh::erase_gone(store::Database& database, Sequence& sequence, UtcTime now)
{
    const auto& collection = x_table.collection();
    CLOUDPCD_ASSERT(collection.deletes == schema::DeleteRule::get_by_id);
    std::vector<std::string> gone;
    for (auto& read : x_reads) {
        if (x_table.contains(database, read.id))
            gone.push_back(std::move(read.id));
    }
    const auto count = static_cast<std::int64_t>(gone.size());
    x_summary.outcome = Outcome::complete;
    if (auto why = brake(count, x_table.rows(database),
                         max_delete_fraction(x_environment.settings.sync, collection))) {
        x_summary.outcome = Outcome::refused;
        x_summary.refused = count;
        x_summary.error = *std::move(why);
        return;
    }
    x_summary.counts.deleted += x_table.erase(database, sequence, now, gone);
}

Mentions mentioned_objects(store::Database& database, const schema::Collection& collection,
                           std::int64_t first_seq, UtcTime list_as_of)
{
    // An object that the table does not have is new, or of another kind: its type tells, in one of
    // the spellings of the service.
    auto row = database.prepared(
        fmt::format("SELECT DISTINCT r.resource_id FROM audit_events e "
                    "JOIN audit_event_resources r ON r._parent = e._key "
                    "WHERE e._seq > ?1 AND e.activity_date_time >= ?2 AND r.resource_id <> '' AND "
                    "(EXISTS (SELECT 1 FROM {} c WHERE c.id = r.resource_id) OR "
                    " r.resource_type COLLATE NOCASE IN (?3, ?4)) LIMIT ?5",
                    collection.table));
    const auto as_of = format_sql_time(list_as_of);
    row.bind(1, first_seq).bind(2, as_of).bind(3, collection.entity_type);
    row.bind(4, set_name(collection)).bind(5, static_cast<std::int64_t>(refreshed_ids_max) + 1);
    Mentions found;
    while (row.step())
        found.ids.push_back(row.string(0));
    found.too_many = found.ids.size() > refreshed_ids_max;
    return found;
}

}  // namespace cloudpcd::mirror
