#pragma once
// A tenant with Cloud PCs, the puller and a real database on one virtual clock, and answers that
// can be made to come late: the tenant has given them, but they are still on the wire.

#include "sync/mirror/puller.hpp"
#include "tests/unit/mirror/delta_world.hpp"
#include "tests/unit/store/fixture.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::mirror::test {

class LateTransport final : public graph::Transport {
public:
    LateTransport(graphsim::Tenant& tenant, Clock& clock) : x_inner{tenant}, x_clock{clock} {}

    boost::asio::awaitable<Result<graph::HttpResponse>> send(graph::HttpRequest request,
                                                             graph::Attempt& attempt) override;

    /// The next answer to a request for a target with that part takes so long.
    void delay(std::string part, Duration by) { x_delays.emplace_back(std::move(part), by); }
    const std::vector<std::string>& targets() const noexcept { return x_inner.targets; }

private:
    TenantTransport x_inner;
    Clock& x_clock;
    std::vector<std::pair<std::string, Duration>> x_delays;
};

class FreshWorld {
public:
    explicit FreshWorld(config::ResourceSync cloud_pcs = {},
                        graphsim::TenantOptions options = small_tenant());

    static graphsim::TenantOptions small_tenant();

    /// An operation that runs in the background of the test.
    class Running {
    public:
        bool ended() const noexcept { return x_run->has_value(); }

    private:
        friend class FreshWorld;
        std::shared_ptr<std::optional<RunSummary>> x_run =
            std::make_shared<std::optional<RunSummary>>();
        std::shared_ptr<std::exception_ptr> x_failure = std::make_shared<std::exception_ptr>();
    };
    Running start_pull(std::string_view table, PullOrder order = {});
    Running start_refresh(std::vector<std::string> ids);
    RunSummary result(const Running& running);

    RunSummary pull(std::string_view table, PullOrder order = {})
    {
        return result(start_pull(table, order));
    }
    RunSummary refresh(std::vector<std::string> ids)
    {
        return result(start_refresh(std::move(ids)));
    }
    void pass(Duration duration) { clock.run_for(io, duration); }

    /// The n-th Cloud PC of the tenant.
    std::string cloud_pc(std::size_t n) const { return tenant.objects("cloudPCs").at(n).id; }
    /// Gives the Cloud PC a name, now.
    void rename(const std::string& id, std::string_view name);
    /// An audit event about an object, of now or of some time ago.
    void report(const std::string& id, Duration ago = Duration{0},
                std::string_view type = "CloudPC");
    /// The name that the mirror has; "-" without a row.
    std::string name_of(const std::string& id);

    std::string one(std::string_view sql);
    void execute(const std::string& sql) { x_store->database().execute(sql); }
    /// Requests since the last call whose target has that part.
    std::vector<std::string> asked(std::string_view part);

    boost::asio::io_context io;
    simulation::VirtualClock clock;
    SeededRng rng{1};
    graphsim::Tenant tenant;
    LateTransport transport{tenant, clock};

private:
    Running start(boost::asio::awaitable<RunSummary> operation);
    const Table& table(std::string_view name) const;

    store::test::TemporaryDirectory x_directory;
    TenantCredentials x_credentials{tenant};
    graph::Throttle x_throttle{clock, {.per_minute = {0, 0, 0}}};
    graph::Client x_client;
    std::vector<Table> x_tables = make_tables();
    std::unique_ptr<store::Store> x_store;
    std::unique_ptr<Puller> x_puller;
    std::size_t x_asked = 0;
};

}  // namespace cloudpcd::mirror::test
