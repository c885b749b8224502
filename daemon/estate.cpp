#include "daemon/estate.hpp"

#include "schema/catalog.hpp"
#include "schema/request.hpp"
#include "sync/core/log.hpp"
#include "sync/graph/pager.hpp"
#include "sync/graph/url.hpp"
#include "sync/mirror/item.hpp"
#include "sync/mirror/object_read.hpp"
#include "sync/mirror/refresh.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace cloudpcd::daemon {

namespace asio = boost::asio;
namespace bj = boost::json;

namespace {

/// Requests that are tried when Graph refuses parts of them.
constexpr int changed_requests_max = 20;
/// Pages of a function's answer; more is a loop.
constexpr int function_pages_max = 50;

const schema::Collection& collection_of(std::string_view table)
{
    const auto* collection = schema::find_collection(table);
    CLOUDPCD_ASSERT(collection != nullptr);
    return *collection;
}

Result<bj::object> decoded(std::string_view item, std::string_view context)
{
    auto object = mirror::decode(item, {});
    if (!object.value || !object.value->is_object())
        return Error{.code = Errc::malformed,
                     .context = std::string{context},
                     .message = fmt::format("an object cannot be read: {}", object.problem)};
    return std::move(object.value->get_object());
}

/// Takes the parts that Graph refuses out of the request; false when that changes nothing.
bool learn(const schema::Collection& collection, const Error& error, bool filtered,
           mirror::Refusals& refusals)
{
    auto learned = refusals;
    if (!mirror::learn_refusal(collection, error, filtered, learned) || learned == refusals)
        return false;
    refusals = std::move(learned);
    return true;
}

/// A function's answer, or one page of it.
struct Answer {
    bj::value value{};
    std::optional<std::string> next{};
};

Result<Answer> answer_of(std::string_view body, const std::string& context)
{
    auto decoded = mirror::decode(body, {});
    auto* members = decoded.value ? decoded.value->if_object() : nullptr;
    if (members == nullptr)
        return Error{.code = Errc::malformed,
                     .context = context,
                     .message = "the answer is not an object of JSON"};
    Answer answer;
    if (const auto* next = members->if_contains("@odata.nextLink")) {
        if (!next->is_string())
            return Error{
                .code = Errc::malformed, .context = context, .message = "the nextLink is no text"};
        answer.next = std::string{next->get_string()};
    }
    // A collection, or an object that is wrapped as the documentation shows for some.
    if (auto* value = members->if_contains("value"); value != nullptr && value->is_structured())
        answer.value = std::move(*value);
    else
        answer.value = std::move(*members);
    return answer;
}

void append(bj::value& all, bj::value more)
{
    if (!all.is_array() || !more.is_array()) {
        all = std::move(more);
        return;
    }
    auto& list = all.get_array();
    for (auto& value : more.get_array())
        list.push_back(std::move(value));
}

Result<graph::Url> next_page(const std::string& link, const graph::Url& first,
                             const std::string& path, const std::string& context)
{
    auto next = graph::parse_url(link);
    if (!next)
        return std::move(next).error();
    if (next->origin != first.origin || !graph::within_collection(*next, first, path))
        return Error{.code = Errc::foreign_origin,
                     .context = context,
                     .message = "the nextLink leads elsewhere"};
    return next;
}

}  // namespace

asio::awaitable<mirror::Refusals> GraphEstate::refusals(const schema::Collection& collection)
{
    const auto now = x_parts.clock.utc_now();
    const auto table = collection.table;
    co_return co_await x_parts.mirror.run([table, now](store::Database& database) {
        return mirror::read_refusals(database, table, now);
    });
}

asio::awaitable<Result<std::optional<bj::object>>> GraphEstate::object(std::string_view table,
                                                                       std::string id)
{
    const auto& collection = collection_of(table);
    auto refused = co_await refusals(collection);
    for (int attempt = 1;; ++attempt) {
        auto answer = co_await mirror::read_object(x_parts.client, x_parts.clock, collection,
                                                   refused, id, graph::Priority::interactive);
        if (answer.gone)
            co_return std::optional<bj::object>{};
        if (answer.page) {
            auto object = decoded(answer.page->item(0), collection.table);
            if (!object)
                co_return std::move(object).error();
            co_return std::optional{*std::move(object)};
        }
        const auto names = refused.names.size();
        if (attempt == changed_requests_max || !learn(collection, answer.error, false, refused) ||
            refused.names.size() == names)
            co_return std::move(answer.error);
    }
}

asio::awaitable<Result<std::vector<bj::object>>> GraphEstate::objects(std::string_view table,
                                                                      std::optional<UtcTime> since,
                                                                      Keep keep)
{
    const auto& collection = collection_of(table);
    if (collection.strategy != schema::Strategy::window)
        since.reset();
    auto refused = co_await refusals(collection);
    for (int attempt = 1;; ++attempt) {
        std::vector<bj::object> kept;
        auto read = co_await read_list(collection, since, refused, keep, kept);
        if (read)
            co_return kept;
        if (attempt == changed_requests_max ||
            !learn(collection, read.error(), since && !refused.filter, refused))
            co_return std::move(read).error();
    }
}

asio::awaitable<Result<void>> GraphEstate::read_list(const schema::Collection& collection,
                                                     std::optional<UtcTime> since,
                                                     const mirror::Refusals& refusals,
                                                     const Keep& keep,
                                                     std::vector<bj::object>& kept)
{
    auto request =
        mirror::list_request(collection, x_parts.client.options().origin, refusals, since);
    request.priority = graph::Priority::interactive;
    graph::Pager pager{x_parts.client, std::move(request)};
    while (true) {
        auto page = co_await pager.next();
        if (!page)
            co_return std::move(page).error();
        if (!*page)
            co_return Result<void>{};
        for (std::size_t i = 0; i < (*page)->size(); ++i) {
            auto object = decoded((*page)->item(i), collection.table);
            if (!object)
                co_return std::move(object).error();
            if (auto some = keep(*object))
                kept.push_back(*std::move(some));
        }
    }
}

asio::awaitable<Result<bj::value>> GraphEstate::function(std::string_view table, std::string id,
                                                         std::string name)
{
    const auto& collection = collection_of(table);
    const auto context =
        fmt::format("GET {}/{}/{}", mirror::set_name(collection), log::escape(id, 100), name);
    const auto path = fmt::format("{}/{}/{}", collection.path, graph::percent_encode(id), name);
    const auto first = graph::url_at(
        x_parts.client.options().origin,
        fmt::format("/{}{}", schema::version_segment(schema::ApiVersion::beta), path));
    auto url = first;
    Answer all;
    for (int page = 1; page <= function_pages_max; ++page) {
        auto response = co_await x_parts.client.get({.url = url,
                                                     .quota = mirror::object_quota(collection),
                                                     .priority = graph::Priority::interactive,
                                                     .context = context,
                                                     .permissions = {"CloudPC.ReadWrite.All"}});
        if (!response)
            co_return std::move(response).error();
        auto answer = answer_of(response->body, context);
        if (!answer)
            co_return std::move(answer).error();
        append(all.value, std::move(answer->value));
        if (!answer->next)
            co_return std::move(all.value);
        auto next = next_page(*answer->next, first, path, context);
        if (!next)
            co_return std::move(next).error();
        url = *std::move(next);
    }
    co_return Error{.code = Errc::malformed, .context = context, .message = "it has no last page"};
}

asio::awaitable<void> GraphEstate::refresh(std::string_view table, std::vector<std::string> ids)
{
    const auto found = std::ranges::find(x_parts.tables, table,
                                         [](const auto* of) { return of->collection().table; });
    if (found == x_parts.tables.end())
        co_return;
    const auto& collection = (*found)->collection();
    if (collection.shape == schema::Shape::singleton) {  // one request, by no id
        co_await x_parts.puller.pull(**found);
        co_return;
    }
    // Where a GET that finds nothing proves nothing, the next list is waited for.
    if (collection.deletes != schema::DeleteRule::get_by_id)
        co_return;
    const std::set<std::string> once{ids.begin(), ids.end()};
    if (once.size() > refreshed_by_jobs_max)
        co_return;
    ids.assign(once.begin(), once.end());
    for (std::size_t at = 0; at < ids.size(); at += mirror::refreshed_ids_max) {
        const auto end = std::min(ids.size(), at + mirror::refreshed_ids_max);
        std::vector<std::string> some{ids.begin() + static_cast<std::ptrdiff_t>(at),
                                      ids.begin() + static_cast<std::ptrdiff_t>(end)};
        co_await x_parts.puller.refresh(**found, std::move(some), graph::Priority::interactive);
    }
}

}  // namespace cloudpcd::daemon
