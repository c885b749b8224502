#include "sync/mirror/object_read.hpp"

#include "sync/core/log.hpp"
#include "sync/mirror/item.hpp"

#include <fmt/format.h>

#include <utility>

namespace cloudpcd::mirror {

boost::asio::awaitable<ObjectAnswer> read_object(graph::Client& client, Clock& clock,
                                                 const schema::Collection& collection,
                                                 const Refusals& refusals, std::string id,
                                                 graph::Priority priority)
{
    ObjectAnswer answer{.requested_at = clock.steady_now()};
    const auto context = fmt::format("GET {}/{}", set_name(collection), log::escape(id, 100));
    graph::GetRequest request{
        .url = graph::url_at(client.options().origin, object_target(collection, refusals, id)),
        .quota = object_quota(collection),
        .priority = priority,
        .context = context,
        .permissions = permissions(collection)};
    auto response = co_await client.get(std::move(request));
    if (!response) {
        answer.error = std::move(response).error();
        answer.requests = answer.error.attempts;
        answer.gone = answer.error.code == Errc::not_found && answer.error.from_graph;
        co_return answer;
    }
    answer.requests = response->attempts;
    answer.requested_at = response->sent_at;
    auto page = graph::Page::of_object(response->body);
    if (!page || page->size() != 1 || find_identity(page->item(0), collection).id != id) {
        answer.error = {.code = Errc::malformed,
                        .context = context,
                        .message = "the answer is not that object",
                        .http_status = response->status,
                        .request_id = response->request_id};
        co_return answer;
    }
    page->requested_at = response->sent_at;
    answer.page = *std::move(page);
    co_return answer;
}

}  // namespace cloudpcd::mirror
