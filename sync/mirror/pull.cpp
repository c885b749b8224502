#include "sync/mirror/pull.hpp"

#include "sync/core/log.hpp"
#include "sync/core/version.hpp"
#include "sync/mirror/object_read.hpp"
#include "sync/mirror/read_order.hpp"
#include "sync/mirror/refused_deletes.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cloudpcd::mirror {

namespace asio = boost::asio;

namespace {

// Keys of sync_state.
constexpr std::string_view key_link = "next_link";
constexpr std::string_view key_fill_started = "fill_started_at";
constexpr std::string_view key_missing = "missing_ids";
constexpr std::string_view key_probed = "drift_probed_at";

// A list that gave less than this share below what it announced was cut off; smaller differences
// come from objects that went while it was read.
constexpr double count_tolerance = 0.1;

constexpr Duration probe_interval = std::chrono::hours{24};

/// The narrowest layer that will do.
AuditLayer audit_layer_of(Occasion occasion)
{
    switch (occasion) {
        case Occasion::scheduled:
            return AuditLayer::cycle;
        case Occasion::once:
            return AuditLayer::hourly;
        case Occasion::full:
            break;
    }
    return AuditLayer::weekly;
}

std::int64_t row_change(const ApplyCounts& counts)
{
    return counts.inserted - counts.deleted;
}

}  // namespace

Pull::Pull(const Environment& environment, const Table& table, RunId run, PullOrder order)
    : x_environment{environment},
      x_table{table},
      x_collection{table.collection()},
      x_order{order},
      x_began_at{environment.clock.steady_now()}
{
    x_summary.run_id = run;
    x_summary.resource = x_collection.table;
    x_summary.started_at = environment.clock.utc_now();
    if (x_collection.strategy == schema::Strategy::window)
        x_summary.kind = RunKind::window;
}

asio::awaitable<RunSummary> Pull::run()
{
    co_await load();
    auto failure = co_await read();
    x_list_ended = !failure;
    // A first fill goes on where it was cut off, unless the list itself is at fault.
    x_keep_link =
        failure && failure->code != Errc::malformed && failure->code != Errc::foreign_origin;
    Ending ending;
    if (!failure) {
        ending = co_await compare();
        if (ending.outcome == Outcome::complete) {
            co_await probe_drift();
            co_await probe_filter();
        }
    } else {
        const bool skipped = failure->code == Errc::forbidden && x_reading.pages == 0;
        ending = {.outcome = skipped ? Outcome::skipped : Outcome::incomplete,
                  .error = failure->describe()};
        x_summary.errc = failure->code;
    }
    co_return co_await end(std::move(ending));
}

asio::awaitable<void> Pull::load()
{
    const auto now = x_environment.clock.utc_now();
    x_remembered = co_await x_environment.store.run([this, now](store::Database& database) {
        const auto table = x_collection.table;
        Remembered state;
        state.link = read_state(database, table, key_link);
        state.fill_started = read_time(database, table, key_fill_started);
        if (x_collection.strategy == schema::Strategy::window)
            state.audit = read_audit_state(database, table);
        state.last_complete = last_complete(database, table);
        state.filling = !state.last_complete.has_value();
        state.missing = read_id_list(database, table, key_missing);
        if (x_order.accept_deletes && is_refused_run(database, table, *x_order.accept_deletes))
            state.accepted = refused_deletes(database, table, *x_order.accept_deletes);
        state.refusals = read_refusals(database, table, now);
        const auto probed = read_time(database, table, key_probed);
        state.probe_due = x_collection.select && (!probed || *probed + probe_interval <= now);
        state.times = read_times(database, table);
        state.filter_honoured = read_state(database, table, key_filter) == std::string{version};
        state.list_wanted = read_state(database, table, key_list_wanted);
        ReadOrder{database, table}.list_begins();
        return state;
    });
    if (!x_remembered.filling)
        x_remembered.link.reset();
    x_reading.resumed = x_remembered.link.has_value();
    if (!x_reading.resumed)
        x_remembered.fill_started.reset();
    plan_window(now);
    plan_incremental(now);
}

// --- reading -------------------------------------------------------------------------------------

std::optional<UtcTime> Pull::since() const
{
    return x_window ? x_window->since : x_changed_since;
}

/// Which part of the log is due; all of it in a first fill.
void Pull::plan_window(UtcTime now)
{
    if (x_collection.strategy != schema::Strategy::window)
        return;
    const auto& settings = x_environment.settings;
    std::optional<UtcTime> oldest;
    if (settings.audit_retention)
        oldest = now - *settings.audit_retention;
    auto state = x_remembered.audit;
    if (x_remembered.filling)
        state.watermark.reset();
    x_window = plan_audit_window(state, now, settings.sync.audit_overlap,
                                 audit_layer_of(x_order.occasion), oldest);
}

graph::ListRequest Pull::list_request() const
{
    const auto& origin = x_environment.client.options().origin;
    auto request = mirror::list_request(x_collection, origin, x_remembered.refusals, since());
    if (x_reading.resumed) {
        if (auto saved = graph::parse_url(*x_remembered.link); saved && saved->origin == origin)
            request.url = *std::move(saved);
    }
    return request;
}

/// Reads the list to its end, from the start again where that helps. An error is the last word.
asio::awaitable<std::optional<Error>> Pull::read()
{
    while (true) {
        graph::Pager pager{x_environment.client, list_request()};
        auto failure = co_await read_pages(pager);
        x_summary.pages += pager.pages();
        x_summary.requests += pager.requests();
        if (failure && !recover(*failure))
            co_return failure;
        if (!failure) {
            x_reading.announced = pager.announced_count();
            const bool deletes =
                x_collection.deletes != schema::DeleteRule::never && !x_changed_since;
            if (x_remembered.filling || !deletes || std::exchange(x_read_again, true))
                co_return std::nullopt;
            // Objects that moved while the list was read: a second look is cheaper than doubt.
            const auto listed = co_await x_environment.store.run([this](store::Database& database) {
                return x_table.seen(database, x_summary.run_id);
            });
            if (x_reading.counts.conflicts == 0 && !announced_otherwise(listed))
                co_return std::nullopt;
            log::info("the list was not stable; it is read once more",
                      {{"resource", x_collection.table}, {"run_id", x_summary.run_id}});
        }
        co_await start_over();
    }
}

/// Prepares another attempt at the list; false when there is none to be made.
bool Pull::recover(const Error& error)
{
    if (x_changed_since &&
        (x_filter_ignored || (x_reading.pages == 0 && is_refused_request(error)))) {
        drop_filter(error.describe());
        return true;
    }
    if (x_reading.resumed && x_reading.pages == 0 &&
        (error.code == Errc::cursor_expired || error.code == Errc::rejected ||
         error.code == Errc::not_found)) {
        log::info("the saved link is refused; the first fill starts from its first page",
                  {{"resource", x_collection.table}, {"error", error.describe()}});
        return true;
    }
    if (x_reading.pages == 0 && !x_reading.resumed &&
        learn_refusal(x_collection, error, since().has_value(), x_remembered.refusals)) {
        x_refusals_changed = true;
        log::warning("Graph refuses a part of the request; it is left out for a day",
                     {{"resource", x_collection.table}, {"error", error.describe()}});
        return true;
    }
    return error.code == Errc::cursor_expired && !std::exchange(x_restarted, true);
}

asio::awaitable<void> Pull::start_over()
{
    x_reading = {};
    x_remembered.link.reset();
    co_await x_environment.store.run(
        [run = x_summary.run_id](store::Database& database) { clear_staging(database, run); });
}

asio::awaitable<std::optional<Error>> Pull::read_pages(graph::Pager& pager)
{
    using namespace asio::experimental::awaitable_operators;
    auto page = co_await pager.next();
    while (page && *page) {
        if (!x_server_time)
            x_server_time = (*page)->date;
        ++x_reading.pages;
        x_reading.last_requested_at = (*page)->requested_at;
        // The next page comes while this one is staged.
        auto [next, staged] = co_await (pager.next() && stage(std::move(**page)));
        if (staged.failure)
            std::rethrow_exception(staged.failure);
        x_reading.counts += staged.counts;
        x_summary.counts += staged.applied;
        x_summary.rows_counted += row_change(staged.applied);
        if (staged.older > 0) {
            x_filter_ignored = true;
            co_return Error{.code = Errc::malformed,
                            .context = fmt::format("GET {}", set_name(x_collection)),
                            .message = "objects came that are older than asked for"};
        }
        if (x_reading.watch.is_endless(staged.counts.new_ids, x_environment.clock.steady_now()))
            co_return Error{
                .code = Errc::malformed,
                .context = fmt::format("GET {}, page {}", set_name(x_collection), x_reading.pages),
                .message = "the list goes on without end: its pages bring nothing new"};
        page = std::move(next);
    }
    if (!page)
        co_return std::move(page).error();
    co_return std::nullopt;
}

asio::awaitable<Pull::Staged> Pull::stage(graph::Page page)
{
    // The permit belongs to this thread; the rest of the page goes to the store's.
    const auto permit = std::exchange(page.permit, std::nullopt);
    const auto now = x_environment.clock.utc_now();
    co_return co_await x_environment.store.run(
        [this, now, page = std::move(page)](store::Database& database) {
            Staged staged;
            try {
                staged = stage_on_store(database, page, now);
            } catch (...) {
                staged.failure = std::current_exception();
            }
            return staged;
        });
}

Pull::Staged Pull::stage_on_store(store::Database& database, const graph::Page& page, UtcTime now)
{
    Staged staged;
    if (!x_remembered.filling) {
        staged.counts = x_table.stage(database, x_summary.run_id, page);
        if (x_changed_since)
            staged.older = older_objects(page, x_collection, *x_changed_since);
        return staged;
    }
    // A first fill: there is no earlier snapshot to protect, and it may take hours.
    const auto table = x_collection.table;
    database.transaction([&] {
        staged.counts = x_table.stage(database, x_summary.run_id, page);
        DriftNotes drift;
        Sequence sequence{database};
        staged.applied = x_table.apply(database, sequence, x_summary.run_id, now, drift);
        sequence.save();
        record_drift(database, table, drift, now);
        ReadOrder{database, table}.list_applied(page.requested_at);
        add_rows(database, table, row_change(staged.applied));
        if (!x_remembered.fill_started) {
            x_remembered.fill_started = x_server_time.value_or(x_summary.started_at);
            write_state(database, table, key_fill_started,
                        format_sql_time(*x_remembered.fill_started), now);
        }
        if (page.next_link)
            write_state(database, table, key_link, *page.next_link, now);
    });
    clear_staged(database, x_summary.run_id);
    database.checkpoint_if_due();
    return staged;
}

// --- deletes -------------------------------------------------------------------------------------

/// The service said another number of objects than it gave.
bool Pull::announced_otherwise(std::int64_t listed) const
{
    return x_reading.announced && !x_reading.resumed && !since() &&
           *x_reading.announced != listed + x_reading.counts.unidentified;
}

bool Pull::cut_off(std::int64_t listed) const
{
    const auto announced = static_cast<double>(x_reading.announced.value_or(0));
    return announced - static_cast<double>(listed) > count_tolerance * announced;
}

/// What is missing is just what an operator has looked at and lets go.
bool Pull::accepts_all(const std::vector<std::string>& missing) const
{
    return !missing.empty() && std::ranges::all_of(missing, [this](const std::string& id) {
        return x_remembered.accepted.contains(id);
    });
}

asio::awaitable<Pull::Ending> Pull::compare()
{
    auto compared = co_await x_environment.store.run([this](store::Database& database) {
        Comparison result;
        result.rows = x_table.rows(database);
        result.listed = x_table.seen(database, x_summary.run_id);
        const bool whole = !x_reading.resumed && !x_changed_since;
        if (x_collection.deletes != schema::DeleteRule::never && whole)
            result.missing = ReadOrder{database, x_collection.table}.without_newer(
                x_table.missing(database, x_summary.run_id), x_began_at);
        return result;
    });
    DeletePlan plan;
    auto ending = judge(std::move(compared), plan);
    if (ending.outcome == Outcome::complete && !plan.confirm.empty())
        co_await confirm(std::move(plan), ending);
    co_return ending;
}

Pull::Ending Pull::judge(Comparison compared, DeletePlan& plan) const
{
    const auto incomplete = [](std::string why) {
        return Ending{.outcome = Outcome::incomplete, .error = std::move(why)};
    };
    const auto& counts = x_reading.counts;
    if (counts.unidentified > 0)
        return incomplete(fmt::format("{} objects came without a usable id; see quarantine",
                                      counts.unidentified));
    const auto missing = static_cast<std::int64_t>(compared.missing.size());
    if (announced_otherwise(compared.listed) && !accepts_all(compared.missing)) {
        auto why = fmt::format("the list announced {} objects and gave {}", *x_reading.announced,
                               compared.listed);
        if (missing > 0 && cut_off(compared.listed))
            return {.outcome = Outcome::refused, .error = std::move(why), .refused = missing};
        if (missing > 0 || cut_off(compared.listed))
            return incomplete(std::move(why));
    }
    if (missing > 0 && counts.conflicts > 0)
        return incomplete(fmt::format("{} ids came twice with different content, {} are missing",
                                      counts.conflicts, missing));

    plan = plan_deletes(
        {.rule = x_collection.deletes,
         .rows = compared.rows,
         .listed = compared.listed,
         .ids = std::move(compared.missing),
         .before = x_remembered.missing,
         .accepted = x_remembered.accepted,
         .max_delete_fraction = max_delete_fraction(x_environment.settings.sync, x_collection)});
    if (plan.refused)
        return {.outcome = Outcome::refused, .error = plan.why, .refused = missing};
    return {.outcome = Outcome::complete,
            .erase = std::move(plan.erase),
            .remember = std::move(plan.remember)};
}

/// Asks for each id. What is there after all was left out of the list, and counts as listed.
asio::awaitable<void> Pull::confirm(DeletePlan plan, Ending& ending)
{
    const auto asked = static_cast<std::int64_t>(plan.confirm.size());
    std::int64_t gone = 0;
    for (auto& id : plan.confirm) {
        auto answer = co_await read_object(x_environment.client, x_environment.clock, x_collection,
                                           x_remembered.refusals, id, graph::Priority::background);
        x_summary.requests += answer.requests;
        x_reading.last_requested_at = std::max(x_reading.last_requested_at, answer.requested_at);
        if (answer.gone) {
            ending.erase.push_back(std::move(id));
            ++gone;
            continue;
        }
        if (!answer.page) {
            ending = {.outcome = Outcome::incomplete,
                      .error = "a missing object could not be confirmed to be gone: " +
                               answer.error.describe()};
            co_return;
        }
        auto staged = co_await stage(*std::move(answer.page));
        if (staged.failure)
            std::rethrow_exception(staged.failure);
        x_summary.counts += staged.applied;
        x_summary.rows_counted += row_change(staged.applied);
    }
    if (plan.all_or_refused && gone < asked)
        ending = {.outcome = Outcome::refused, .error = std::move(plan.why), .refused = asked};
}

// --- the end -------------------------------------------------------------------------------------

/// $select hides what it does not name: one small page without it shows new properties.
asio::awaitable<void> Pull::probe_drift()
{
    if (!x_remembered.probe_due)
        co_return;
    auto request = list_request();
    request.url = graph::url_at(x_environment.client.options().origin, probe_target(x_collection));
    graph::Pager pager{x_environment.client, std::move(request)};
    auto page = co_await pager.next();
    x_summary.requests += pager.requests();
    if (!page || !*page) {
        if (!page)
            log::info("looking for new properties failed; it is tried again with the next pull",
                      {{"resource", x_collection.table}, {"error", page.error().describe()}});
        x_remembered.probe_due = false;
        co_return;
    }
    x_table.note_drift(**page, x_drift);
}

asio::awaitable<RunSummary> Pull::end(Ending ending)
{
    const auto now = x_environment.clock.utc_now();
    co_return co_await x_environment.store.run(
        [this, now, ending = std::move(ending)](store::Database& database) mutable {
            return end_on_store(database, ending, now);
        });
}

RunSummary Pull::end_on_store(store::Database& database, Ending& ending, UtcTime now)
{
    const auto table = x_collection.table;
    auto summary = x_summary;
    summary.as_of = x_remembered.fill_started ? x_remembered.fill_started : x_server_time;
    database.transaction([&] {
        ReadOrder order{database, table};
        ending.erase = order.without_newer(std::move(ending.erase), x_began_at);
        ending.remember = order.without_newer(std::move(ending.remember), x_began_at);
        Sequence sequence{database};
        const bool window_ended = x_window && ending.outcome == Outcome::complete;
        const auto read = window_ended ? audit_read(now) : AuditRead{};
        const bool reached_back = !window_ended || reaches_back(database, read);
        const auto first_seq = sequence.last();
        summary.counts += x_table.apply(database, sequence, summary.run_id, now, x_drift);
        if (window_ended)
            finish_audit_read(database, read, first_seq, reached_back);
        summary.counts.deleted += x_table.erase(database, sequence, now, ending.erase);
        sequence.save();
        order.list_applied(x_reading.last_requested_at);

        save_state(database, ending, now);
        if (ending.outcome == Outcome::refused)
            note_refused_deletes(database, table, table, summary.run_id, x_table.missing_sql());
        else if (ending.outcome == Outcome::complete && !x_changed_since)
            settle_refused_deletes(database, table, table);
        record_drift(database, table, x_drift, now);

        summary.ended_at = now;
        summary.outcome = ending.outcome;
        summary.refused = ending.refused;
        summary.error = ending.error;
        record_run(database, summary);
    });
    clear_staging(database, summary.run_id);
    database.checkpoint_if_due();
    return summary;
}

void Pull::save_state(store::Database& database, const Ending& ending, UtcTime now)
{
    const auto table = x_collection.table;
    if (x_refusals_changed) {
        for (const auto& name : x_remembered.refusals.names)
            x_drift.add(name, DriftNotes::Kind::refused, "");
        write_refusals(database, table, x_remembered.refusals, now);
    }
    save_incremental_state(database, ending, now);
    if (ending.outcome == Outcome::complete) {
        if (!x_changed_since)
            write_id_list(database, table, key_missing, ending.remember, now);
        if (x_remembered.probe_due)
            write_state(database, table, key_probed, format_sql_time(now), now);
    }
    if (!x_keep_link) {
        erase_state(database, table, key_link);
        erase_state(database, table, key_fill_started);
    }
}

AuditRead Pull::audit_read(UtcTime now) const
{
    return {.table = x_collection.table,
            .time_column = schema::column_name(x_collection.watermark_property),
            .run = x_summary.run_id,
            .state = x_remembered.audit,
            .window = *x_window,
            .first_fill = x_remembered.filling,
            .read_until =
                x_remembered.fill_started.value_or(x_server_time.value_or(x_summary.started_at)),
            .last_complete = x_remembered.last_complete,
            .now = now};
}

bool Pull::lags_behind() const noexcept
{
    return x_list_ended && x_reading.resumed && x_collection.strategy == schema::Strategy::window;
}

}  // namespace cloudpcd::mirror
