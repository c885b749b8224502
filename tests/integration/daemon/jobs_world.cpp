#include "tests/integration/daemon/jobs_world.hpp"

#include "tests/support/mirror_check.hpp"

#include <SQLiteCpp/Statement.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <thread>

namespace cloudpcd::test {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds look_again{5};
constexpr int busy_timeout_ms = 5000;

std::string text(SQLite::Statement& row, int column)
{
    return row.isColumnNull(column) ? "" : row.getColumn(column).getString();
}

bool is_write(const graphsim::LoggedRequest& request)
{
    return request.method != "GET" &&
           request.target.find("/deviceManagement/") != std::string::npos;
}

std::string header(const graphsim::LoggedRequest& request, std::string_view name)
{
    const auto found = std::ranges::find_if(request.headers, [&](const auto& header) {
        return std::ranges::equal(header.first, name, [](char a, char b) {
            return std::tolower(static_cast<unsigned char>(a)) == b;
        });
    });
    return found == request.headers.end() ? "" : found->second;
}

}  // namespace

bool wait_until(const std::function<bool()>& done)
{
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!done()) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::sleep_for(look_again);
    }
    return true;
}

graphsim::TenantOptions quick_tenant(std::size_t cloud_pcs)
{
    graphsim::TenantOptions options{.device_code_interval = std::chrono::seconds{1},
                                    .cloud_pcs = cloud_pcs,
                                    .audit_events = 20,
                                    .snapshots = 10,
                                    .odd_data = false};
    options.writes.start_delay = graphsim::always(50ms);
    options.writes.audit_delay = graphsim::always(50ms);
    options.writes.pace = 0.0001;
    return options;
}

std::string JobRow::describe() const
{
    return fmt::format("job {} is {} {}: {} {} {} {} {}", job_id, state, held_by, state_reason,
                       http_status, error_code, error_message, result);
}

JobsWorld::JobsWorld(graphsim::TenantOptions tenant, const std::string& jobs,
                     const std::string& more, bool tls)
    : installation{std::move(tenant), tls}
{
    installation.configure(
        fmt::format("[sync]\ninterval = \"24h\"\n[jobs]\nenabled = true\n{}{}", jobs, more));
    this->tenant([](graphsim::Tenant& of) {
        for (const auto& cloud_pc : of.objects("cloudPCs"))
            of.modify("cloudPCs", cloud_pc.id,
                      R"({"status":"provisioned","provisioningType":"dedicated",)"
                      R"("sharedDeviceDetail":null,"gracePeriodEndDateTime":null,)"
                      R"("lastRemoteActionResult":null})");
    });
}

void JobsWorld::start()
{
    daemon = installation.start();
    daemon->wait_for_error("the control socket listens");
}

void JobsWorld::start_and_sync()
{
    start();
    const auto sync = ctl({"sync", "--wait"});
    REQUIRE_MESSAGE(sync.status == 0, sync.output << sync.errors);
}

int JobsWorld::stop()
{
    daemon->signal(SIGTERM);
    return daemon->wait();
}

void JobsWorld::kill()
{
    daemon->signal(SIGKILL);
    CHECK(daemon->wait() == -SIGKILL);
}

JobsWorld::Ending JobsWorld::ctl(const std::vector<std::string>& arguments)
{
    const auto process = installation.start_ctl(arguments);
    const int status = process->wait();
    return {status, process->output(), process->errors()};
}

void JobsWorld::sign_in()
{
    const auto login = installation.start_ctl({"login"});
    login->wait_for_error("waiting until ");
    REQUIRE(tenant(
        [](graphsim::Tenant& of) { return of.approve_sign_in(of.sign_ins().front().user_code); }));
    REQUIRE(login->wait() == 0);
}

std::string JobsWorld::cloud_pc(std::size_t n)
{
    return tenant([&](graphsim::Tenant& of) { return of.objects("cloudPCs").at(n).id; });
}

void JobsWorld::modify(std::string_view set, std::string_view id, std::string_view patch)
{
    REQUIRE(tenant([&](graphsim::Tenant& of) { return of.modify(set, id, patch); }));
}

std::string JobsWorld::add(std::string_view set, std::string_view text)
{
    return tenant([&](graphsim::Tenant& of) { return of.add(set, text); });
}

std::filesystem::path JobsWorld::queue_path() const
{
    return installation.directory() / "state" / "jobs" / "jobs.db";
}

SQLite::Database JobsWorld::queue(bool writable) const
{
    return SQLite::Database{
        fmt::format("file:{}?mode={}", queue_path().string(), writable ? "rw" : "ro"),
        (writable ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY) | SQLite::OPEN_URI,
        busy_timeout_ms};
}

std::int64_t JobsWorld::insert(const JobRequest& request)
{
    auto database = queue(true);
    SQLite::Statement row{database,
                          "INSERT INTO jobs (kind, target_id, params, reason, batch_id, "
                          "requested_by) VALUES (?, ?, ?, ?, ?, 'alice')"};
    row.bind(1, request.kind);
    if (request.target)
        row.bind(2, *request.target);
    if (request.params)
        row.bind(3, *request.params);
    row.bind(4, request.reason);
    if (request.batch)
        row.bind(5, *request.batch);
    row.exec();
    return database.getLastInsertRowid();
}

std::string JobsWorld::one(const std::string& sql) const
{
    auto database = queue(false);
    return test::one(database, sql);
}

JobRow JobsWorld::row(std::int64_t job) const
{
    auto database = queue(false);
    SQLite::Statement row{database,
                          "SELECT state, held_by, state_reason, coalesce(http_status, 0), "
                          "error_code, error_message, result, attempts, finished_at IS NOT NULL "
                          "FROM jobs WHERE job_id = ?"};
    row.bind(1, job);
    REQUIRE(row.executeStep());
    return {.job_id = job,
            .state = text(row, 0),
            .held_by = text(row, 1),
            .state_reason = text(row, 2),
            .http_status = row.getColumn(3).getInt(),
            .error_code = text(row, 4),
            .error_message = text(row, 5),
            .result = text(row, 6),
            .attempts = row.getColumn(7).getInt(),
            .ended = row.getColumn(8).getInt() == 1};
}

JobRow JobsWorld::wait_for(std::int64_t job, std::string_view state)
{
    JobRow last;
    wait_until([&] {
        last = row(job);
        return last.state == state || last.ended || !daemon->running();
    });
    CHECK_MESSAGE(last.state == state, last.describe() << "; the daemon says " << daemon->errors());
    return last;
}

JobRow JobsWorld::wait_for_end(std::int64_t job)
{
    JobRow last;
    const bool ended = wait_until([&] {
        last = row(job);
        return last.ended || last.state == "in_doubt" || !daemon->running();
    });
    REQUIRE_MESSAGE(ended, last.describe());
    return last;
}

std::string JobsWorld::wait_for_mirror(const std::string& sql, std::string_view value)
{
    std::string last;
    wait_until([&] {
        last = installation.one(sql);
        return last == value;
    });
    return last;
}

std::vector<std::string> JobsWorld::request_ids(std::int64_t job) const
{
    auto database = queue(false);
    SQLite::Statement row{database,
                          "SELECT client_request_id FROM job_attempts WHERE job_id = ? "
                          "ORDER BY attempt"};
    row.bind(1, job);
    std::vector<std::string> ids;
    while (row.executeStep())
        ids.push_back(row.getColumn(0).getString());
    return ids;
}

std::vector<graphsim::Execution> JobsWorld::executions_of(std::int64_t job)
{
    const auto ids = request_ids(job);
    return tenant([&](graphsim::Tenant& of) {
        std::vector<graphsim::Execution> found;
        std::ranges::copy_if(of.executions().entries(), std::back_inserter(found),
                             [&](const auto& execution) {
                                 return std::ranges::count(ids, execution.client_request_id) > 0;
                             });
        return found;
    });
}

std::vector<graphsim::LoggedRequest> JobsWorld::writes_of(std::int64_t job)
{
    const auto ids = request_ids(job);
    return tenant([&](graphsim::Tenant& of) {
        std::vector<graphsim::LoggedRequest> found;
        std::ranges::copy_if(
            of.requests().entries(), std::back_inserter(found), [&](const auto& request) {
                return is_write(request) &&
                       std::ranges::count(ids, header(request, "client-request-id")) > 0;
            });
        return found;
    });
}

std::size_t JobsWorld::writes()
{
    return tenant([](graphsim::Tenant& of) {
        return static_cast<std::size_t>(std::ranges::count_if(of.requests().entries(), is_write));
    });
}

}  // namespace cloudpcd::test
