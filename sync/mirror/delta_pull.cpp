#include "sync/mirror/delta_pull.hpp"

#include "schema/request.hpp"
#include "sync/core/log.hpp"
#include "sync/mirror/refused_deletes.hpp"

#include <boost/algorithm/string/predicate.hpp>
#include <boost/algorithm/string/replace.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cloudpcd::mirror {

namespace asio = boost::asio;

namespace {

// Keys of sync_state.
constexpr std::string_view key_delta_link = "delta_link";
constexpr std::string_view key_delta_query = "delta_query";  ///< what the link's round asked for
constexpr std::string_view key_fill_link = "next_link";
constexpr std::string_view key_over_rows = "fill_over_rows";

std::optional<Table> table_of_links(const schema::Collection& collection)
{
    const auto* links = schema::links_of(collection);
    return links == nullptr ? std::nullopt : std::optional<Table>{std::in_place, *links};
}

std::int64_t net(const ApplyCounts& counts)
{
    return counts.inserted - counts.deleted;
}

}  // namespace

DeltaPull::DeltaPull(const Pull::Environment& environment, const Table& table, RunId run,
                     PullOrder order)
    : x_environment{environment},
      x_collection{table.collection()},
      x_links{table_of_links(x_collection)},
      x_round{table, x_links ? &*x_links : nullptr, run},
      x_order{order}
{
    x_summary.run_id = run;
    x_summary.resource = x_collection.table;
    x_summary.kind = RunKind::delta;
    x_summary.started_at = environment.clock.utc_now();
}

asio::awaitable<RunSummary> DeltaPull::run()
{
    co_await load();
    auto failure = co_await read();
    Ending ending;
    if (failure) {
        const bool skipped = failure->code == Errc::forbidden && x_pages == 0;
        x_keep_fill_link =
            failure->code != Errc::malformed && failure->code != Errc::foreign_origin;
        ending = {.outcome = skipped ? Outcome::skipped : Outcome::incomplete,
                  .error = failure->describe()};
        x_summary.errc = failure->code;
    } else {
        ending = co_await judge();
    }
    co_return co_await end(std::move(ending));
}

asio::awaitable<void> DeltaPull::load()
{
    const auto now = x_environment.clock.utc_now();
    co_await x_environment.store.run([this, now](store::Database& database) {
        const auto table = x_collection.table;
        x_refusals = read_refusals(database, table, now);
        x_filling = !last_complete(database, table).has_value();
        // A link goes on with what its round asked for: after another version of the program has
        // come, that may be too little.
        const bool as_asked = read_state(database, table, key_delta_query) == first_target();
        if (as_asked && x_filling)
            x_link = read_state(database, table, key_fill_link);
        else if (as_asked && x_order.occasion != Occasion::full)
            x_link = read_fresh_state(database, table, key_delta_link, now - delta_link_age_max);
        if (x_order.accept_deletes && !is_refused_run(database, table, *x_order.accept_deletes))
            x_order.accept_deletes.reset();
        x_over_rows = x_link ? read_state(database, table, key_over_rows).has_value()
                             : x_round.rows(database) > 0;
        if (x_link)
            x_start = x_filling ? Start::resumed : Start::changes;
        x_round.begin(database);
    });
    if (x_link && !usable(*x_link)) {
        x_link.reset();
        x_start = Start::beginning;
    }
}

// --- reading -------------------------------------------------------------------------------------

/// Path and query of a first round. Later requests say nothing of it: the links carry it.
std::string DeltaPull::first_target() const
{
    return list_target(x_collection, x_refusals);
}

/// A link that leads to the delta function of the configured origin.
std::optional<graph::Url> DeltaPull::usable(const std::string& link) const
{
    const auto& origin = x_environment.client.options().origin;
    auto url = graph::parse_url(link);
    if (!url || url->origin != origin ||
        !graph::within_collection(*url, graph::url_at(origin, first_target()),
                                  schema::read_path(x_collection)))
        return std::nullopt;
    return *std::move(url);
}

graph::ListRequest DeltaPull::list_request() const
{
    auto request =
        mirror::list_request(x_collection, x_environment.client.options().origin, x_refusals);
    if (auto link = x_link ? usable(*x_link) : std::nullopt)
        request.url = *std::move(link);
    return request;
}

asio::awaitable<std::optional<Error>> DeltaPull::read()
{
    while (true) {
        graph::Pager pager{x_environment.client, list_request()};
        auto failure = co_await read_pages(pager);
        x_summary.pages += pager.pages();
        x_summary.requests += pager.requests();
        if (!failure || !recover(*failure))
            co_return failure;
        co_await begin_round();
    }
}

/// Prepares a round from the start; false when that would not help.
bool DeltaPull::recover(const Error& error)
{
    const bool refused_at_once =
        x_pages == 0 && (error.code == Errc::rejected || error.code == Errc::not_found);
    if (x_start != Start::beginning && (error.code == Errc::cursor_expired || refused_at_once)) {
        log::info("the link of an earlier round is refused; everything is read anew",
                  {{"resource", x_collection.table}, {"error", error.describe()}});
        x_link_refused = true;
    } else if (error.code == Errc::cursor_expired && !std::exchange(x_restarted, true)) {
        log::info("the round is refused on its way; it starts anew",
                  {{"resource", x_collection.table}, {"error", error.describe()}});
    } else if (x_pages == 0 && x_start == Start::beginning &&
               learn_refusal(x_collection, error, false, x_refusals)) {
        x_refusals_changed = true;
        log::warning("Graph refuses a part of the request; it is left out for a day",
                     {{"resource", x_collection.table}, {"error", error.describe()}});
    } else {
        return false;
    }
    x_start = Start::beginning;
    x_link.reset();
    if (!x_refusals_changed && !error.location.empty())
        x_link = usable_start(error.location);
    return true;
}

/// Where Graph says to start anew, asking for the same as the first request did. It is that request
/// again, so it is on us to say what is wanted where the link does not; a link that wants something
/// else is not followed.
std::optional<std::string> DeltaPull::usable_start(const std::string& location) const
{
    const auto url = usable(location);
    if (!url)
        return std::nullopt;
    const auto wanted = first_target();
    const auto select = wanted.substr(std::min(wanted.find('?'), wanted.size()));
    if (select.empty())
        return location;
    auto query = url->query();
    while (!query.empty()) {
        auto parameter = std::string{query.substr(0, query.find('&'))};
        query.remove_prefix(std::min(parameter.size() + 1, query.size()));
        boost::algorithm::ireplace_all(parameter, "%24", "$");
        boost::algorithm::ireplace_all(parameter, "%2c", ",");
        if (boost::algorithm::istarts_with(parameter, "$select="))
            return parameter == select.substr(1) ? std::optional{location} : std::nullopt;
    }
    return location + (url->query().empty() ? "?" : "&") + select.substr(1);
}

asio::awaitable<void> DeltaPull::begin_round()
{
    x_counts = {};
    x_pages = 0;
    x_watch = {};
    x_delta_link.clear();
    co_await x_environment.store.run([this](store::Database& database) {
        x_over_rows = x_round.rows(database) > 0;
        x_round.begin(database);
    });
}

asio::awaitable<std::optional<Error>> DeltaPull::read_pages(graph::Pager& pager)
{
    using namespace asio::experimental::awaitable_operators;
    auto page = co_await pager.next();
    while (page && *page) {
        ++x_pages;
        x_delta_link = (*page)->delta_link.value_or("");
        // The next page comes while this one is staged.
        auto [next, staged] = co_await (pager.next() && stage(std::move(**page)));
        if (staged.failure)
            std::rethrow_exception(staged.failure);
        if (x_watch.is_endless(staged.counts.new_ids, x_environment.clock.steady_now()))
            co_return Error{
                .code = Errc::malformed,
                .context = fmt::format("GET {}/delta, page {}", set_name(x_collection), x_pages),
                .message = "the round goes on without end: its pages bring nothing new"};
        page = std::move(next);
    }
    if (!page)
        co_return std::move(page).error();
    co_return std::nullopt;
}

asio::awaitable<DeltaPull::Staged> DeltaPull::stage(graph::Page page)
{
    // The permit belongs to this thread; the rest of the page goes to the store's.
    const auto permit = std::exchange(page.permit, std::nullopt);
    const auto now = x_environment.clock.utc_now();
    co_return co_await x_environment.store.run(
        [this, now, page = std::move(page)](store::Database& database) {
            Staged staged;
            try {
                staged.counts = stage_on_store(database, page, now);
            } catch (...) {
                staged.failure = std::current_exception();
            }
            return staged;
        });
}

StageCounts DeltaPull::stage_on_store(store::Database& database, const graph::Page& page,
                                      UtcTime now)
{
    const auto past =
        x_start == Start::beginning ? DeltaRound::Past::none : DeltaRound::Past::stored;
    StageCounts counts;
    if (!x_filling) {
        counts = x_round.stage(database, page, past);
        x_counts += counts;
        return counts;
    }
    // A first fill: there is no earlier state to protect, and it may take hours.
    const auto table = x_collection.table;
    DeltaRound::Applied applied;
    database.transaction([&] {
        counts = x_round.stage(database, page, past);
        DriftNotes drift;
        Sequence sequence{database};
        applied = x_round.apply(database, sequence, now, drift, true);
        sequence.save();
        record_drift(database, table, drift, now);
        add_rows(database, table, net(applied.objects));
        // Not past an item in quarantine: it has to come again.
        if (page.next_link && x_counts.quarantined + counts.quarantined == 0) {
            write_state(database, table, key_fill_link, *page.next_link, now);
            write_state(database, table, key_delta_query, first_target(), now);
            if (x_over_rows)
                write_state(database, table, key_over_rows, "yes", now);
        }
    });
    x_counts += counts;
    x_filled.objects += applied.objects;
    x_filled.links += applied.links;
    database.checkpoint_if_due();
    return counts;
}

// --- the end -------------------------------------------------------------------------------------

asio::awaitable<DeltaPull::Ending> DeltaPull::judge()
{
    if (x_counts.quarantined > 0)
        co_return Ending{
            .outcome = Outcome::incomplete,
            .error = fmt::format("{} objects cannot be stored, see quarantine; the changes are "
                                 "asked for again",
                                 x_counts.quarantined)};
    if (x_start != Start::beginning)
        co_return Ending{};
    const auto missing = co_await x_environment.store.run([this](store::Database& database) {
        return x_round.missing(database, x_order.accept_deletes);
    });
    const auto fraction = max_delete_fraction(x_environment.settings.sync, x_collection);
    std::optional<std::string> why;
    if (missing.met == 0 && missing.unexpected_objects() > 0)
        why = fmt::format("the round is empty, the table has {} rows", missing.rows);
    if (!why)
        why = brake(missing.unexpected_objects(), missing.rows, fraction);
    if (!why && x_links) {
        why = brake(missing.unexpected_links(), missing.link_rows, fraction);
        if (why)
            *why = fmt::format("{}: {}", x_links->collection().table, *why);
    }
    if (!why)
        co_return Ending{};
    co_return Ending{.outcome = Outcome::refused,
                     .error = *std::move(why),
                     .refused = missing.objects + missing.links};
}

asio::awaitable<RunSummary> DeltaPull::end(Ending ending)
{
    const auto now = x_environment.clock.utc_now();
    co_return co_await x_environment.store.run(
        [this, now, ending = std::move(ending)](store::Database& database) {
            return end_on_store(database, ending, now);
        });
}

RunSummary DeltaPull::end_on_store(store::Database& database, const Ending& ending, UtcTime now)
{
    const bool complete = ending.outcome == Outcome::complete;
    auto summary = x_summary;
    database.transaction([&] {
        Sequence sequence{database};
        if (ending.outcome == Outcome::refused)
            note_refused(database);  // before the round is marked as applied
        else if (complete)
            settle_refused(database);
        auto applied = x_round.apply(database, sequence, now, x_drift, complete);
        if (complete && x_start == Start::beginning) {
            const auto swept = x_round.sweep(database, sequence, now);
            applied.objects += swept.objects;
            applied.links += swept.links;
        }
        sequence.save();
        save_state(database, ending, now);
        record_drift(database, x_collection.table, x_drift, now);

        // Rows that a first fill read and lost again are no deletions of a complete list.
        auto filled = x_filled.objects;
        filled += x_filled.links;
        if (!complete)
            filled.deleted = 0;
        summary.counts += filled;
        summary.counts += applied.objects;
        summary.counts += applied.links;
        // freshness.row_count counts objects; what a fill committed, it has.
        summary.rows_counted = net(summary.counts) - net(applied.objects);
        summary.ended_at = now;
        summary.outcome = ending.outcome;
        summary.refused = ending.refused;
        summary.error = ending.error;
        record_run(database, summary);
    });
    x_round.clear(database);
    database.checkpoint_if_due();
    return summary;
}

void DeltaPull::note_refused(store::Database& database) const
{
    const auto table = x_collection.table;
    const auto run = x_summary.run_id;
    note_refused_deletes(database, table, table, run, x_round.missing_objects_sql());
    if (x_links)
        note_refused_deletes(database, x_links->collection().table, table, run,
                             x_round.missing_links_sql());
}

void DeltaPull::settle_refused(store::Database& database) const
{
    settle_refused_deletes(database, x_collection.table, x_collection.table);
    if (x_links)
        settle_refused_deletes(database, x_links->collection().table, x_collection.table);
}

void DeltaPull::save_state(store::Database& database, const Ending& ending, UtcTime now)
{
    const auto table = x_collection.table;
    if (x_refusals_changed) {
        for (const auto& name : x_refusals.names)
            x_drift.add(name, DriftNotes::Kind::refused, "");
        write_refusals(database, table, x_refusals, now);
    }
    if (ending.outcome == Outcome::complete) {
        x_unswept = x_start == Start::resumed && x_over_rows;
        if (!x_unswept)
            write_state(database, table, key_delta_link, x_delta_link, now);
        write_state(database, table, key_delta_query, first_target(), now);
    } else if (ending.outcome == Outcome::refused || x_link_refused) {
        // After a sweep that was held back only another round from the start can say what is gone.
        erase_state(database, table, key_delta_link);
    }
    if (!x_keep_fill_link) {
        erase_state(database, table, key_fill_link);
        erase_state(database, table, key_over_rows);
    }
}

}  // namespace cloudpcd::mirror
