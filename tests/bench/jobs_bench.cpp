// How long from an INSERT to the request on the wire, beside the time that a bare HTTP POST takes
// on the same machine in the same run; and what ten thousand jobs cost in memory.
//
// Prints, and judges nothing. Sizes by the environment: CLOUDPCD_BENCH_JOBS,
// CLOUDPCD_BENCH_CLOUD_PCS.

#include "tests/integration/daemon/jobs_world.hpp"

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <thread>

using namespace cloudpcd::test;

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Milliseconds = std::chrono::duration<double, std::milli>;
using std::chrono::system_clock;

std::size_t setting(const char* name, std::size_t otherwise)
{
    const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread by now
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Times {
    std::vector<double> ms{};

    void add(Milliseconds time) { ms.push_back(time.count()); }
    double part(double of)
    {
        std::ranges::sort(ms);
        return ms.empty()
                   ? 0
                   : ms[std::min(ms.size() - 1,
                                 static_cast<std::size_t>(of * static_cast<double>(ms.size())))];
    }
    std::string describe()
    {
        return fmt::format("p50 {:8.2f} ms   p99 {:8.2f} ms   max {:8.2f} ms", part(0.5),
                           part(0.99), part(1));
    }
};

/// Connects, posts, reads the head of the answer: what any client pays at least.
Milliseconds bare_post(std::uint16_t port)
{
    const std::string request =
        "POST /v1.0/deviceManagement/virtualEndpoint/cloudPCs/x/reboot HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const auto begun = std::chrono::steady_clock::now();
    asio::io_context context;
    asio::ip::tcp::socket socket{context};
    socket.connect({asio::ip::address_v4::loopback(), port});
    asio::write(socket, asio::buffer(request));
    asio::streambuf answer;
    asio::read_until(socket, answer, "\r\n\r\n");
    return std::chrono::steady_clock::now() - begun;
}

/// Full reads of a tenant in which something changes, one after the other, until the end.
class Syncing {
public:
    Syncing(JobsWorld& world, std::vector<std::string> machines)
        : x_thread{[&world, machines = std::move(machines), this](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  rename_some(world, machines);
                  if (world.ctl({"sync", "--full", "--wait"}).status == 0)
                      ++x_rounds;
              }
          }}
    {}
    int rounds() const noexcept { return x_rounds; }
    void stop()
    {
        x_thread.request_stop();
        x_thread.join();
    }

private:
    void rename_some(JobsWorld& world, const std::vector<std::string>& machines)
    {
        constexpr std::size_t share = 20;
        for (std::size_t i = 0; i < machines.size(); i += share)
            world.modify("cloudPCs", machines[i],
                         fmt::format(R"({{"displayName":"{} {}"}})", i, x_rounds.load()));
    }

    std::atomic<int> x_rounds = 0;
    std::jthread x_thread;
};

std::size_t executed(JobsWorld& world)
{
    return world.tenant([](graphsim::Tenant& tenant) { return tenant.executions().total(); });
}

void measure_latency(bool tls, bool syncing)
{
    const auto jobs = setting("CLOUDPCD_BENCH_JOBS", 300);
    const auto fleet = std::max(setting("CLOUDPCD_BENCH_CLOUD_PCS", 5000), jobs);
    JobsWorld world{quick_tenant(fleet), "", "", tls};
    world.start_and_sync();
    std::vector<std::string> machines;
    world.tenant([&](graphsim::Tenant& tenant) {
        for (auto& machine : tenant.objects("cloudPCs"))
            machines.push_back(machine.id);
    });
    std::optional<Syncing> sync;
    if (syncing)
        sync.emplace(world, machines);

    SQLite::Database queue{world.queue_path().string(), SQLite::OPEN_READWRITE, 5000};
    SQLite::Statement row{queue,
                          "INSERT INTO jobs (kind, target_id) VALUES ('cloud_pc.reboot', ?)"};
    std::vector<std::pair<system_clock::time_point, system_clock::time_point>> inserted;
    Times posts;
    for (std::size_t i = 0; i < jobs; ++i) {
        if (!tls)
            posts.add(bare_post(world.installation.server().port()));
        row.reset();
        row.bind(1, machines[i]);
        const auto begun = system_clock::now();
        row.exec();
        inserted.emplace_back(begun, system_clock::now());
        REQUIRE(wait_until([&] { return executed(world) > i || !world.daemon->running(); }));
    }
    const int rounds = sync ? sync->rounds() : 0;
    if (sync)
        sync->stop();

    Times from_begin;
    Times from_commit;
    SQLite::Statement attempts{queue, "SELECT job_id, client_request_id FROM job_attempts"};
    std::map<std::string, std::size_t> by_request;
    while (attempts.executeStep())
        by_request[attempts.getColumn(1).getString()] =
            static_cast<std::size_t>(attempts.getColumn(0).getInt64()) - 1;
    world.tenant([&](graphsim::Tenant& tenant) {
        for (const auto& one : tenant.executions().entries()) {
            const auto& times = inserted.at(by_request.at(one.client_request_id));
            from_begin.add(one.time - times.first);
            from_commit.add(one.time - times.second);
        }
    });
    fmt::print("\n{} jobs, {} Cloud PCs, {}, {}\n", jobs, fleet, tls ? "TLS" : "plain HTTP",
               syncing ? fmt::format("full reads all the time ({} ended)", rounds) : "idle");
    fmt::print("  INSERT begins -> request read by the tenant   {}\n", from_begin.describe());
    fmt::print("  committed     -> request read by the tenant   {}\n", from_commit.describe());
    const auto phase = [&](const char* what, const char* sql) {
        Times times;
        SQLite::Statement rows{queue, sql};
        while (rows.executeStep())
            times.add(Milliseconds{rows.getColumn(0).getDouble()});
        fmt::print("    {}    {}\n", what, times.describe());
    };
    phase("inserted -> taken in, to whole ms",
          "SELECT (julianday(e.at) - julianday(j.created_at)) * 86400000 FROM jobs j "
          "JOIN job_events e USING (job_id) WHERE e.to_state = 'queued'");
    phase("taken in -> intent               ",
          "SELECT (julianday(a.intent_at) - julianday(e.at)) * 86400000 FROM job_attempts a "
          "JOIN job_events e USING (job_id) WHERE e.to_state = 'queued'");
    if (!tls) {
        fmt::print("  a bare POST and its answer                    {}\n", posts.describe());
        fmt::print("  ratio                                         p50 {:8.1f}      p99 {:8.1f}\n",
                   from_begin.part(0.5) / posts.part(0.5),
                   from_begin.part(0.99) / posts.part(0.99));
    }
    CHECK(world.stop() == 0);
}

long resident_kib(const Process& process)
{
    const auto status = read_file(fmt::format("/proc/{}/status", process.pid()));
    constexpr std::string_view key = "VmRSS:";
    const auto at = status.find(key);
    return at == std::string::npos ? 0 : std::stol(status.substr(at + key.size()));
}

}  // namespace

TEST_CASE("latency: idle")
{
    measure_latency(false, false);
}

TEST_CASE("latency: while everything is read in full")
{
    measure_latency(false, true);
}

TEST_CASE("latency: while everything is read in full, over TLS")
{
    measure_latency(true, true);
}

TEST_CASE("memory: ten thousand jobs that wait")
{
    constexpr int jobs = 10'000;
    JobsWorld world{quick_tenant(200)};
    world.start_and_sync();
    REQUIRE(world.ctl({"freeze", "--reason", "benchmark"}).status == 0);
    const auto before = resident_kib(*world.daemon);
    const auto begun = std::chrono::steady_clock::now();
    {
        SQLite::Database queue{world.queue_path().string(), SQLite::OPEN_READWRITE, 5000};
        SQLite::Transaction all{queue};
        SQLite::Statement row{queue,
                              "INSERT INTO jobs (kind, target_id, batch_id) "
                              "VALUES ('cloud_pc.reboot', ?, 'many')"};
        for (int i = 0; i < jobs; ++i) {
            row.reset();
            row.bind(1, fmt::format("662009bc-0000-4000-8000-{:012}", i));
            row.exec();
        }
        all.commit();
    }
    const Milliseconds inserted = std::chrono::steady_clock::now() - begun;
    REQUIRE(wait_until([&] {
        return world.one("SELECT count(*) FROM jobs WHERE state = 'held'") == std::to_string(jobs);
    }));
    const Milliseconds taken = std::chrono::steady_clock::now() - begun;
    const auto after = resident_kib(*world.daemon);
    const auto cancel_begun = std::chrono::steady_clock::now();
    CHECK(world.ctl({"jobs", "cancel", "--batch", "many", "--reason", "benchmark"}).status == 0);
    const Milliseconds cancelled = std::chrono::steady_clock::now() - cancel_begun;
    fmt::print("\n{} jobs that wait\n", jobs);
    fmt::print("  inserted in {:.0f} ms, taken in after {:.0f} ms, cancelled in {:.0f} ms\n",
               inserted.count(), taken.count(), cancelled.count());
    fmt::print("  resident before {} KiB, with them {} KiB, after the cancel {} KiB\n", before,
               after, resident_kib(*world.daemon));
    CHECK(world.writes() == 0);
    CHECK(world.stop() == 0);
}
