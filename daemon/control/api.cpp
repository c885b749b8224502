#include "daemon/control/api.hpp"

#include "sync/core/log.hpp"
#include "sync/core/version.hpp"
#include "sync/mirror/refused_deletes.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <unistd.h>
#include <utility>

namespace cloudpcd::daemon::control {

namespace asio = boost::asio;
namespace json = boost::json;
using boost::beast::http::verb;

namespace {

/// The body of POST /v1/sync.
struct SyncWish {
    std::vector<std::string> tables{};  ///< empty: all that are included
    bool full = false;
    bool wait = false;
    std::optional<mirror::RunId> accept_deletes{};
};

Problem wrong_member(std::string_view name, std::string_view accepted)
{
    return {.status = 400, .detail = fmt::format("{}: accepted: {}", name, accepted)};
}

std::optional<Problem> read_flag(std::string_view name, const json::value& value, bool& flag)
{
    if (!value.is_bool())
        return wrong_member(name, "true or false");
    flag = value.get_bool();
    return std::nullopt;
}

std::optional<Problem> read_tables(const json::value& value, std::vector<std::string>& tables)
{
    constexpr std::string_view accepted = "an array of names of tables";
    if (!value.is_array())
        return wrong_member("tables", accepted);
    for (const auto& table : value.get_array()) {
        if (!table.is_string())
            return wrong_member("tables", accepted);
        tables.emplace_back(table.get_string());
    }
    return std::nullopt;
}

std::optional<Problem> read_run(const json::value& value, std::optional<mirror::RunId>& run)
{
    if (!value.is_int64() || value.get_int64() <= 0)
        return wrong_member("accept_deletes", "the number of a refused run");
    run = value.get_int64();
    return std::nullopt;
}

Problem unknown_member(std::string_view name, std::string_view accepted)
{
    return {.status = 400,
            .detail = fmt::format("{}: no such member, accepted: {}", name, accepted)};
}

std::optional<Problem> read_wish(const json::object& body, SyncWish& wish)
{
    for (const auto& [name, value] : body) {
        std::optional<Problem> problem;
        if (name == "tables")
            problem = read_tables(value, wish.tables);
        else if (name == "full")
            problem = read_flag(name, value, wish.full);
        else if (name == "wait")
            problem = read_flag(name, value, wish.wait);
        else if (name == "accept_deletes")
            problem = read_run(value, wish.accept_deletes);
        else
            problem = unknown_member(name, "accept_deletes, full, tables, wait");
        if (problem)
            return problem;
    }
    if (wish.accept_deletes && wish.tables.size() != 1)
        return wrong_member("accept_deletes", "a refused run, with exactly one table");
    return std::nullopt;
}

/// The collection that a table is read with: its own, or its owner's; null when there is no such
/// table.
const schema::Collection* collection_of(std::string_view name)
{
    for (const auto& collection : schema::catalog()) {
        const bool has_child = std::ranges::any_of(
            collection.children, [&](const auto& child) { return child.table == name; });
        if (collection.table == name || has_child)
            return collection.links.owner.empty() ? &collection
                                                  : schema::find_collection(collection.links.owner);
    }
    return nullptr;
}

Problem unknown_table(std::string_view name, const std::vector<std::string_view>& included)
{
    json::array names;
    for (const auto table : included)
        names.emplace_back(table);
    return {.status = 404,
            .detail = fmt::format("there is no table {}; those that are read: {}", name,
                                  fmt::join(included, ", ")),
            .type = problem_type("unknown-table"),
            .more = {{"tables", names}}};
}

json::value text_or_null(const std::string& text)
{
    // In braces the text would become an array of one.
    return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object run_json(const mirror::RunSummary& run)
{
    return {{"run_id", run.run_id},
            {"resource", run.resource},
            {"outcome", mirror::to_string(run.outcome)},
            {"started_at", format_rfc3339(run.started_at)},
            {"ended_at", format_rfc3339(run.ended_at)},
            {"pages", run.pages},
            {"requests", run.requests},
            {"inserted", run.counts.inserted},
            {"updated", run.counts.updated},
            {"deleted", run.counts.deleted},
            {"refused", run.refused},
            {"error", text_or_null(run.error)}};
}

json::object report_json(const mirror::VerifyReport& report)
{
    json::array named;
    for (const auto& difference : report.named)
        named.push_back(json::object{{"table", difference.table},
                                     {"id", difference.id},
                                     {"difference", mirror::to_string(difference.kind)}});
    return {{"resource", report.resource},         {"complete", report.complete},
            {"error", text_or_null(report.error)}, {"objects", report.objects},
            {"differences", report.differences},   {"named", named}};
}

/// One ticket a table, or why there is none.
template <class Queue, class Order>
std::variant<std::vector<std::shared_ptr<typename Queue::Entry>>, Problem> ask(
    Desk& desk, const std::vector<std::string_view>& tables, Queue Desk::Queues::* queue,
    const Order& order)
{
    std::vector<std::shared_ptr<typename Queue::Entry>> tickets;
    for (const auto table : tables) {
        auto ticket = (desk.find(table)->*queue).add(order);
        if (!ticket)
            return Problem{.status = 503,
                           .detail = fmt::format("too many requests wait for {} already", table)};
        tickets.push_back(std::move(ticket));
    }
    return tickets;
}

/// `{name: [what came of each ticket]}`; nothing when the engine went away before.
template <class Ticket, class ToJson>
asio::awaitable<std::optional<std::string>> outcomes(
    std::string_view name, const std::vector<std::shared_ptr<Ticket>>& tickets, ToJson to_json)
{
    json::array all;
    for (const auto& ticket : tickets) {
        const auto outcome = co_await ticket->outcome();
        if (!outcome)
            co_return std::nullopt;
        all.push_back(to_json(*outcome));
    }
    co_return json::serialize(json::object{{name, std::move(all)}});
}

}  // namespace

Api::Api(Clock& clock, store::Store& mirror, store::Store& queue,
         const config::Config& configuration)
    : x_clock{clock},
      x_config{configuration},
      x_store{mirror},
      x_mirror{configuration.database.path},
      x_started_at{clock.utc_now()},
      x_started{clock.steady_now()},
      x_jobs{clock, queue, configuration, jobs::Freeze{configuration.jobs.path}}
{}

std::vector<Route> Api::routes()
{
    std::vector<Route> all{
        {verb::get, "/v1/status", Role::read,
         [this](Request request) { return status(std::move(request)); }},
        {verb::post, "/v1/sync", Role::operate,
         [this](Request request) { return sync(std::move(request)); }},
        // It changes nothing, but asks Graph for everything.
        {verb::post, "/v1/verify", Role::operate,
         [this](Request request) { return verify(std::move(request)); }},
    };
    std::ranges::move(x_login.routes(), std::back_inserter(all));
    std::ranges::move(x_jobs.routes(), std::back_inserter(all));
    return all;
}

void Api::attach(Desk& desk, Login& login, std::function<void()> kick)
{
    x_desk = &desk;
    x_login.attach(login);
    x_jobs.attach(std::move(kick));
}

void Api::detach() noexcept
{
    x_desk = nullptr;
    x_login.detach();
    x_jobs.detach();
}

asio::awaitable<Reply> Api::status(Request)
{
    const auto mirror = co_await x_mirror.status();
    auto queue = co_await x_jobs.status();
    const auto uptime =
        std::chrono::floor<std::chrono::seconds>(x_clock.steady_now() - x_started).count();
    ctl::DaemonStatus daemon{.pid = ::getpid(),
                             .version = std::string{version},
                             .commit = std::string{commit},
                             .started_at = format_rfc3339(x_started_at),
                             .uptime_seconds = uptime};
    if (const auto* user = x_login.sign_in(); user != nullptr) {
        if (user->signed_in)
            daemon.user = user->principal_name;
        if (!user->error.empty())
            daemon.user_error = user->error;
    }
    co_return Response{.body = ctl::status_json(mirror, {.path = x_config.database.path.string(),
                                                         .jobs_enabled = x_config.jobs.enabled,
                                                         .queue = std::move(queue),
                                                         .daemon = std::move(daemon)})};
}

asio::awaitable<Reply> Api::sync(Request request)
{
    SyncWish wish;
    if (auto problem = read_wish(request.body, wish))
        co_return *std::move(problem);
    if (wish.accept_deletes) {
        auto problem = co_await check_refused(wish.tables.front(), *wish.accept_deletes);
        if (problem)
            co_return *std::move(problem);
    }
    // From here to the tickets nothing is awaited: the engine may change with every wait.
    auto tables = tables_of(wish.tables);
    if (auto* problem = std::get_if<Problem>(&tables))
        co_return std::move(*problem);
    const auto& wanted = std::get<Tables>(tables);
    const mirror::PullOrder order{
        .occasion = wish.full ? mirror::Occasion::full : mirror::Occasion::scheduled,
        .accept_deletes = wish.accept_deletes};
    const auto asked = ask(*x_desk, wanted, &Desk::Queues::pulls, order);
    if (const auto* problem = std::get_if<Problem>(&asked))
        co_return *problem;
    log::info("pulls were asked for", {{"uid", request.caller.uid},
                                       {"resources", fmt::format("{}", fmt::join(wanted, " "))},
                                       {"full", wish.full},
                                       {"accept_deletes", wish.accept_deletes.value_or(0)}});
    if (!wish.wait) {
        const json::array names(wanted.begin(), wanted.end());
        co_return Response{.status = 202, .body = json::serialize(json::object{{"tables", names}})};
    }
    auto runs = co_await outcomes("runs", std::get<0>(asked), run_json);
    if (!runs)
        co_return engine_gone();
    co_return Response{.body = *std::move(runs)};
}

asio::awaitable<Reply> Api::verify(Request request)
{
    std::vector<std::string> names;
    for (const auto& [name, value] : request.body) {
        auto problem = name == "tables" ? read_tables(value, names)
                                        : std::optional{unknown_member(name, "tables")};
        if (problem)
            co_return *std::move(problem);
    }
    auto tables = tables_of(names);
    if (auto* problem = std::get_if<Problem>(&tables))
        co_return std::move(*problem);
    const auto& wanted = std::get<Tables>(tables);
    const auto asked = ask(*x_desk, wanted, &Desk::Queues::verifications, VerifyOrder{});
    if (const auto* problem = std::get_if<Problem>(&asked))
        co_return *problem;
    log::info(
        "a verification was asked for",
        {{"uid", request.caller.uid}, {"resources", fmt::format("{}", fmt::join(wanted, " "))}});
    auto reports = co_await outcomes("reports", std::get<0>(asked), report_json);
    if (!reports)
        co_return engine_gone();
    co_return Response{.body = *std::move(reports)};
}

/// Why there is nothing to accept; nothing when there is, or no such table.
asio::awaitable<std::optional<Problem>> Api::check_refused(std::string_view name, mirror::RunId run)
{
    const auto* collection = collection_of(name);
    if (collection == nullptr)
        co_return std::nullopt;
    const auto table = collection->table;
    const bool refused = co_await x_store.run([table, run](store::Database& database) {
        return mirror::is_refused_run(database, table, run);
    });
    if (refused)
        co_return std::nullopt;
    co_return Problem{.status = 404,
                      .detail = fmt::format("run {} is no refused run of {}", run, table),
                      .type = problem_type("unknown-run")};
}

/// The tables to read for these names, each once and in their order; all for none.
std::variant<Api::Tables, Problem> Api::tables_of(const std::vector<std::string>& names) const
{
    if (x_desk == nullptr)
        return engine_gone();
    if (names.empty())
        return x_desk->tables();
    Tables tables;
    for (const auto& name : names) {
        const auto* collection = collection_of(name);
        if (collection == nullptr)
            return unknown_table(name, x_desk->tables());
        if (x_desk->find(collection->table) == nullptr)
            return not_included(name, *collection);
        if (std::ranges::find(tables, collection->table) == tables.end())
            tables.push_back(collection->table);
    }
    return tables;
}

/// What those hear who had to do with an engine that is no more.
Problem Api::engine_gone() const
{
    if (x_desk == nullptr)
        return ending();
    return {.status = 503,
            .detail = "the configuration was read again meanwhile, ask again",
            .type = problem_type("reloaded")};
}

Problem Api::not_included(std::string_view name, const schema::Collection& collection) const
{
    const auto group = schema::group_name(collection.group);
    const auto why = x_config.sync.includes(group)
                         ? fmt::format("[sync.resource.{}] enabled is false", collection.table)
                         : fmt::format("[sync] include has no group {}", group);
    return {.status = 409,
            .detail = fmt::format("{} is not read: {}", name, why),
            .type = problem_type("not-included")};
}

}  // namespace cloudpcd::daemon::control
