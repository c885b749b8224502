#pragma once
// A day of the daemon in a tenth of a second: the production engine with a real SQLite file, on a
// virtual clock, against a tenant in memory. One thread, one seed, the same run every time.
//
// Tests change the tenant, break the network, kill the process, and ask in the end whether the
// mirror equals the tenant (tests/simulation/checks.cpp).

#include "config/config.hpp"
#include "daemon/engine.hpp"
#include "sync/core/rng.hpp"
#include "tests/simulation/sim_transport.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/simulator/tenant.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <SQLiteCpp/Database.h>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudpcd::simulation {

struct Seed {
    std::uint64_t value = 1;
};

using Rows = std::vector<std::string>;

/// An environment variable that directs the tests; nothing when it is not set.
std::optional<std::string> direction(const char* name);

/// Rows of a query, columns joined by '|', NULL as "-".
Rows rows_of(SQLite::Database& database, const std::string& sql);

/// What is thrown at whoever still works when the process has died.
bool ends_quietly(const std::exception_ptr& failure);

/// Directory in memory, where fsync costs nothing; goes away with its owner.
class ScratchDirectory {
public:
    ScratchDirectory();
    ~ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    const std::filesystem::path& path() const noexcept { return x_path; }

private:
    std::filesystem::path x_path;
};

/// What a World is made of; small by default, with short pages, so that there are many.
struct WorldOptions {
    graphsim::TenantOptions tenant = small_tenant();
    config::Sync sync{};
    bool log_debug = false;

    static graphsim::TenantOptions small_tenant();
    /// Without the ten collections of catalog data, which nothing but the first fill changes.
    void leave_out_catalog_data();
};

class World {
public:
    explicit World(Seed seed, WorldOptions options = {});
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // --- time ------------------------------------------------------------------------------------

    /// Reads everything once, as `cloudpcd --once` does.
    ///
    /// Gives: the exit status; nothing when the process died on the way
    std::optional<int> sync_once();
    /// Keeps the mirror fresh for `duration`, as the service does, and then ends in order. False
    /// when the process died on the way.
    bool run_for(Duration duration);
    /// The same, but then the process is killed.
    void run_for_and_kill(Duration duration);
    /// Whatever the process does, `action` takes place every `interval` as long as one runs.
    void each(Duration interval, std::function<void()> action)
    {
        x_life.emplace_back(interval, std::move(action));
    }
    /// Nothing takes place any more.
    void let_rest() { x_life.clear(); }
    /// Time passes without a process.
    void wait(Duration duration) { x_clock.run_for(x_idle, duration); }
    /// Reads everything again and again, restarting where the process died, until a whole cycle is
    /// complete and changes nothing. False when that takes too many cycles.
    bool sync_until_quiet();

    // --- death -----------------------------------------------------------------------------------

    /// The process dies before the `number`-th request from now on (from 1) is answered.
    void kill_at_request(std::uint64_t number);
    /// The process dies before the `number`-th commit from now on (from 1) reaches the disk.
    void kill_at_commit(std::uint64_t number);
    bool dead() const noexcept { return x_dead; }
    /// Commits of the mirror's file since the start.
    std::uint64_t commits() const noexcept { return x_commits; }
    /// The process ends where it stands, and another one begins with what is on the disk: the file
    /// and its WAL as they are now, without a clean close.
    void crash_and_restart();

    // --- looking ---------------------------------------------------------------------------------

    /// Rows of a query by a reader of the file, columns joined by '|', NULL as "-".
    Rows rows(const std::string& sql) const;
    /// The one value of a query.
    std::string value(const std::string& sql) const;
    std::int64_t number(const std::string& sql) const { return std::stoll(value(sql)); }
    /// The collections that the configuration includes.
    std::vector<const schema::Collection*> included() const;
    /// Ids of a table.
    std::set<std::string> ids(std::string_view table) const;
    /// Ids of a set of the tenant.
    std::set<std::string> tenant_ids(std::string_view set) const;
    /// Outcome of the last run of a resource, "-" without one.
    std::string last_outcome(std::string_view resource) const;
    std::string log() const { return x_stderr ? x_stderr->text() : ""; }
    const std::filesystem::path& file() const noexcept { return x_file; }
    /// Whether these bytes stand in the mirror's file, its WAL or the log.
    bool says(std::string_view text) const;
    /// What must never stand there.
    std::vector<std::string> secrets() const;

    // --- checks: what is wrong, a line each; empty when all is well (checks.cpp) -----------------

    /// Ids, objects, typed columns (of every `stride`-th row) and child tables.
    std::string differences(std::size_t stride = 1) const;
    /// What holds at any time, whether or not the mirror has caught up.
    std::string broken_invariants() const;
    /// Both, and the file's own integrity, and secrets.
    std::string problems(std::size_t stride = 1) const;

    /// Of every request with its time and outcome, and of everything the file says.
    std::uint64_t trace_hash() const;

    graphsim::Tenant& tenant() noexcept { return x_tenant; }
    const graphsim::Tenant& tenant() const noexcept { return x_tenant; }
    graphsim::FaultSet& faults() noexcept { return x_tenant.faults(); }
    SimTransport& network() noexcept { return x_network; }
    const SimTransport& network() const noexcept { return x_network; }
    VirtualClock& clock() noexcept { return x_clock; }
    config::Config& configuration() noexcept { return x_config; }
    store::Database& database() const;

private:
    struct Process;

    std::optional<int> run(const std::function<boost::asio::awaitable<int>(daemon::Engine&)>& work,
                           std::optional<Duration> duration, bool kill);
    SQLite::Database& reader() const;
    void start();
    void die();
    void observe();
    static int on_commit(void* world) noexcept;

    std::uint64_t x_seed;
    config::Environment x_environment;
    config::Config x_config;
    std::optional<graph::test::StderrCapture> x_stderr;
    VirtualClock x_clock;
    boost::asio::io_context x_idle;  ///< nothing ever runs on it
    SeededRng x_rng;
    SeededRng x_weather;  ///< latencies
    ScratchDirectory x_directory;
    std::filesystem::path x_file;
    int x_generation = 0;
    graphsim::Tenant x_tenant;
    SimTransport x_network;
    std::vector<std::pair<Duration, std::function<void()>>> x_life;
    bool x_dead = false;
    bool x_cut_short = false;  ///< the last engine ended while pulls were at work
    std::uint64_t x_commits = 0;
    std::optional<std::uint64_t> x_last_commit;
    std::string x_watermark;
    std::string x_observed;  ///< what was wrong at some time before
    std::unique_ptr<Process> x_process;
    mutable std::unique_ptr<SQLite::Database> x_reader;
};

}  // namespace cloudpcd::simulation
