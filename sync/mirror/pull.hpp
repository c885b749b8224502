#pragma once
// One pull while it runs; see puller.hpp.

#include "config/config.hpp"
#include "sync/core/clock.hpp"
#include "sync/graph/client.hpp"
#include "sync/graph/pager.hpp"
#include "sync/mirror/audit_window.hpp"
#include "sync/mirror/deletes.hpp"
#include "sync/mirror/endless.hpp"
#include "sync/mirror/incremental.hpp"
#include "sync/mirror/records.hpp"
#include "sync/mirror/requests.hpp"
#include "sync/mirror/table.hpp"
#include "sync/store/store.hpp"

#include <boost/asio/awaitable.hpp>

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace cloudpcd::mirror {

struct PullSettings {
    config::Sync sync{};
    std::optional<Duration> audit_retention{};  ///< absent: for ever
    /// What is mirrored; of these, what audit events name is read at once.
    std::vector<const Table*> tables{};
};

/// Why a pull takes place.
enum class Occasion {
    scheduled,  ///< its interval has passed, and another one will follow
    once,       ///< somebody asked for everything; nobody knows when the next one comes
    full,       ///< an operator asked for all there is: no saved link, no window
};

struct PullOrder {
    Occasion occasion = Occasion::scheduled;
    /// A refused run of the table: what it held back and is missing again may go.
    std::optional<RunId> accept_deletes{};
    bool operator==(const PullOrder&) const = default;
};

class Pull {
public:
    struct Environment {
        graph::Client& client;
        store::Store& store;
        Clock& clock;
        const PullSettings& settings;
    };

    Pull(const Environment& environment, const Table& table, RunId run, PullOrder order);

    boost::asio::awaitable<RunSummary> run();

    /// The pull went on with a list that began long ago: what is newer has to be read as well.
    bool lags_behind() const noexcept;

private:
    /// What earlier pulls of the table left in sync_state.
    struct Remembered {
        bool filling = false;               ///< never complete: pages are committed one by one
        std::optional<std::string> link{};  ///< where the first fill was cut off
        std::optional<UtcTime> fill_started{};
        std::optional<UtcTime> last_complete{};
        AuditState audit{};
        Refusals refusals{};
        std::vector<std::string> missing{};          ///< ids that the last complete list lacked
        std::unordered_set<std::string> accepted{};  ///< ids whose deletion an operator accepts
        bool probe_due = false;
        ReadTimes times{};
        bool filter_honoured = false;              ///< found by this version
        std::optional<std::string> list_wanted{};  ///< a full list, when and whatever the interval
    };
    /// Of one pass over the list.
    struct Reading {
        StageCounts counts{};
        std::optional<std::int64_t> announced{};
        int pages = 0;
        bool resumed = false;            ///< began at a saved link
        SteadyTime last_requested_at{};  ///< of its pages
        EndlessWatch watch{};
    };
    struct Staged {
        StageCounts counts{};
        ApplyCounts applied{};
        std::size_t older = 0;  ///< objects of an incremental read that are older than asked for
        std::exception_ptr failure{};  ///< as a value: two tasks side by side may not both throw
    };
    struct Comparison {
        std::int64_t rows = 0;
        std::int64_t listed = 0;
        std::vector<std::string> missing{};
    };
    /// How the pull ends, decided before the transaction that ends it.
    struct Ending {
        Outcome outcome = Outcome::complete;
        std::string error{};
        std::vector<std::string> erase{};
        std::vector<std::string> remember{};
        std::int64_t refused = 0;
    };

    boost::asio::awaitable<void> load();
    boost::asio::awaitable<std::optional<Error>> read();
    boost::asio::awaitable<std::optional<Error>> read_pages(graph::Pager& pager);
    boost::asio::awaitable<Staged> stage(graph::Page page);
    boost::asio::awaitable<Ending> compare();
    Ending judge(Comparison compared, DeletePlan& plan) const;
    bool accepts_all(const std::vector<std::string>& missing) const;
    boost::asio::awaitable<void> confirm(DeletePlan plan, Ending& ending);
    boost::asio::awaitable<void> probe_drift();
    boost::asio::awaitable<void> probe_filter();
    boost::asio::awaitable<RunSummary> end(Ending ending);
    boost::asio::awaitable<void> start_over();

    Staged stage_on_store(store::Database& database, const graph::Page& page, UtcTime now);
    RunSummary end_on_store(store::Database& database, Ending& ending, UtcTime now);
    void save_state(store::Database& database, const Ending& ending, UtcTime now);
    AuditRead audit_read(UtcTime now) const;
    void plan_window(UtcTime now);
    void plan_incremental(UtcTime now);
    bool may_filter() const;
    void drop_filter(std::string_view why);
    void save_incremental_state(store::Database& database, const Ending& ending, UtcTime now) const;

    graph::ListRequest list_request() const;
    std::optional<UtcTime> since() const;
    bool recover(const Error& error);
    bool announced_otherwise(std::int64_t listed) const;
    bool cut_off(std::int64_t listed) const;

    Environment x_environment;
    const Table& x_table;
    const schema::Collection& x_collection;
    PullOrder x_order;
    RunSummary x_summary;
    Remembered x_remembered;
    std::optional<AuditWindow> x_window;     ///< of the window strategy
    std::optional<UtcTime> x_changed_since;  ///< of an incremental read
    SteadyTime x_began_at;
    Reading x_reading;
    bool x_list_ended = false;
    bool x_keep_link = false;  ///< of a first fill that broke off
    bool x_read_again = false;
    bool x_restarted = false;
    bool x_refusals_changed = false;
    bool x_filter_ignored = false;   ///< by what came on an incremental read
    bool x_filter_accepted = false;  ///< by the probe
    std::optional<UtcTime> x_server_time;
    DriftNotes x_drift;
};

}  // namespace cloudpcd::mirror
