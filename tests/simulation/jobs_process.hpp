#pragma once
// A daemon of the simulated world, as far as jobs go: what dies with the process.

#include "daemon/credential.hpp"
#include "daemon/engine.hpp"
#include "daemon/estate.hpp"
#include "sync/graph/client.hpp"
#include "sync/jobs/jobs_database.hpp"
#include "sync/jobs/runner.hpp"
#include "sync/mirror/mirror_database.hpp"
#include "sync/mirror/puller.hpp"
#include "tests/simulation/jobs_world.hpp"

#include <boost/asio/cancellation_signal.hpp>

namespace cloudpcd::simulation {

/// The io_context goes late: frames of what was in flight go with it.
struct JobsWorld::Process {
    explicit Process(JobsWorld& world)
        : network{world.x_tenant, world.x_clock, world.x_weather, hosts(world.x_config)},
          queue{jobs::open_queue({.path = world.x_file, .tenant_id = world.x_config.tenant.id},
                                 world.x_clock, world.x_rng),
                io.get_executor()},
          mirror{mirror::open_mirror(world.x_config.database.path, world.x_config.tenant.id,
                                     world.x_clock),
                 io.get_executor()},
          mirror_reader{store::Database::open_reader(world.x_config.database.path),
                        io.get_executor()},
          throttle{world.x_clock, daemon::quota_of(world.x_config.graph)},
          application{daemon::make_credentials(world.x_config, parts(world))},
          user{daemon::make_delegated(world.x_config, parts(world))},
          client{network,       *application, throttle,
                 world.x_clock, world.x_rng,  client_options(world.x_config)},
          writer{network,
                 throttle,
                 world.x_clock,
                 {.origin = client.options().origin,
                  .user_agent = client.options().user_agent,
                  .request_timeout = client.options().request_timeout}},
          puller{client,
                 mirror,
                 world.x_clock,
                 {.sync = world.x_config.sync,
                  .audit_retention = std::nullopt,
                  .tables = daemon::included_tables(world.x_tables, world.x_config.sync)}},
          estate{{.client = client,
                  .mirror = mirror_reader,
                  .puller = puller,
                  .clock = world.x_clock,
                  .tables = daemon::included_tables(world.x_tables, world.x_config.sync)}},
          anchor{world.x_file, world.x_directory.path() / "machine-id"},
          runner{{.executor = io.get_executor(),
                  .queue = queue,
                  .mirror = mirror_reader,
                  .estate = estate,
                  .writer = writer,
                  .throttle = throttle,
                  .application = *application,
                  .user = *user,
                  .clock = world.x_clock,
                  .rng = world.x_rng,
                  .anchor = anchor,
                  .clock_skew = [this] { return client.clock_skew(); }},
                 {.settings = world.x_config.jobs,
                  .origin = client.options().origin,
                  .application_id = world.x_config.auth.client_id,
                  .boot_id = world.x_rng.uuid()}}
    {}

    daemon::CredentialParts parts(JobsWorld& world)
    {
        return {.transport = network,
                .clock = world.x_clock,
                .rng = world.x_rng,
                .environment = world.x_environment};
    }

    static graph::Origin origin_of(const std::string& text) { return *graph::parse_origin(text); }

    static SimTransport::Options hosts(const config::Config& configuration)
    {
        return {.graph = origin_of(configuration.graph.endpoint),
                .login = origin_of(configuration.graph.authority)};
    }

    static graph::ClientOptions client_options(const config::Config& configuration)
    {
        return {.origin = origin_of(configuration.graph.endpoint),
                .user_agent = "cloudpcd/simulation",
                .request_timeout = configuration.graph.request_timeout,
                .concurrency = static_cast<int>(configuration.graph.concurrency)};
    }

    SimTransport network;  ///< requests that nobody waits for go with the io_context
    boost::asio::io_context io{1};
    store::Store queue;
    store::Store mirror;
    store::Store mirror_reader;
    graph::Throttle throttle;
    std::unique_ptr<graph::CachedCredentials> application;
    std::unique_ptr<graph::DelegatedCredentials> user;
    graph::Client client;
    graph::Writer writer;
    mirror::Puller puller;
    daemon::GraphEstate estate;
    jobs::Anchor anchor;
    jobs::Runner runner;
    boost::asio::cancellation_signal wish{};
    bool unwanted = false;  ///< asked to end
    bool over = false;
    std::exception_ptr failure{};
};

}  // namespace cloudpcd::simulation
