#pragma once
// A simulated tenant, a mirror and the estate that jobs see of them, on one virtual clock.

#include "daemon/estate.hpp"
#include "sync/core/rng.hpp"
#include "sync/mirror/mirror_database.hpp"
#include "sync/mirror/records.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/unit/mirror/delta_world.hpp"
#include "tests/unit/store/fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudpcd::daemon::test {

namespace bj = boost::json;

inline graphsim::TenantOptions small_tenant(const Clock& clock)
{
    using namespace std::chrono_literals;
    graphsim::TenantOptions options;
    options.cloud_pcs = 70;
    options.audit_events = 30;
    options.snapshots = 5;
    options.odd_data = false;
    options.page_size_default = 20;
    options.page_size_max = 20;
    options.token_lifetime = 24h * 30;
    options.writes.start_delay = graphsim::always(2s);
    options.writes.pace = 0.1;
    options.now = [&clock] { return clock.utc_now(); };
    return options;
}

struct EstateWorld {
    explicit EstateWorld(double per_minute = 0)
        : throttle{clock, {.per_minute = {per_minute, per_minute, per_minute}}}
    {
        for (const auto& table : tables) {
            const auto name = table.collection().table;
            if (name == "cloud_pcs" || name == "user_settings" || name == "snapshots") {
                mirror::include_resource(store.database(), name, 60);
                parts.tables.push_back(&table);
            }
        }
        estate.emplace(parts);
    }

    template <class T>
    T await(boost::asio::awaitable<T> operation)
    {
        return clock.await(io, std::move(operation));
    }
    Result<std::optional<bj::object>> object(std::string_view table, std::string id)
    {
        return await(estate->object(table, std::move(id)));
    }
    /// Ids of a list.
    Result<std::vector<bj::object>> list(std::string_view table, std::optional<UtcTime> since = {})
    {
        return await(estate->objects(table, since, [](const bj::object& one) {
            return std::optional{bj::object{{"id", one.at("id")}}};
        }));
    }
    Result<bj::value> function(std::string_view table, std::string id, std::string name)
    {
        return await(estate->function(table, std::move(id), std::move(name)));
    }
    void refresh(std::string_view table, std::vector<std::string> ids)
    {
        const auto done = [](jobs::Estate& of, std::string_view name,
                             std::vector<std::string> some) -> boost::asio::awaitable<bool> {
            co_await of.refresh(name, std::move(some));
            co_return true;
        };
        await(done(*estate, table, std::move(ids)));
    }
    /// Requests with that part in their target, in all.
    std::ptrdiff_t asked(std::string_view part) const
    {
        return std::ranges::count_if(transport.targets, [&](const std::string& target) {
            return target.find(part) != std::string::npos;
        });
    }
    std::string first(std::string_view set) const { return tenant.objects(set).front().id; }
    std::string one(std::string_view sql) { return store::test::value(store.database(), sql); }

    boost::asio::io_context io{};
    simulation::VirtualClock clock{};
    SeededRng rng{1};
    graphsim::Tenant tenant{small_tenant(clock)};
    mirror::test::TenantTransport transport{tenant};
    mirror::test::TenantCredentials credentials{tenant};
    graph::Throttle throttle;
    graph::Client client{
        transport,
        credentials,
        throttle,
        clock,
        rng,
        {.origin = *graph::parse_origin("https://graph.microsoft.com"), .user_agent = "test"}};
    store::test::TemporaryDirectory directory{};
    std::vector<mirror::Table> tables = mirror::make_tables();
    store::Store store{
        mirror::open_mirror(directory.path() / "mirror.db", tenant.options().tenant_id, clock),
        io.get_executor()};
    mirror::Puller puller{client, store, clock, mirror::PullSettings{}};
    daemon::GraphEstate::Parts parts{
        .client = client, .mirror = store, .puller = puller, .clock = clock};
    std::optional<daemon::GraphEstate> estate{};
};

}  // namespace cloudpcd::daemon::test
