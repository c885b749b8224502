// Jobs with the built daemon: every kind goes in by SQL, comes out as the one right request, ends,
// and shows in the mirror.

#include "tests/integration/daemon/job_kinds.hpp"

#include <SQLiteCpp/Database.h>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <regex>
#include <set>

using namespace cloudpcd::test;
namespace faults = graphsim::faults;

namespace {

using namespace std::chrono_literals;
namespace bj = boost::json;

constexpr std::string_view password_canary = "canary~ad-join~77";

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

std::string id_in(const std::string& result)
{
    boost::system::error_code failed;
    const auto value = bj::parse(result, failed);
    const auto* id = failed || !value.is_object() ? nullptr : value.get_object().if_contains("id");
    return id == nullptr || !id->is_string() ? "" : std::string{id->get_string()};
}

/// As equal as JSON is: the order of members does not count.
bool same_json(const std::string& left, const std::string& right)
{
    boost::system::error_code failed;
    const auto one = bj::parse(left, failed);
    const auto other = bj::parse(right, failed);
    return !failed && one == other;
}

std::int64_t insert(JobsWorld& world, const KindCase& of)
{
    return world.insert({.kind = of.kind,
                         .target = of.target.empty() ? std::nullopt : std::optional{of.target},
                         .params = of.params.empty() ? std::nullopt : std::optional{of.params}});
}

void check_request(JobsWorld& world, const KindCase& of, std::int64_t job)
{
    const auto writes = world.writes_of(job);
    REQUIRE(writes.size() == 1);
    const auto path =
        replaced(replaced(writes.front().target, "/deviceManagement/virtualEndpoint", "/VE"),
                 of.target.empty() ? "{none}" : of.target, "{id}");
    CHECK(writes.front().method + " " + path == of.request);
    const auto executions = world.executions_of(job);
    REQUIRE(executions.size() == 1);
    if (of.body.empty())
        CHECK(executions.front().body == "");
    else
        CHECK_MESSAGE(same_json(executions.front().body, of.body), executions.front().body);
    CHECK(world.one(fmt::format("SELECT method || ' ' || path || ' ' || verdict FROM job_attempts "
                                "WHERE job_id = {}",
                                job)) ==
          fmt::format("{} {} executed", writes.front().method, writes.front().target));
}

void check_end(JobsWorld& world, const KindCase& of, std::int64_t job)
{
    const auto row = world.wait_for_end(job);
    REQUIRE_MESSAGE(row.state == "succeeded", row.describe());
    CHECK(row.attempts == 1);
    CHECK(row.http_status / 100 == 2);
    check_request(world, of, job);
    if (!of.sync.empty())
        CHECK(world.ctl({"sync", of.sync, "--wait"}).status == 0);
    const auto effect = replaced(of.effect, "{result}", id_in(row.result));
    CHECK_MESSAGE(world.wait_for_mirror(effect, of.value) == of.value, effect);
    CHECK(world.one(fmt::format("SELECT count(*) FROM job_targets WHERE job_id = {} AND open",
                                job)) == "0");
}

/// All at once: they have different targets, and one is not to disturb another.
void check_all(JobsWorld& world, const std::vector<KindCase>& cases)
{
    std::vector<std::int64_t> jobs;
    for (const auto& of : cases) {
        CAPTURE(of.kind);
        jobs.push_back(insert(world, of));
    }
    for (std::size_t i = 0; i < cases.size(); ++i) {
        CAPTURE(cases[i].kind);
        check_end(world, cases[i], jobs[i]);
    }
    CHECK(world.writes() == cases.size());
    // Budgets are counted from the fleet as the mirror has it by now.
    CHECK(world.one("SELECT coalesce(max(reason), 'none') FROM job_events "
                    "WHERE to_state = 'held'") == "none");
    CHECK(world.one("PRAGMA integrity_check") == "ok");
    CHECK(world.stop() == 0);
}

/// Every file below the installation that holds the text.
std::set<std::string> files_with(const Installation& installation, std::string_view text)
{
    std::set<std::string> found;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator{installation.directory()}) {
        if (entry.is_regular_file() && has(read_file(entry.path()), text))
            found.insert(entry.path().filename().string());
    }
    return found;
}

constexpr auto with_secret =
    "destructive_per_hour = 1000\ndestructive_fraction_per_day = 1.0\n"
    "[jobs.secrets]\nad-join-password = \"ad-join-password\"\n";

}  // namespace

TEST_CASE("jobs: there is a case for every kind of the reference")
{
    JobsWorld world;
    std::set<std::string> tested;
    for (const auto& cases : {policy_cases(world), cloud_pc_cases(world), bulk_cases(world),
                              image_cases(world), connection_cases(world), other_cases(world)}) {
        for (const auto& of : cases)
            tested.insert(of.kind);
    }
    const auto reference = read_file(CLOUDPCD_SOURCE_DIR "/docs/reference/actions.md");
    const std::regex heading{"\n## ([a-z_.]+)\n"};
    std::set<std::string> kinds;
    for (std::sregex_iterator at{reference.begin(), reference.end(), heading}, end; at != end; ++at)
        kinds.insert((*at)[1]);
    CHECK(kinds.size() == 54);
    CHECK(tested == kinds);
}

TEST_CASE("jobs: provisioning policies")
{
    JobsWorld world;
    const auto cases = policy_cases(world);
    world.start_and_sync();
    check_all(world, cases);
}

TEST_CASE("jobs: one Cloud PC")
{
    JobsWorld world;
    const auto cases = cloud_pc_cases(world);
    world.start_and_sync();
    check_all(world, cases);
}

TEST_CASE("jobs: many Cloud PCs by bulk actions")
{
    JobsWorld world;
    const auto cases = bulk_cases(world);
    world.start_and_sync();
    check_all(world, cases);
}

TEST_CASE("jobs: device images")
{
    JobsWorld world;
    const auto cases = image_cases(world);
    world.start_and_sync();
    check_all(world, cases);
}

TEST_CASE("jobs: network connections, as the user who has signed in, and without one held")
{
    JobsWorld world{quick_tenant(), with_secret, "[log]\nlevel = \"trace\"\n"};
    world.installation.write_secret("ad-join-password", std::string{password_canary} + "\n");
    const auto cases = connection_cases(world);
    world.start_and_sync();
    std::vector<std::int64_t> jobs;
    jobs.reserve(cases.size());
    for (const auto& of : cases)
        jobs.push_back(insert(world, of));
    for (std::size_t i = 0; i < cases.size(); ++i) {
        CAPTURE(cases[i].kind);
        const bool by_application = has(cases[i].kind, "password");
        const auto row = world.wait_for(jobs[i], by_application ? "succeeded" : "held");
        if (!by_application) {
            CHECK(row.held_by == "login");
            CHECK(has(row.state_reason, "cloudpcctl login"));
        }
    }
    CHECK(world.writes() == 1);
    world.sign_in();
    for (std::size_t i = 0; i < cases.size(); ++i) {
        CAPTURE(cases[i].kind);
        check_end(world, cases[i], jobs[i]);
    }
    CHECK(world.writes() == cases.size());

    const auto password_of = [&](const std::string& id) {
        return world.tenant([&](graphsim::Tenant& of) { return of.ad_domain_password(id); });
    };
    CHECK(password_of(cases[3].target) == password_canary);
    CHECK(password_of(id_in(world.row(jobs[0]).result)) == password_canary);
    CHECK(world.stop() == 0);
    CHECK(files_with(world.installation, password_canary) ==
          std::set<std::string>{"ad-join-password"});
}

TEST_CASE("jobs: user settings, the organization, apps and partners")
{
    JobsWorld world;
    const auto cases = other_cases(world);
    world.start_and_sync();
    check_all(world, cases);
}

TEST_CASE("jobs: a secret that the daemon does not know is rejected, a literal one not taken")
{
    JobsWorld world{quick_tenant(), with_secret};
    world.installation.write_secret("ad-join-password", std::string{password_canary} + "\n");
    const auto cases = connection_cases(world);
    world.start_and_sync();
    auto of = cases[3];
    of.params = R"({"adDomainPassword":{"credential":"another"}})";
    const auto row = world.wait_for(insert(world, of), "rejected");
    CHECK_MESSAGE(has(row.state_reason, "[jobs.secrets]"), row.state_reason);
    of.params = fmt::format(R"({{"adDomainPassword":"{}"}})", "literal-canary-78");
    CHECK_THROWS(insert(world, of));
    CHECK(world.writes() == 0);
    CHECK(world.stop() == 0);
    CHECK(files_with(world.installation, "literal-canary-78").empty());
}

TEST_CASE("jobs: with enabled = false nothing is sent, and rows stay")
{
    JobsWorld world;
    world.installation.edit("enabled = true", "enabled = false");
    world.start_and_sync();
    const auto job = world.insert({.kind = "cloud_pc.reboot", .target = world.cloud_pc(0)});
    CHECK(wait_until([&] {
        return !world.one(fmt::format("SELECT expires_at FROM jobs WHERE job_id = {}", job))
                    .empty();
    }));
    CHECK(world.row(job).state == "submitted");
    CHECK(world.stop() == 0);
    CHECK(world.row(job).state == "submitted");
    CHECK(world.writes() == 0);

    world.installation.edit("enabled = false", "enabled = true");
    world.start();
    CHECK(world.wait_for_end(job).state == "succeeded");
    CHECK(world.writes() == 1);
}

TEST_CASE("jobs: whoever holds the lock of the queue for long is waited for")
{
    JobsWorld world;
    world.start_and_sync();
    SQLite::Database shell{world.queue_path().string(), SQLite::OPEN_READWRITE};
    shell.exec("BEGIN IMMEDIATE");
    shell.exec(fmt::format("INSERT INTO jobs (kind, target_id) VALUES ('cloud_pc.reboot', '{}')",
                           world.cloud_pc(0)));
    const auto job = shell.getLastInsertRowid();
    const auto refused = world.ctl({"jobs", "submit", "cloud_pc.reboot", "--target",
                                    world.cloud_pc(1), "--reason", "while it is locked"});
    CHECK(refused.status == 1);
    CHECK_MESSAGE(has(refused.errors, "lock"), refused.errors);
    shell.exec("COMMIT");
    CHECK(world.wait_for_end(job).state == "succeeded");
    CHECK(world.stop() == 0);
}

TEST_CASE("jobs: SIGTERM does not wait for whoever holds the lock of the queue")
{
    JobsWorld world;
    world.start_and_sync();
    SQLite::Database shell{world.queue_path().string(), SQLite::OPEN_READWRITE};
    shell.exec("BEGIN IMMEDIATE");
    std::vector<std::unique_ptr<Process>> waiting;
    for (std::size_t i = 0; i < 5; ++i)
        waiting.push_back(
            world.installation.start_ctl({"jobs", "submit", "cloud_pc.reboot", "--target",
                                          world.cloud_pc(i), "--reason", "while it is locked"}));
    // Meanwhile they get into the queue, where each would wait for the lock in turn.
    SQLite::Database another{world.queue_path().string(), SQLite::OPEN_READWRITE, 3000};
    CHECK_THROWS(another.exec("BEGIN IMMEDIATE"));
    const auto begun = std::chrono::steady_clock::now();
    CHECK(world.stop() == 0);
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
    for (const auto& one : waiting)
        CHECK(one->wait() != 0);
    shell.exec("COMMIT");
    CHECK(world.one("SELECT count(*) FROM jobs") == "0");
}

TEST_CASE("jobs: SIGTERM waits for the answer to a request that is on the wire")
{
    JobsWorld world;
    world.start_and_sync();
    world.tenant([](graphsim::Tenant& of) {
        auto late = faults::effect("/reboot", graphsim::Effect::delay);
        late.delay = 2s;
        of.faults().add(late);
    });
    const auto job = world.insert({.kind = "cloud_pc.reboot", .target = world.cloud_pc(0)});
    REQUIRE(wait_until([&] { return world.writes() == 1; }));
    const auto begun = std::chrono::steady_clock::now();
    CHECK(world.stop() == 0);
    CHECK(std::chrono::steady_clock::now() - begun < 15s);
    const auto row = world.row(job);
    CHECK_MESSAGE(row.state == "accepted", row.describe());
    CHECK(row.http_status == 204);
    world.start();
    CHECK(world.wait_for_end(job).state == "succeeded");
    CHECK(world.executions_of(job).size() == 1);
}

TEST_CASE("jobs: SIGTERM leaves a request in doubt that is not answered, and evidence ends that")
{
    JobsWorld world;
    world.start_and_sync();
    world.tenant([](graphsim::Tenant& of) {
        of.faults().add(faults::executed("/reboot", graphsim::Effect::hang));
    });
    const auto job = world.insert({.kind = "cloud_pc.reboot", .target = world.cloud_pc(0)});
    REQUIRE(wait_until([&] { return world.writes() == 1; }));
    const auto begun = std::chrono::steady_clock::now();
    CHECK(world.stop() == 0);
    CHECK(std::chrono::steady_clock::now() - begun < 15s);
    const auto row = world.row(job);
    CHECK_MESSAGE(row.state == "in_doubt", row.describe());
    CHECK(world.one("SELECT verdict FROM job_attempts") == "unknown");
    world.start();
    CHECK(world.wait_for(job, "succeeded").attempts == 1);
    CHECK(world.one("SELECT evidence IS NOT NULL FROM job_attempts") == "1");
    CHECK(world.executions_of(job).size() == 1);
    CHECK(world.writes() == 1);
}

TEST_CASE("jobs: --once sends what is due, and says what failed or is in doubt by its status")
{
    JobsWorld world;
    CHECK_MESSAGE(world.installation.once() == 0, world.installation.errors());
    const auto reboot = [&](std::size_t machine) {
        return world.insert({.kind = "cloud_pc.reboot", .target = world.cloud_pc(machine)});
    };
    const auto good = reboot(0);
    CHECK_MESSAGE(world.installation.once() == 0, world.installation.errors());
    const auto state = world.row(good).state;
    CHECK_MESSAGE((state == "accepted" || state == "succeeded"), state);
    CHECK(world.executions_of(good).size() == 1);

    world.tenant([](graphsim::Tenant& of) { of.faults().add(faults::status("/reboot", 403)); });
    const auto refused = reboot(1);
    CHECK(world.installation.once() == 1);
    CHECK(has(world.installation.errors(), fmt::format("job {}", refused)));
    CHECK(world.row(refused).state == "failed");
    CHECK(world.executions_of(refused).empty());

    world.tenant([](graphsim::Tenant& of) {
        of.faults().add(faults::lost("/reboot", graphsim::Effect::reset_before_response));
    });
    const auto doubtful = reboot(2);
    CHECK(world.installation.once() == 1);
    CHECK(has(world.installation.errors(), fmt::format("job {}", doubtful)));
    CHECK(world.row(doubtful).state == "in_doubt");
    CHECK(world.executions_of(doubtful).empty());
    CHECK(world.writes() == 3);
}

TEST_CASE("jobs: --once does not wait for what it is not to send")
{
    JobsWorld world;
    world.start_and_sync();
    world.tenant([](graphsim::Tenant& of) {
        auto never = faults::executed("organizationSettings", 504);
        never.times = 0;
        of.faults().add(never);
    });
    const auto job = world.insert(
        {.kind = "organization_settings.update", .params = R"({"enableSingleSignOn":true})"});
    CHECK(wait_until(
        [&] { return world.row(job).attempts > 0 && world.row(job).state == "queued"; }));
    CHECK(world.stop() == 0);
    REQUIRE(world.row(job).state == "queued");  // it may be repeated
    const auto writes = world.writes();
    world.installation.edit("enabled = true", "enabled = false");
    CHECK(world.installation.once() == 0);
    CHECK(world.row(job).state == "queued");
    CHECK(world.writes() == writes);
}
