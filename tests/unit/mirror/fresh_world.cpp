#include "tests/unit/mirror/fresh_world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace cloudpcd::mirror::test {

namespace {

graphsim::TenantOptions with_clock(graphsim::TenantOptions options, const Clock& clock)
{
    options.now = [&clock] { return clock.utc_now(); };
    return options;
}

}  // namespace

boost::asio::awaitable<Result<graph::HttpResponse>> LateTransport::send(graph::HttpRequest request,
                                                                        graph::Attempt& attempt)
{
    const auto late = std::ranges::find_if(x_delays, [&](const auto& entry) {
        return request.url.target.find(entry.first) != std::string::npos;
    });
    auto wait = std::chrono::milliseconds{100};
    if (late != x_delays.end()) {
        wait = late->second;
        x_delays.erase(late);
    }
    auto answer = co_await x_inner.send(std::move(request), attempt);
    co_await x_clock.sleep_for(wait);
    co_return answer;
}

graphsim::TenantOptions FreshWorld::small_tenant()
{
    graphsim::TenantOptions options;
    options.cloud_pcs = 8;
    options.audit_events = 5;
    options.snapshots = 0;
    options.odd_data = false;
    return options;
}

FreshWorld::FreshWorld(config::ResourceSync cloud_pcs, graphsim::TenantOptions options)
    : tenant{with_clock(std::move(options), clock)},
      x_client{
          transport,
          x_credentials,
          x_throttle,
          clock,
          rng,
          {.origin = *graph::parse_origin("https://graph.microsoft.com"), .user_agent = "test"}}
{
    x_store = std::make_unique<store::Store>(
        open_mirror(x_directory.path() / "mirror.db", tenant.options().tenant_id, clock),
        io.get_executor());
    PullSettings settings;
    settings.sync.resources.emplace("cloud_pcs", cloud_pcs);
    for (const auto* name : {"cloud_pcs", "audit_events"}) {
        include_resource(x_store->database(), name, 60);
        settings.tables.push_back(&table(name));
    }
    x_puller = std::make_unique<Puller>(x_client, *x_store, clock, std::move(settings));
}

const Table& FreshWorld::table(std::string_view name) const
{
    const auto found = std::ranges::find_if(
        x_tables, [&](const Table& table) { return table.collection().table == name; });
    if (found == x_tables.end())
        throw std::out_of_range{std::string{name}};
    return *found;
}

FreshWorld::Running FreshWorld::start(boost::asio::awaitable<RunSummary> operation)
{
    Running running;
    boost::asio::co_spawn(io, std::move(operation),
                          [run = running.x_run, failure = running.x_failure](
                              std::exception_ptr thrown, RunSummary summary) {
                              *failure = std::move(thrown);
                              run->emplace(std::move(summary));
                          });
    pass(Duration{0});
    return running;
}

FreshWorld::Running FreshWorld::start_pull(std::string_view name, PullOrder order)
{
    return start(x_puller->pull(table(name), order));
}

FreshWorld::Running FreshWorld::start_refresh(std::vector<std::string> ids)
{
    return start(
        x_puller->refresh(table("cloud_pcs"), std::move(ids), graph::Priority::interactive));
}

RunSummary FreshWorld::result(const Running& running)
{
    if (!clock.run_until(io, [&] { return running.ended(); }))
        throw std::logic_error{"the operation waits for ever"};
    if (*running.x_failure)
        std::rethrow_exception(*running.x_failure);
    return **running.x_run;
}

void FreshWorld::rename(const std::string& id, std::string_view name)
{
    auto time = format_rfc3339(clock.utc_now());
    REQUIRE(tenant.modify(
        "cloudPCs", id,
        fmt::format(R"({{"managedDeviceName":"{}","lastModifiedDateTime":"{}"}})", name, time)));
}

void FreshWorld::report(const std::string& id, Duration ago, std::string_view type)
{
    tenant.add("auditEvents",
               fmt::format(R"({{"displayName":"x","activityDateTime":"{}",)"
                           R"("resources":[{{"resourceId":"{}","resourceType":"{}"}}]}})",
                           format_rfc3339(clock.utc_now() - ago), id, type));
}

std::string FreshWorld::name_of(const std::string& id)
{
    const auto names = store::test::rows(
        x_store->database(),
        fmt::format("SELECT coalesce(managed_device_name, '') FROM cloud_pcs WHERE id = '{}'", id));
    return names.empty() ? "-" : names.front();
}

std::string FreshWorld::one(std::string_view sql)
{
    return store::test::value(x_store->database(), sql);
}

std::vector<std::string> FreshWorld::asked(std::string_view part)
{
    std::vector<std::string> found;
    for (; x_asked < transport.targets().size(); ++x_asked) {
        const auto& target = transport.targets()[x_asked];
        if (target.find(part) != std::string::npos)
            found.push_back(target);
    }
    return found;
}

}  // namespace cloudpcd::mirror::test
