// The part of a pull that is about incremental reads; see incremental.hpp.

#include "sync/core/log.hpp"
#include "sync/core/version.hpp"
#include "sync/mirror/incremental.hpp"
#include "sync/mirror/pull.hpp"

#include <algorithm>
#include <utility>

namespace cloudpcd::mirror {

namespace asio = boost::asio;

namespace {

/// The probe asks for what changes later than this from now: nothing, unless the filter is ignored.
constexpr Duration probe_ahead = std::chrono::hours{24};

}  // namespace

/// Without the property in the answers nobody would notice that the filter is ignored.
bool Pull::may_filter() const
{
    const auto& refusals = x_remembered.refusals;
    return x_order.occasion == Occasion::scheduled && !x_order.accept_deletes && !refusals.filter &&
           std::ranges::find(refusals.names, x_collection.changed_property) == refusals.names.end();
}

void Pull::plan_incremental(UtcTime now)
{
    if (!may_filter() || !x_remembered.filter_honoured || x_remembered.list_wanted)
        return;
    x_changed_since =
        changed_since(x_collection, x_environment.settings.sync, x_remembered.times, now);
    if (x_changed_since)
        x_summary.kind = RunKind::incremental;
}

/// The filter does not do what it should: remembered for a day, and the pull goes on as a full
/// list.
void Pull::drop_filter(std::string_view why)
{
    x_changed_since.reset();
    x_summary.kind = RunKind::full;
    x_remembered.refusals.filter = true;
    x_refusals_changed = true;
    x_drift.add("$filter", DriftNotes::Kind::refused, x_collection.changed_property);
    log::warning(
        "the service does not filter by the time of change; every read of the table is a "
        "full list for a day",
        {{"resource", x_collection.table}, {"error", why}});
}

/// After a full list: whether what has changed can be asked for from now on.
asio::awaitable<void> Pull::probe_filter()
{
    const auto took = x_environment.clock.utc_now() - x_summary.started_at;
    if (!may_filter() || x_remembered.filter_honoured || x_changed_since || !x_server_time ||
        !wants_incremental(x_collection, x_environment.settings.sync, took))
        co_return;
    const auto since = *x_server_time + probe_ahead;
    auto request = list_request();
    request.url = graph::url_at(x_environment.client.options().origin,
                                filter_probe_target(x_collection, since));
    graph::Pager pager{x_environment.client, std::move(request)};
    auto page = co_await pager.next();
    x_summary.requests += pager.requests();
    if (!page && !is_refused_request(page.error())) {
        log::info("whether what has changed can be asked for is not known yet; it is tried again",
                  {{"resource", x_collection.table}, {"error", page.error().describe()}});
    } else if (!page) {
        drop_filter(page.error().describe());
    } else if (*page && older_objects(**page, x_collection, since) > 0) {
        drop_filter("objects came that are older than asked for");
    } else {
        x_filter_accepted = true;
    }
}

void Pull::save_incremental_state(store::Database& database, const Ending& ending,
                                  UtcTime now) const
{
    const auto table = x_collection.table;
    if (x_filter_accepted)
        write_state(database, table, key_filter, version, now);
    else if (x_remembered.refusals.filter)
        erase_state(database, table, key_filter);
    // A wish that came while the list was read is for the next one.
    const bool listed = ending.outcome == Outcome::complete && !x_changed_since;
    if (listed && x_remembered.list_wanted &&
        read_state(database, table, key_list_wanted) == x_remembered.list_wanted)
        erase_state(database, table, key_list_wanted);
}

}  // namespace cloudpcd::mirror
