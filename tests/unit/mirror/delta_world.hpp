#pragma once
// A simulated tenant, the puller and a real database on one virtual clock: weeks pass in no time.

#include "sync/graph/client.hpp"
#include "sync/mirror/mirror_database.hpp"
#include "sync/mirror/puller.hpp"
#include "sync/mirror/refused_deletes.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/simulator/tenant.hpp"

#include <SQLiteCpp/Database.h>
#include <boost/asio/io_context.hpp>

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::mirror::test {

/// Hands requests to the tenant, or to who stands in for it.
class TenantTransport final : public graph::Transport {
public:
    explicit TenantTransport(graphsim::Tenant& tenant) : x_tenant{tenant} {}

    boost::asio::awaitable<Result<graph::HttpResponse>> send(graph::HttpRequest request,
                                                             graph::Attempt& attempt) override;

    std::vector<std::string> targets;  ///< of Graph, in order
    /// Bodies of pages given instead of the tenant's, first one first. `{base}` is the origin.
    std::deque<std::string> scripted;
    /// Called with each target before it is answered.
    std::function<void(const std::string&)> before_request;
    /// Requests answered so far make it stop: the program was killed.
    std::optional<std::size_t> stops_after;

private:
    graphsim::Tenant& x_tenant;
};

class TenantCredentials final : public graph::Credentials {
public:
    explicit TenantCredentials(graphsim::Tenant& tenant) : x_tenant{tenant} {}
    boost::asio::awaitable<Result<graph::AccessToken>> access_token() override;
    void refused(const graph::AccessToken&, const std::string&) override {}

private:
    graphsim::Tenant& x_tenant;
};

class DeltaWorld {
public:
    explicit DeltaWorld(graphsim::TenantOptions options = {});
    ~DeltaWorld();
    DeltaWorld(const DeltaWorld&) = delete;
    DeltaWorld& operator=(const DeltaWorld&) = delete;

    /// Includes a table besides those that are read by delta rounds.
    void include(std::string_view table) { include_resource(x_store->database(), table, 300); }
    RunSummary pull(std::string_view table, PullOrder order = {});
    VerifyReport verify(std::string_view table);
    bool was_refused(std::string_view table, RunId run);
    /// Pulls users, groups and devices, which have to be complete.
    void pull_all();
    /// Closes the database and opens it again, as a program that starts anew.
    void restart();
    void pass(Duration duration) { clock.run_for(io, duration); }

    /// How the mirror differs from the tenant, and its tables from `changes`.
    std::string differences();
    std::string one(const std::string& sql);
    /// As the daemon itself.
    void execute(const std::string& sql) { x_store->database().execute(sql); }
    std::int64_t forget_refused_deletes(std::int64_t rows_max)
    {
        return mirror::forget_refused_deletes(x_store->database(), rows_max);
    }
    std::string outcome(std::string_view table)
    {
        return std::string{to_string(pull(table).outcome)};
    }
    /// Requests since the last call, without their tokens: "users/delta?$deltatoken".
    std::vector<std::string> asked();

private:
    std::filesystem::path x_directory;

public:
    boost::asio::io_context io;
    simulation::VirtualClock clock;
    SeededRng rng{1};
    graphsim::Tenant tenant;
    TenantTransport transport{tenant};

private:
    void open();
    const Table& table_of(std::string_view name) const;
    template <typename T>
    T wait_for(boost::asio::awaitable<T> work);

    TenantCredentials x_credentials{tenant};
    graph::Throttle x_throttle{clock, {.per_minute = {0, 0, 0}}};
    graph::Client x_client;
    std::vector<Table> x_tables = make_tables();
    std::unique_ptr<store::Store> x_store;
    std::unique_ptr<Puller> x_puller;
};

}  // namespace cloudpcd::mirror::test
