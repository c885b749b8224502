// graph-sim: the simulated tenant as a program.

#include "tests/simulator/server.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

namespace asio = boost::asio;

constexpr int exit_unavailable = 69;  // EX_UNAVAILABLE of sysexits.h

struct Settings {
    graphsim::TenantOptions tenant{};
    graphsim::ServerOptions server{};
    std::int64_t churn_interval_ms = 0;
    std::vector<std::string> certificate_files{};
    std::vector<std::string> federated_token_files{};
    bool quota = false;
    bool no_odd_data = false;
    bool snapshot_paging = false;
};

constexpr const char* footer =
    "Prints one line of JSON when it is ready: endpoint, authority, tenant_id, client_id, "
    "ca_file,\n"
    "pid. Serves on 127.0.0.1 until SIGTERM or SIGINT.\n\n"
    "Controls, on the same port, without authentication:\n"
    "  GET    /sim/state/{set}     the objects as they are; ?offset= &limit= &version=v1.0|beta\n"
    "  GET    /sim/requests        what was asked, newest last; ?limit=\n"
    "  GET    /sim/stats           counts of requests, connections, objects and faults\n"
    "  POST   /sim/faults          adds a fault      DELETE /sim/faults   removes all\n"
    "  POST   /sim/churn           changes, removes, adds and hides objects\n"
    "  POST   /sim/objects/{set}   add, modify, remove or hide one object\n"
    "  GET    /sim/sign-in         user codes       POST /sim/sign-in     approve, decline...\n"
    "tests/simulator/README.md has the bodies.";

void add_options(CLI::App& app, Settings& settings)
{
    auto& tenant = settings.tenant;
    app.footer(footer);
    app.add_option("--cloud-pcs", tenant.cloud_pcs, "Cloud PCs of the tenant")
        ->capture_default_str();
    app.add_option("--audit-events", tenant.audit_events, "Audit events of the last 90 days")
        ->capture_default_str();
    app.add_option("--snapshots", tenant.snapshots, "Snapshots of Cloud PCs")
        ->capture_default_str();
    app.add_option("--users", tenant.users, "Users of the directory")->capture_default_str();
    app.add_option("--groups", tenant.groups, "Groups of the directory")->capture_default_str();
    app.add_option("--devices", tenant.devices, "Devices of the directory, and of Intune")
        ->capture_default_str();
    app.add_option("--seed", tenant.seed, "The same seed makes the same tenant")
        ->capture_default_str();
    app.add_option("--port", settings.server.port, "Port on 127.0.0.1; 0: any free one")
        ->capture_default_str();
    app.add_flag("--tls", settings.server.tls, "HTTPS with a certificate made at the start");
    app.add_option("--ca-out", settings.server.ca_file,
                   "With --tls: file for the authority that clients have to trust (PEM)");
    app.add_option("--tenant-id", tenant.tenant_id, "Tenant to serve")->capture_default_str();
    app.add_option("--client-id", tenant.client_id, "Application that may ask for tokens")
        ->capture_default_str();
    app.add_option("--client-secret", tenant.client_secret, "Its secret")->capture_default_str();
    app.add_option("--certificate", settings.certificate_files,
                   "File with a certificate the application may sign in with (PEM); repeatable")
        ->check(CLI::ExistingFile);
    app.add_option("--federated-token", settings.federated_token_files,
                   "File with a token of the issuer that the application trusts; repeatable")
        ->check(CLI::ExistingFile);
    app.add_option("--ignore-filter", tenant.unfiltered,
                   "A set whose lists ignore $filter; repeatable");
    app.add_option("--identity", tenant.user_identities,
                   "Client id of a user-assigned managed identity; repeatable");
    app.add_option("--public-client", tenant.public_client_id,
                   "Client id of the application that users sign in to; else that of --client-id");
    app.add_flag("--quota", settings.quota,
                 "Enforce the documented 90 list and 270 get requests a minute for Cloud PCs");
    app.add_option("--churn-interval", settings.churn_interval_ms,
                   "Change part of the tenant every so often: 30s, 5m")
        ->transform(CLI::AsNumberWithUnit(
            std::map<std::string, std::int64_t>{
                {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}},
            CLI::AsNumberWithUnit::UNIT_REQUIRED, "DURATION"));
    app.add_option("--page-size", tenant.page_size_default, "Objects of a page without $top")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    app.add_flag("--snapshot-paging", settings.snapshot_paging,
                 "Page links show the list as it was at its first page");
    app.add_flag("--no-odd-data", settings.no_odd_data,
                 "Only values as one would expect them: no unknown members, broken dates...");
}

void announce(const Settings& settings, const graphsim::Server& server)
{
    const boost::json::object line{{"endpoint", server.endpoint()},
                                   {"authority", server.endpoint()},
                                   {"tenant_id", settings.tenant.tenant_id},
                                   {"client_id", settings.tenant.client_id},
                                   {"ca_file", settings.server.ca_file.string()},
                                   {"pid", ::getpid()}};
    fmt::print("{}\n", boost::json::serialize(line));
    std::fflush(stdout);
}

asio::awaitable<void> churn(graphsim::Tenant& tenant, std::chrono::milliseconds interval,
                            asio::steady_timer& timer)
{
    while (true) {
        timer.expires_after(interval);
        const auto [stopped] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        if (stopped)
            co_return;
        tenant.churn({.audit_events = 5});
        tenant.churn({.sets = {std::begin(graphsim::directory_churn_sets),
                               std::end(graphsim::directory_churn_sets)}});
    }
}

std::string content_of(const std::string& file)
{
    std::ifstream in{file, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    while (text.ends_with('\n') || text.ends_with('\r'))
        text.pop_back();
    if (!in || text.empty())
        throw std::runtime_error{"nothing can be read from " + file};
    return text;
}

int run(Settings& settings)
{
    for (const auto& file : settings.certificate_files)
        settings.tenant.client_certificates.push_back(content_of(file));
    for (const auto& file : settings.federated_token_files)
        settings.tenant.federated_tokens.push_back(content_of(file));
    settings.tenant.odd_data = !settings.no_odd_data;
    if (settings.quota)
        settings.tenant.quota = graphsim::Quota::documented();
    if (settings.snapshot_paging)
        settings.tenant.cursors = graphsim::CursorKind::snapshot;

    asio::io_context context{1};
    graphsim::Tenant tenant{settings.tenant};
    graphsim::Server server{context, tenant, settings.server};
    asio::signal_set signals{context, SIGTERM, SIGINT};
    signals.async_wait([&](const boost::system::error_code&, int) { context.stop(); });
    asio::steady_timer timer{context};
    if (settings.churn_interval_ms > 0)
        asio::co_spawn(context,
                       churn(tenant, std::chrono::milliseconds{settings.churn_interval_ms}, timer),
                       [](const std::exception_ptr& thrown) {
                           if (thrown)
                               std::rethrow_exception(thrown);
                       });
    announce(settings, server);
    context.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    Settings settings;
    CLI::App app{"A simulated Windows 365 tenant behind Microsoft Graph, for tests and demos"};
    add_options(app, settings);
    CLI11_PARSE(app, argc, argv);
    try {
        return run(settings);
    } catch (const std::exception& problem) {
        fmt::print(stderr, "graph-sim: {}\n", problem.what());
        return exit_unavailable;
    }
}
