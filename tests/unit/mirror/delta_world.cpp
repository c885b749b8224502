#include "tests/unit/mirror/delta_world.hpp"

#include "tests/support/mirror_check.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace cloudpcd::mirror::test {

namespace {

constexpr std::string_view base = "https://graph.microsoft.com";

graphsim::TenantOptions with_clock(graphsim::TenantOptions options, const Clock& clock)
{
    options.now = [&clock] { return clock.utc_now(); };
    return options;
}

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

}  // namespace

boost::asio::awaitable<Result<graph::HttpResponse>> TenantTransport::send(
    graph::HttpRequest request, graph::Attempt&)
{
    if (stops_after && targets.size() >= *stops_after)
        co_return Error{.code = Errc::transient, .message = "the connection is gone"};
    targets.push_back(request.url.target);
    if (before_request)
        before_request(request.url.target);
    if (!scripted.empty()) {
        auto body = replaced(std::move(scripted.front()), "{base}", base);
        scripted.pop_front();
        co_return graph::HttpResponse{
            .status = 200, .headers = {{"Content-Type", "application/json"}}, .body = body};
    }
    graphsim::Request asked{.method = request.method, .target = request.url.target};
    for (auto& header : request.headers)
        asked.headers.emplace_back(header.name, header.value);
    auto response = x_tenant.handle(asked);
    graph::HttpResponse answer{.status = response.status, .headers = {}, .body = {}};
    for (auto& [name, value] : response.headers)
        answer.headers.push_back({name, value});
    answer.body = std::move(response.body);
    co_return answer;
}

boost::asio::awaitable<Result<graph::AccessToken>> TenantCredentials::access_token()
{
    const auto& options = x_tenant.options();
    const auto response = x_tenant.handle(
        {.method = "POST",
         .target = fmt::format("/{}/oauth2/v2.0/token", options.tenant_id),
         .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
         .body = fmt::format("grant_type=client_credentials&client_id={}&client_secret={}&scope="
                             "https%3A%2F%2Fgraph.microsoft.com%2F.default",
                             options.client_id, options.client_secret)});
    const auto body = boost::json::parse(response.body);
    const std::string_view token = body.at("access_token").as_string();
    co_return graph::AccessToken{
        .value = std::string{token}, .roles = options.roles, .tenant_id = {}, .serial = 0};
}

DeltaWorld::DeltaWorld(graphsim::TenantOptions options)
    : tenant{with_clock(std::move(options), clock)},
      x_client{
          transport,  x_credentials,
          x_throttle, clock,
          rng,        {.origin = *graph::parse_origin(std::string{base}), .user_agent = "test"}}
{
    auto name = (std::filesystem::temp_directory_path() / "cloudpcd-delta-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::runtime_error{"mkdtemp"};
    x_directory = name;
    open();
}

DeltaWorld::~DeltaWorld()
{
    x_store.reset();
    std::error_code ignored;
    std::filesystem::remove_all(x_directory, ignored);
}

void DeltaWorld::open()
{
    x_store = std::make_unique<store::Store>(
        open_mirror(x_directory / "mirror.db", tenant.options().tenant_id, clock),
        io.get_executor());
    for (const auto* table : {"entra_users", "entra_groups", "entra_devices"})
        include_resource(x_store->database(), table, 300);
    x_puller = std::make_unique<Puller>(x_client, *x_store, clock, PullSettings{});
}

void DeltaWorld::restart()
{
    x_puller.reset();
    x_store.reset();
    open();
}

const Table& DeltaWorld::table_of(std::string_view name) const
{
    const auto found = std::ranges::find(
        x_tables, name, [](const Table& candidate) { return candidate.collection().table; });
    if (found == x_tables.end())
        throw std::out_of_range{std::string{name}};
    return *found;
}

template <typename T>
T DeltaWorld::wait_for(boost::asio::awaitable<T> work)
{
    return clock.await(io, std::move(work));
}

RunSummary DeltaWorld::pull(std::string_view table, PullOrder order)
{
    return wait_for(x_puller->pull(table_of(table), order));
}

VerifyReport DeltaWorld::verify(std::string_view table)
{
    return wait_for(x_puller->verify(table_of(table)));
}

bool DeltaWorld::was_refused(std::string_view table, RunId run)
{
    return is_refused_run(x_store->database(), table, run);
}

void DeltaWorld::pull_all()
{
    for (const std::string_view table : {"entra_users", "entra_groups", "entra_devices"}) {
        const auto run = pull(table);
        CHECK_MESSAGE(run.outcome == Outcome::complete, std::string{table}, ": ", run.error);
    }
}

std::string DeltaWorld::differences()
{
    SQLite::Database mirror{(x_directory / "mirror.db").string(), SQLite::OPEN_READONLY};
    std::string text;
    for (const auto& line : cloudpcd::test::differences(mirror, tenant))
        text += line + "\n";
    for (const auto& line : cloudpcd::test::replay_differences(mirror))
        text += line + "\n";
    return text;
}

std::string DeltaWorld::one(const std::string& sql)
{
    SQLite::Database mirror{(x_directory / "mirror.db").string(), SQLite::OPEN_READONLY};
    return cloudpcd::test::one(mirror, sql);
}

std::vector<std::string> DeltaWorld::asked()
{
    std::vector<std::string> short_ones;
    for (const auto& target : std::exchange(transport.targets, {})) {
        auto text = target.substr(std::string_view{"/v1.0/"}.size());
        if (text.find('&') == std::string::npos)
            text.resize(std::min(text.size(), text.find('=')));
        short_ones.push_back(std::move(text));
    }
    return short_ones;
}

}  // namespace cloudpcd::mirror::test
