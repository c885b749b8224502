#include "tests/simulation/jobs_world.hpp"

#include "sync/core/log.hpp"
#include "sync/jobs/freeze.hpp"
#include "tests/simulation/jobs_process.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace cloudpcd::simulation {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t tenant_seed = 11;
/// The mirror was filled before the time at which a world begins.
constexpr Duration age_of_the_mirror = 1h;
constexpr std::string_view database_name = "jobs.db";

WorldOptions template_options()
{
    WorldOptions options;
    auto& tenant = options.tenant;
    tenant.cloud_pcs = 12;
    tenant.audit_events = 5;
    tenant.snapshots = 12;
    tenant.users = 6;
    tenant.groups = 3;
    tenant.devices = 2;
    tenant.page_size_default = 100;
    tenant.page_size_max = 100;
    tenant.odd_data = false;
    options.leave_out_catalog_data();
    return options;
}

/// Ten Cloud PCs at work, two in their grace period.
void arrange(graphsim::Tenant& tenant)
{
    int number = 0;
    for (const auto& cloud_pc : tenant.objects("cloudPCs")) {
        const bool grace = ++number > 10;
        tenant.modify("cloudPCs", cloud_pc.id,
                      fmt::format(R"({{"status":"{}","userPrincipalName":"user{}@contoso.com",)"
                                  R"("gracePeriodEndDateTime":{},"provisioningType":"dedicated"}})",
                                  grace ? "inGracePeriod" : "provisioned", number,
                                  grace ? R"("2026-01-05T00:00:00Z")" : "null"));
    }
}

void write(const fs::path& path, std::string_view text)
{
    std::ofstream{path, std::ios::binary} << text;
}

/// What all worlds begin with: made once.
struct Template {
    std::string mirror;
    std::string queue;
};

Template make_template()
{
    Template made;
    World world{Seed{tenant_seed}, template_options()};
    arrange(world.tenant());
    if (world.sync_once() != 0)
        throw std::logic_error{"the mirror cannot be filled: " + world.log()};
    world.database().checkpoint_truncate();
    made.mirror = file_contents(world.file());
    ScratchDirectory directory;
    SeededRng rng{tenant_seed};
    const auto file = directory.path() / database_name;
    jobs::open_queue({.path = file, .tenant_id = world.configuration().tenant.id}, world.clock(),
                     rng)
        .checkpoint_truncate();
    made.queue = file_contents(file);
    return made;
}

const Template& the_template()
{
    static const Template made = make_template();
    return made;
}

const std::vector<mirror::Table>& the_tables()
{
    static const auto made = mirror::make_tables();
    return made;
}

graphsim::TenantOptions tenant_options(const JobsOptions& options, const VirtualClock& clock)
{
    auto made = template_options().tenant;
    made.seed = tenant_seed;
    made.client_secret = canary_secret;
    made.writes = options.writes;
    // The service's clock is right, whatever becomes of ours.
    made.now = [&clock, begin = clock.steady_now()] {
        return VirtualClock::epoch + (clock.steady_now() - begin);
    };
    return made;
}

config::Config make_config(const graphsim::TenantOptions& tenant, const JobsOptions& options,
                           const fs::path& directory)
{
    config::Config made;
    made.tenant.id = tenant.tenant_id;
    made.auth.client_id = tenant.client_id;
    made.auth.delegated_client_id = tenant.client_id;
    made.auth.credential.from_environment = true;
    const auto hosts = config::hosts_of(config::Cloud::global);
    made.graph.endpoint = hosts.graph;
    made.graph.authority = hosts.login;
    made.sync = template_options().sync;
    made.database.path = directory / "mirror.db";
    made.jobs = options.settings;
    made.jobs.secrets = {{"ad-join-password", directory / "ad-join-password"}};
    return made;
}

bool is_full_disk(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const SQLite::Exception& error) {
        return error.getErrorCode() == SQLITE_FULL;
    } catch (...) {
        return false;
    }
}

std::string text_of(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    }
}

}  // namespace

config::Jobs JobsOptions::small_budgets()
{
    config::Jobs made;
    made.enabled = true;
    made.destructive_per_hour = 3;
    made.destructive_fraction_per_day = 0.5;
    return made;
}

graphsim::WriteOptions JobsOptions::quick_tenant()
{
    graphsim::WriteOptions made;
    made.pace = 0.05;
    made.audit_delay = {.low = 5s, .high = 40s};
    return made;
}

JobsWorld::JobsWorld(Seed seed, JobsOptions options)
    : x_options{std::move(options)},
      x_rng{seed.value * 2 + 1},
      x_weather{seed.value * 2},
      x_environment{{{"AZURE_CLIENT_SECRET", std::string{canary_secret}}}},
      x_config{make_config(template_options().tenant, x_options, x_directory.path())},
      x_tenant{(the_template(), tenant_options(x_options, x_clock))},
      x_disk{x_clock, std::string{database_name}},
      x_oracle{x_tenant, x_clock, x_config.jobs},
      x_tables{the_tables()}
{
    log::configure(x_options.log_debug ? log::Level::debug : log::Level::info, log::Format::text);
    if (!direction("CLOUDPCD_SIMULATION_LOG"))
        x_stderr.emplace();
    arrange(x_tenant);
    for (const auto& cloud_pc : x_tenant.objects("cloudPCs"))
        x_cloud_pcs.push_back(cloud_pc.id);
    write(x_config.database.path, the_template().mirror);
    write(x_directory.path() / "machine-id", fmt::format("machine-{}\n", x_machine));
    write(x_directory.path() / "ad-join-password", canary_password);
    fs::permissions(x_directory.path() / "ad-join-password", fs::perms::owner_read);
    x_file = next_place();
    write(x_file, the_template().queue);
    x_clock.run_for(x_idle, age_of_the_mirror);
    start();
    if (x_options.signed_in)
        sign_in();
}

JobsWorld::~JobsWorld()
{
    x_over = true;
    if (x_process)
        x_dead.push_back(std::move(x_process));
    // What stands still ends now, where nobody sees it.
    for (const auto& process : x_dead) {
        process->network.die();
        process->wish.emit(asio::cancellation_type::terminal);
        x_clock.run_until(process->io, [&] { return process->over; });
    }
}

// --- life ----------------------------------------------------------------------------------------

fs::path JobsWorld::next_place()
{
    const auto directory = x_directory.path() / fmt::format("{}", x_generation++);
    fs::create_directory(directory);
    return directory / database_name;
}

void JobsWorld::start()
{
    x_oracle.look_at(x_file);
    x_process = std::make_unique<Process>(*this);
    auto* process = x_process.get();
    x_disk.watch([this, process](SimDisk::Step at, const fs::path& path) {
        if (path.parent_path() == x_file.parent_path())
            step(process, fmt::format("{} {}", at == SimDisk::Step::write ? "write" : "synced",
                                      path.extension().string()));
    });
    process->network.watch([this, process](SimTransport::Step at, const graph::HttpRequest& of) {
        constexpr std::array names{"leaving", "arrived", "answering"};
        if (process != x_process.get() || x_over)
            return;
        step(process, fmt::format("{} {} {}", names[static_cast<std::size_t>(at)], of.method,
                                  of.url.target.substr(0, of.url.target.find('?'))));
        if (at == SimTransport::Step::leaving && x_next.empty())
            x_oracle.leaving(of);
    });
    asio::co_spawn(
        process->io, process->runner.run(),
        asio::bind_cancellation_slot(process->wish.slot(), [process](std::exception_ptr failure) {
            process->over = true;
            process->failure = std::move(failure);
        }));
    deliver_late();
}

/// False when there is no space to start with.
bool JobsWorld::try_to_start()
{
    try {
        start();
        return true;
    } catch (const SQLite::Exception&) {
        if (!x_disk.full())
            throw;
    } catch (const store::StoreError&) {
        if (!x_disk.full())
            throw;
    }
    x_process.reset();
    return false;
}

/// Who died is started again at once.
void JobsWorld::come_to_life()
{
    if (!x_next.empty())
        bury();
    if (!x_process && !try_to_start())
        x_oracle.look_at(x_file);
}

void JobsWorld::step(const Process* of, std::string_view what)
{
    if (of != x_process.get() || x_over || !x_next.empty())
        return;
    // Of a commit the first two writes stand for the rest, which SQLite vouches for.
    const bool again = what.starts_with("write") && x_last_step == what;
    x_writes_in_a_row = again ? x_writes_in_a_row + 1 : 0;
    x_last_step = what;
    if (x_writes_in_a_row > 1)
        return;
    ++x_steps;
    const auto [first, last] = x_actions.equal_range(x_steps);
    for (auto action = first; action != last; ++action)
        action->second();
}

void JobsWorld::kill(Death death)
{
    if (!x_process || !x_next.empty())
        return;
    ++x_deaths;
    x_next = next_place();
    for (const std::string_view suffix : {"", "-wal", ".anchor"}) {
        const auto from = beside(suffix);
        const auto* durable = death == Death::power_cut ? x_disk.durable(from) : nullptr;
        if (durable != nullptr)
            write(x_next.string() + std::string{suffix}, *durable);
        else if (fs::is_regular_file(from))
            fs::copy_file(from, x_next.string() + std::string{suffix});
    }
    const jobs::Freeze freeze{x_file};
    if (fs::exists(freeze.path()))
        fs::copy_file(freeze.path(), jobs::Freeze{x_next}.path());
    for (const auto& request : x_process->network.on_their_way()) {
        if (request.method != "GET" && x_late_arrival)
            x_late.push_back(std::make_shared<Late>(
                Late{.at = x_clock.steady_now() + *x_late_arrival, .request = request}));
    }
    x_process->network.die();
}

/// The dead process is put away, and the files are those of its death.
void JobsWorld::bury()
{
    keep_record();
    x_dead.push_back(std::move(x_process));
    x_file = std::exchange(x_next, {});
    if (x_anchor_broken)
        break_anchor(true);
    pause(x_restart_pause);
}

void JobsWorld::pause(Duration duration)
{
    deliver_late();
    x_clock.run_for(x_process ? x_process->io : x_idle, duration);
}

/// Writes that outlived their process arrive in their time, whoever lives then.
void JobsWorld::deliver_late()
{
    const auto arrive = [](JobsWorld& world, std::shared_ptr<Late> late) -> asio::awaitable<void> {
        co_await world.x_clock.sleep_until(late->at);
        if (!std::exchange(late->arrived, true))
            world.x_tenant.handle(late->request);
    };
    std::erase_if(x_late, [](const auto& late) { return late->arrived; });
    auto& io = x_process ? x_process->io : x_idle;
    for (const auto& late : x_late)
        asio::co_spawn(io, arrive(*this, late), [](const std::exception_ptr&) {});
}

void JobsWorld::carry_out_plans()
{
    while (!x_plans.empty() && x_plans.begin()->first <= x_clock.steady_now()) {
        const auto plan = x_plans.extract(x_plans.begin());
        plan.mapped()();
    }
}

SteadyTime JobsWorld::next_plan(SteadyTime end) const
{
    return x_plans.empty() ? end : std::min(end, x_plans.begin()->first);
}

void JobsWorld::run_for(Duration duration)
{
    const auto end = x_clock.steady_now() + duration;
    const auto alarm = [](Clock& clock, SteadyTime at) -> asio::awaitable<void> {
        co_await clock.sleep_until(at);
    };
    while (x_clock.steady_now() < end) {
        carry_out_plans();
        if (!x_process && !try_to_start()) {
            pause(5s);
            continue;
        }
        auto& process = *x_process;
        const auto until = next_plan(end);
        asio::co_spawn(process.io, alarm(x_clock, until), [](const std::exception_ptr&) {});
        // A step may have made a plan that is due before.
        x_clock.run_until(process.io, [&] {
            return !x_next.empty() || process.over || x_clock.steady_now() >= until ||
                   next_plan(end) < until;
        });
        if (!x_next.empty()) {
            bury();
        } else if (process.over) {
            report_end(process);
            keep_record();
            x_process.reset();
            pause(5s);
        }
    }
    carry_out_plans();
    come_to_life();
}

/// Nothing but a full disk ends a daemon that nobody asked to end.
void JobsWorld::report_end(Process& process)
{
    if (process.failure && x_disk.full() && is_full_disk(process.failure))
        return;
    if (process.unwanted && process.failure && ends_quietly(process.failure))
        return;
    x_oracle.complain(fmt::format("the daemon ended: {}",
                                  process.failure ? text_of(process.failure) : "for no reason"));
}

void JobsWorld::run_until_quiet(Duration max, Duration doubt_max)
{
    const auto end = x_clock.steady_now() + max;
    const auto is_quiet = [&] {
        const auto sent = format_sql_time(x_clock.utc_now() - doubt_max);
        const auto soon = format_sql_time(x_clock.utc_now() + 30min);
        return rows(fmt::format(
                        "SELECT 1 FROM jobs WHERE state IN ('submitted', 'queued', 'sending', "
                        "'accepted') OR (state = 'in_doubt' AND (SELECT max(intent_at) FROM "
                        "job_attempts a WHERE a.job_id = jobs.job_id) > '{}') OR "
                        "(state = 'held' AND due_at < '{}') LIMIT 1",
                        sent, soon))
            .empty();
    };
    bool planned = true;
    while (x_clock.steady_now() < end && (planned || !x_plans.empty() || !is_quiet())) {
        planned = !x_plans.empty();
        run_for(1min);
    }
}

void JobsWorld::terminate()
{
    if (!x_process)
        return;
    auto& process = *x_process;
    process.unwanted = true;
    asio::post(process.io, [&process] { process.wish.emit(asio::cancellation_type::terminal); });
}

void JobsWorld::end_in_order()
{
    if (x_process && x_next.empty()) {
        auto& process = *x_process;
        terminate();
        if (!x_clock.run_until(process.io, [&] { return process.over || !x_next.empty(); }))
            x_oracle.complain("the daemon does not end");
        if (process.over)
            report_end(process);
    }
    if (!x_next.empty())
        bury();
    if (x_process)
        keep_record();
    x_process.reset();
}

/// What the process did on the network, before it goes.
void JobsWorld::keep_record()
{
    const auto& network = x_process->network;
    x_exchanges.insert(x_exchanges.end(), network.exchanges().begin(), network.exchanges().end());
    x_tokens.insert(x_tokens.end(), network.tokens().begin(), network.tokens().end());
}

void JobsWorld::stop_and_start(Duration duration)
{
    end_in_order();
    pause(duration);
    try_to_start();
}

void JobsWorld::fill_disk(bool full)
{
    x_disk.fill(full);
    break_anchor(full);
}

void JobsWorld::break_anchor(bool broken)
{
    x_anchor_broken = broken;
    const fs::path in_the_way{beside(".anchor.new")};
    if (broken)
        fs::create_directories(in_the_way / "x");
    else
        fs::remove_all(in_the_way);
}

}  // namespace cloudpcd::simulation
