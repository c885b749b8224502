#include "tests/simulation/world.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/url.hpp"
#include "sync/mirror/mirror_database.hpp"

#include <SQLiteCpp/Statement.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace cloudpcd::simulation {

namespace asio = boost::asio;

namespace {

constexpr std::string_view canary_secret = "c4n4ry~Secret.Of.The.Application";
constexpr int cycles_max = 15;

config::Config make_config(const graphsim::TenantOptions& tenant, config::Sync sync)
{
    config::Config made;
    made.tenant.id = tenant.tenant_id;
    made.auth.client_id = tenant.client_id;
    made.auth.credential.from_environment = true;
    const auto hosts = config::hosts_of(config::Cloud::global);
    made.graph.endpoint = hosts.graph;
    made.graph.authority = hosts.login;
    made.sync = std::move(sync);
    return made;
}

SimTransport::Options hosts_of(const config::Config& configuration)
{
    return {.graph = *graph::parse_origin(configuration.graph.endpoint),
            .login = *graph::parse_origin(configuration.graph.authority)};
}

graphsim::TenantOptions seeded(graphsim::TenantOptions options, Seed seed,
                               const VirtualClock& clock)
{
    options.seed = seed.value;
    options.client_secret = canary_secret;
    // The service's clock is right, whatever becomes of ours.
    options.now = [&clock, begin = clock.steady_now()] {
        return VirtualClock::epoch + (clock.steady_now() - begin);
    };
    return options;
}

}  // namespace

graphsim::TenantOptions WorldOptions::small_tenant()
{
    graphsim::TenantOptions options;
    options.cloud_pcs = 35;
    options.audit_events = 40;
    options.snapshots = 25;
    options.page_size_default = 10;
    options.page_size_max = 10;
    return options;
}

std::optional<std::string> direction(const char* name)
{
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): there is one thread
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

void WorldOptions::leave_out_catalog_data()
{
    for (const auto* table :
         {"gallery_images", "service_plans", "front_line_service_plans", "managed_licenses",
          "supported_regions", "cloud_apps", "cloud_pc_pools", "external_partners",
          "source_device_images", "audit_activity_types"})
        sync.resources[table].enabled = false;
}

ScratchDirectory::ScratchDirectory()
{
    const std::filesystem::path memory{"/dev/shm"};
    const auto root =
        std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    auto name = (root / "cloudpcd-simulation-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::system_error{errno, std::generic_category(), "mkdtemp"};
    x_path = name;
}

ScratchDirectory::~ScratchDirectory()
{
    std::error_code ignored;  // nothing to be done about it in a destructor
    std::filesystem::remove_all(x_path, ignored);
}

/// What dies with the process. The io_context goes last: the frames of what was in flight are
/// destroyed with it, and let go of nothing that is gone by then.
struct World::Process {
    Process(World& world, store::Database database)
        : store{std::move(database), io.get_executor()},
          throttle{world.x_clock, daemon::quota_of(world.x_config.graph)},
          tables{mirror::make_tables()}
    {
        sqlite3_commit_hook(
            store.database().handle(), [](void* of) { return World::on_commit(of); }, &world);
    }

    asio::io_context io{1};
    store::Store store;
    graph::Throttle throttle;
    std::vector<mirror::Table> tables;
    std::optional<daemon::Engine> engine;
};

World::World(Seed seed, WorldOptions options)
    : x_seed{seed.value},
      x_environment{{{"AZURE_CLIENT_SECRET", std::string{canary_secret}}}},
      x_config{make_config(options.tenant, std::move(options.sync))},
      x_rng{seed.value * 2 + 1},
      x_weather{seed.value * 2},
      x_tenant{seeded(std::move(options.tenant), seed, x_clock)},
      x_network{x_tenant, x_clock, x_weather, hosts_of(x_config)}
{
    log::configure(options.log_debug ? log::Level::debug : log::Level::info, log::Format::text);
    if (!direction("CLOUDPCD_SIMULATION_LOG"))
        x_stderr.emplace();
    x_file = x_directory.path() / "0" / "mirror.db";
    std::filesystem::create_directory(x_file.parent_path());
    start();
}

World::~World() = default;

void World::start()
{
    x_dead = false;
    x_last_commit.reset();
    x_network.revive();
    x_config.database.path = x_file;
    x_process =
        std::make_unique<Process>(*this, mirror::open_mirror(x_file, x_config.tenant.id, x_clock));
}

int World::on_commit(void* world) noexcept
{
    auto& self = *static_cast<World*>(world);
    // Staging has commits of its own, in the temp database.
    if (sqlite3_txn_state(self.x_process->store.database().handle(), "main") != SQLITE_TXN_WRITE)
        return 0;
    ++self.x_commits;
    if (self.x_last_commit && self.x_commits >= *self.x_last_commit)
        self.die();
    return self.x_dead ? 1 : 0;  // 1: rolled back
}

void World::die()
{
    x_dead = true;
    x_network.die();
}

void World::kill_at_request(std::uint64_t number)
{
    x_network.at_request(x_network.sent() + number, [this] { die(); });
}

void World::kill_at_commit(std::uint64_t number)
{
    x_last_commit = x_commits + number;
}

void World::crash_and_restart()
{
    const auto next = x_directory.path() / fmt::format("{}", ++x_generation) / x_file.filename();
    std::filesystem::create_directory(next.parent_path());
    for (const std::string_view suffix : {"", "-wal"}) {
        auto from = x_file;
        auto to = next;
        from += suffix;
        to += suffix;
        if (std::filesystem::exists(from))
            std::filesystem::copy_file(from, to);
    }
    x_reader.reset();
    x_process.reset();
    std::filesystem::remove_all(x_file.parent_path());
    x_file = next;
    start();
    observe();
}

/// Runs `work` with an engine of its own. Ends when it ends, when the process dies, or after
/// `duration`: by a wish to end, or at once with `kill`.
std::optional<int> World::run(const std::function<asio::awaitable<int>(daemon::Engine&)>& work,
                              std::optional<Duration> duration, bool kill)
{
    if (x_dead)
        throw std::logic_error{"the process is dead; restart it"};
    auto& process = *x_process;
    x_cut_short = false;
    process.engine.emplace(daemon::Engine::Parts{.executor = process.io.get_executor(),
                                                 .transport = x_network,
                                                 .throttle = process.throttle,
                                                 .store = process.store,
                                                 .clock = x_clock,
                                                 .rng = x_rng,
                                                 .tables = process.tables,
                                                 .environment = x_environment},
                           x_config);
    struct End {
        bool over = false;
        bool time_is_up = false;
        int status = 0;
        std::exception_ptr failure;
    };
    const auto end = std::make_shared<End>();  // outlives frames that a crash leaves behind
    asio::cancellation_signal wish;
    asio::co_spawn(
        process.io, work(*process.engine),
        asio::bind_cancellation_slot(wish.slot(), [end](std::exception_ptr failure, int status) {
            *end = {.over = true,
                    .time_is_up = end->time_is_up,
                    .status = status,
                    .failure = std::move(failure)};
        }));
    if (duration) {
        const auto alarm = [](Clock& clock, Duration after,
                              std::shared_ptr<End> of) -> asio::awaitable<void> {
            co_await clock.sleep_for(after);
            of->time_is_up = true;
        };
        asio::co_spawn(process.io, alarm(x_clock, *duration, end),
                       [](const std::exception_ptr&) {});
    }
    const auto live = [](VirtualClock& clock, Duration interval, std::function<void()> action,
                         std::shared_ptr<End> of) -> asio::awaitable<void> {
        while (true) {
            co_await clock.sleep_for(interval);
            if (of->over || of->time_is_up)
                co_return;
            action();
        }
    };
    for (const auto& [interval, action] : x_life)
        asio::co_spawn(process.io, live(x_clock, interval, action, end),
                       [](const std::exception_ptr& failure) {
                           if (failure)
                               std::rethrow_exception(failure);
                       });
    const auto done = [&] { return end->over || end->time_is_up || x_dead; };
    if (!x_clock.run_until(process.io, done))
        throw std::logic_error{"simulation: the engine waits for ever"};
    if (end->time_is_up && !end->over && !x_dead && !kill) {
        x_cut_short = true;
        wish.emit(asio::cancellation_type::terminal);
        if (!x_clock.run_until(process.io, [&] { return end->over || x_dead; }))
            throw std::logic_error{"simulation: the engine does not end"};
    }
    if (!x_dead && end->failure && !ends_quietly(end->failure))
        std::rethrow_exception(end->failure);
    if (x_dead || (kill && !end->over))
        return std::nullopt;
    process.engine.reset();
    observe();
    return end->status;
}

std::optional<int> World::sync_once()
{
    return run([](daemon::Engine& engine) { return engine.run_once(); }, std::nullopt, false);
}

bool World::run_for(Duration duration)
{
    const auto work = [](daemon::Engine& engine) -> asio::awaitable<int> {
        co_await engine.run();
        co_return 0;
    };
    return run(work, duration, false).has_value();
}

void World::run_for_and_kill(Duration duration)
{
    const auto work = [](daemon::Engine& engine) -> asio::awaitable<int> {
        co_await engine.run();
        co_return 0;
    };
    run(work, duration, true);
    crash_and_restart();
}

bool World::sync_until_quiet()
{
    for (int cycle = 0; cycle < cycles_max; ++cycle) {
        if (x_dead)
            crash_and_restart();
        const auto before = value("SELECT max(value) FROM meta WHERE key = 'last_seq'");
        const auto status = sync_once();
        if (!status)
            continue;
        const bool pending =
            number("SELECT count(*) FROM sync_state WHERE key IN ('missing_ids', 'next_link')") > 0;
        const bool skipped =
            number(
                "SELECT count(*) FROM sync_runs WHERE outcome = 'skipped' AND run_id IN "
                "(SELECT max(run_id) FROM sync_runs GROUP BY resource)") > 0;
        if (*status == 0 && !pending && !skipped &&
            value("SELECT max(value) FROM meta WHERE key = 'last_seq'") == before)
            return true;
        wait(std::chrono::seconds{61});  // longer than any wait that a process brings along
    }
    return false;
}

store::Database& World::database() const
{
    return x_process->store.database();
}

SQLite::Database& World::reader() const
{
    if (!x_reader)
        x_reader =
            std::make_unique<SQLite::Database>(fmt::format("file:{}?mode=ro", x_file.string()),
                                               SQLite::OPEN_READONLY | SQLite::OPEN_URI);
    return *x_reader;
}

bool ends_quietly(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

Rows rows_of(SQLite::Database& database, const std::string& sql)
{
    SQLite::Statement query{database, sql};
    Rows result;
    while (query.executeStep()) {
        std::string row;
        for (int i = 0; i < query.getColumnCount(); ++i) {
            row += i == 0 ? "" : "|";
            row += query.isColumnNull(i) ? "-" : query.getColumn(i).getString();
        }
        result.push_back(std::move(row));
    }
    return result;
}

Rows World::rows(const std::string& sql) const
{
    return rows_of(reader(), sql);
}

std::string World::value(const std::string& sql) const
{
    const auto all = rows(sql);
    if (all.size() != 1)
        throw std::logic_error{fmt::format("{} rows: {}", all.size(), sql)};
    return all.front();
}

std::vector<const schema::Collection*> World::included() const
{
    std::vector<const schema::Collection*> collections;
    for (const auto* table : daemon::included_tables(x_process->tables, x_config.sync))
        collections.push_back(&table->collection());
    return collections;
}

std::set<std::string> World::ids(std::string_view table) const
{
    const auto all = rows(fmt::format("SELECT id FROM {}", table));
    return {all.begin(), all.end()};
}

std::set<std::string> World::tenant_ids(std::string_view set) const
{
    std::set<std::string> all;
    for (const auto& object : x_tenant.objects(set))
        all.insert(object.id);
    return all;
}

std::string World::last_outcome(std::string_view resource) const
{
    const auto found =
        rows(fmt::format("SELECT outcome FROM sync_runs WHERE resource = '{}' "
                         "ORDER BY run_id DESC LIMIT 1",
                         resource));
    return found.empty() ? "-" : found.front();
}

std::vector<std::string> World::secrets() const
{
    constexpr std::size_t tokens_max = 20;  // the last ones stand for all
    std::vector<std::string> all{std::string{canary_secret}};
    const auto& tokens = x_network.tokens();
    for (std::size_t i = tokens.size() > tokens_max ? tokens.size() - tokens_max : 0;
         i < tokens.size(); ++i)
        all.push_back(tokens[i].substr(tokens[i].rfind('.') + 1));  // header and claims are none
    return all;
}

/// Takes note of what must not go back.
void World::observe()
{
    const auto found = rows(
        "SELECT value FROM sync_state WHERE resource = 'audit_events' AND "
        "key = 'watermark'");
    const auto watermark = found.empty() ? "" : found.front();
    if (watermark < x_watermark)
        x_observed += fmt::format("the watermark went back from {} to {}\n", x_watermark,
                                  watermark.empty() ? "nothing" : watermark);
    x_watermark = watermark;
}

}  // namespace cloudpcd::simulation
