#include "sync/graph/pager.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/ascii.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace cloudpcd::graph {

namespace {

/// First segment of a path, and the rest with its slash.
std::pair<std::string, std::string> split_version(std::string_view path)
{
    const auto slash = path.find('/', 1);
    if (path.empty() || slash == std::string_view::npos)
        return {ascii_lower(path), ""};
    std::string rest = ascii_lower(path.substr(slash));
    if (rest.ends_with("()"))  // functions are spelled with and without parentheses
        rest.resize(rest.size() - 2);
    // ... and with and without their namespace.
    if (const auto name = rest.find("/microsoft.graph."); name != std::string::npos)
        rest.erase(name + 1, std::string_view{"microsoft.graph."}.size());
    return {ascii_lower(path.substr(1, slash - 1)), std::move(rest)};
}

std::string_view last_segment(std::string_view path)
{
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

bool context_matches(std::string_view context, std::string_view path, std::string_view entity_type)
{
    const auto hash = context.find('#');
    if (hash == std::string_view::npos)
        return true;
    std::string subject = ascii_lower(context.substr(hash + 1));
    // Rounds of a delta function name the collection: "#users/$delta", "#users(id)/$delta",
    // "#users".
    if (constexpr std::string_view function = "/delta"; path.ends_with(function))
        path.remove_suffix(function.size());
    if (constexpr std::string_view round = "/$delta"; subject.ends_with(round))
        subject.resize(subject.size() - round.size());
    if (constexpr std::string_view wrapper = "collection("; subject.starts_with(wrapper))
        subject.erase(0, wrapper.size());
    subject.resize(std::min(subject.size(), subject.find_first_of("()")));
    if (constexpr std::string_view one = "/$entity"; subject.ends_with(one))
        subject.resize(subject.size() - one.size());
    const auto name = last_segment(subject);
    return name == ascii_lower(last_segment(path)) ||
           name.substr(name.rfind('.') + 1) == ascii_lower(entity_type);
}

bool within_collection(const Url& link, const Url& first, std::string_view path)
{
    const auto [version, rest] = split_version(link.path());
    const auto asked = split_version(first.path()).first;
    const bool is_version = version == "v1.0" || version == "beta";
    return rest == ascii_lower(path) && (version == asked || !is_version);
}

Pager::Pager(Client& client, ListRequest request)
    : x_client{client}, x_request{std::move(request)}, x_next{x_request.url}
{}

boost::asio::awaitable<Result<std::optional<Page>>> Pager::next()
{
    if (!x_next)
        co_return std::optional<Page>{};
    auto page = co_await fetch();
    if (!page && step_back(page.error()))
        page = co_await fetch();
    if (!page)
        co_return std::move(page).error();
    ++x_pages;
    co_return std::optional<Page>{*std::move(page)};
}

/// Reads the page before once more when the link that it gave was the answer to a retry and leads
/// nowhere; nothing is lost, since what it has was met already or has changed.
bool Pager::step_back(const Error& error)
{
    const bool refused = error.code == Errc::cursor_expired || error.code == Errc::rejected ||
                         error.code == Errc::not_found;
    if (!refused || !x_retried)
        return false;
    log::info("the link out of a retried page is dead; the page before is read again",
              {{"collection", x_request.name}, {"error", error.describe()}});
    x_visited.erase(std::hash<std::string>{}(x_next->to_string()));
    x_next = std::exchange(x_retried, std::nullopt);
    return true;
}

boost::asio::awaitable<Result<Page>> Pager::fetch()
{
    const Url url = *x_next;
    x_visited.insert(std::hash<std::string>{}(url.to_string()));

    GetRequest request{
        .url = url,
        .quota = x_request.quota,
        .priority = x_request.priority,
        .context = fmt::format("GET {}, page {}", x_request.name, x_pages + 1),
        .permissions = x_request.permissions,
        .list = true,
    };
    const std::string context = request.context;
    auto response = co_await x_client.get(std::move(request));
    if (!response) {
        x_requests += response.error().attempts;
        co_return std::move(response).error();
    }
    x_requests += response->attempts;
    if (response->status != 200) {
        co_return Error{.code = Errc::malformed,
                        .context = context,
                        .message = "a list must be answered with 200",
                        .http_status = response->status,
                        .request_id = response->request_id,
                        .client_request_id = response->client_request_id};
    }
    auto page = x_request.singleton ? Page::of_object(response->body)
                                    : Page::of_list(std::move(response->body));
    Result<void> followed;
    if (page && !context_matches(page->context, x_request.path, x_request.entity_type))
        page = Error{
            .code = Errc::malformed,
            .message = "the response is about something else: " + log::escape(page->context, 200)};
    if (page)
        followed = follow(*page);
    if (!page || !followed) {
        Error error = page ? std::move(followed).error() : std::move(page).error();
        error.context = context;
        error.http_status = response->status;
        error.request_id = response->request_id;
        error.client_request_id = response->client_request_id;
        co_return error;
    }
    x_retried = response->attempts > 1 ? std::optional{url} : std::nullopt;
    page->request_id = response->request_id;
    page->date = response->date;
    page->requested_at = response->sent_at;
    page->requests = response->attempts;
    page->permit = std::move(response->page_permit);
    co_return *std::move(page);
}

/// Links are input: they may lead within the collection of the configured origin, nowhere else.
Result<Url> Pager::checked_link(std::string_view name, const std::string& text) const
{
    auto link = parse_url(text);
    if (!link)
        return Error{.code = Errc::malformed,
                     .message = fmt::format("{} is no usable URL: {}", name, link.error().message)};
    if (link->origin != x_request.url.origin) {
        log::warning(fmt::format("{} leads to another origin; not followed", name),
                     {{"collection", x_request.name}, {"origin", link->origin.to_string()}});
        return Error{.code = Errc::foreign_origin,
                     .message = fmt::format("{} leads to {}", name,
                                            log::escape(link->origin.to_string(), 200))};
    }
    if (!within_collection(*link, x_request.url, x_request.path))
        return Error{.code = Errc::malformed,
                     .message = fmt::format("{} leaves the collection: {}", name,
                                            log::escape(link->path(), 200))};
    return *std::move(link);
}

Result<void> Pager::follow(Page& page)
{
    if (page.count && !x_count)
        x_count = page.count;
    x_next.reset();
    if (page.delta_link) {
        if (auto link = checked_link("deltaLink", *page.delta_link); !link)
            return std::move(link).error();
    }
    if (!page.next_link) {
        if (x_request.delta && !page.delta_link)
            return Error{.code = Errc::malformed,
                         .message = "the page has neither a nextLink nor a deltaLink"};
        return {};
    }
    auto link = checked_link("nextLink", *page.next_link);
    if (!link)
        return std::move(link).error();
    if (x_visited.contains(std::hash<std::string>{}(link->to_string())))
        return Error{.code = Errc::malformed,
                     .message = "nextLink leads back to a page already read"};
    x_next = std::move(*link);
    return {};
}

}  // namespace cloudpcd::graph
