#pragma once
// One pull of a collection that Graph has a delta function for; see puller.hpp for the others.
//
//   load state ─▶ the link of the last round, not too old? ── yes ─▶ what has changed since
//                     │ no                                                │ the link is refused
//                     ▼                                                   ▼
//                 a first round: everything, merged with nothing ◀── resync: from Location, or the
//                     │                                               start
//                     ▼
//                 one transaction: rows, links, removals, sweep, the link of this round
//
// The link moves only with a round that ended and that was applied whole: a round that broke off
// or had an item in quarantine is asked for again, which is harmless since it may repeat itself
// anyway. Nothing is deleted by it. The first fill of a table commits page by page and goes on
// where it was cut off.

#include "sync/mirror/delta_round.hpp"
#include "sync/mirror/endless.hpp"
#include "sync/mirror/pull.hpp"

#include <boost/asio/awaitable.hpp>

#include <exception>
#include <optional>
#include <string>

namespace cloudpcd::mirror {

/// Graph keeps the state behind a link for seven days; one that is older than this is not used.
inline constexpr Duration delta_link_age_max = std::chrono::hours{24 * 6};

class DeltaPull {
public:
    DeltaPull(const Pull::Environment& environment, const Table& table, RunId run, PullOrder order);

    boost::asio::awaitable<RunSummary> run();

    /// A first fill that began twice and was then cut off has ended: rows of its first beginning
    /// may be gone from the tenant, and only a round from the start can tell.
    bool left_unswept() const noexcept { return x_unswept; }

private:
    enum class Start {
        beginning,  ///< a first round or a resync; ends with a sweep
        resumed,    ///< the first fill, where it was cut off
        changes     ///< the link of the last round
    };
    struct Staged {
        StageCounts counts{};
        std::exception_ptr failure{};  ///< as a value: two tasks side by side may not both throw
    };
    struct Ending {
        Outcome outcome = Outcome::complete;
        std::string error{};
        std::int64_t refused = 0;
    };

    boost::asio::awaitable<void> load();
    boost::asio::awaitable<std::optional<Error>> read();
    boost::asio::awaitable<std::optional<Error>> read_pages(graph::Pager& pager);
    boost::asio::awaitable<Staged> stage(graph::Page page);
    boost::asio::awaitable<Ending> judge();
    boost::asio::awaitable<RunSummary> end(Ending ending);
    boost::asio::awaitable<void> begin_round();
    void note_refused(store::Database& database) const;
    void settle_refused(store::Database& database) const;

    StageCounts stage_on_store(store::Database& database, const graph::Page& page, UtcTime now);
    RunSummary end_on_store(store::Database& database, const Ending& ending, UtcTime now);
    void save_state(store::Database& database, const Ending& ending, UtcTime now);

    graph::ListRequest list_request() const;
    std::string first_target() const;
    std::optional<graph::Url> usable(const std::string& link) const;
    std::optional<std::string> usable_start(const std::string& location) const;
    bool recover(const Error& error);

    Pull::Environment x_environment;
    const schema::Collection& x_collection;
    std::optional<Table> x_links;
    DeltaRound x_round;
    PullOrder x_order;
    RunSummary x_summary;

    Start x_start = Start::beginning;
    std::optional<std::string> x_link;  ///< where the round begins, unless at the first page
    std::string x_delta_link;           ///< of the round that was read to its end
    bool x_filling = false;             ///< never complete: pages are committed one by one
    bool x_over_rows = false;           ///< this first fill began over rows of an earlier one
    bool x_unswept = false;
    bool x_restarted = false;
    bool x_link_refused = false;  ///< the saved link is of no use any more
    bool x_keep_fill_link = false;
    Refusals x_refusals;
    bool x_refusals_changed = false;

    // Of this pass over the round.
    StageCounts x_counts;
    int x_pages = 0;
    EndlessWatch x_watch;

    DeltaRound::Applied x_filled;  ///< committed by pages of a first fill
    DriftNotes x_drift;
};

}  // namespace cloudpcd::mirror
