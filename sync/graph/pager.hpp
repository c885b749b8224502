#pragma once
// Walks a list page by page. It ends in one of two ways: the service gave a last page without
// nextLink, and the list is complete; or an error, and it is not.
// Source: Microsoft Graph "Paging Microsoft Graph data": the whole nextLink is followed as it is,
// pages may be empty, headers are sent again with every page; a link that came with the answer to a
// retry may be dead (DirectoryPageTokenNotFoundException), and one goes on from the last link that
// did not.

#include "sync/core/error.hpp"
#include "sync/graph/client.hpp"
#include "sync/graph/page.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace cloudpcd::graph {

struct ListRequest {
    Url url;                  ///< first page, or a saved nextLink
    std::string path;         ///< the collection's, below the version: next pages must stay there
    std::string name;         ///< for messages: "cloudPCs"
    std::string entity_type;  ///< what @odata.context may name instead of the collection
    QuotaClass quota = QuotaClass::other;
    std::vector<std::string> permissions;
    bool singleton = false;  ///< the answer is one object, not a list
    bool delta = false;      ///< a delta round: the last page has to have a deltaLink
    Priority priority = Priority::background;
};

class Pager {
public:
    Pager(Client& client, ListRequest request);

    /// The next page; nullopt once the last page has been given. After a dead link a page may come
    /// twice.
    ///
    /// Errors: those of Client::get, Errc::malformed for a body that is no page or a nextLink that
    ///         repeats or leaves the collection, Errc::foreign_origin for a nextLink to elsewhere;
    ///         nothing is requested there. Of a delta round the same for its deltaLink
    boost::asio::awaitable<Result<std::optional<Page>>> next();

    /// Pages given so far, and requests they took, failed ones included.
    int pages() const noexcept { return x_pages; }
    int requests() const noexcept { return x_requests; }
    /// @odata.count of the first page that had one.
    std::optional<std::int64_t> announced_count() const noexcept { return x_count; }

private:
    boost::asio::awaitable<Result<Page>> fetch();
    bool step_back(const Error& error);
    Result<void> follow(Page& page);
    Result<Url> checked_link(std::string_view name, const std::string& text) const;

    Client& x_client;
    ListRequest x_request;
    std::optional<Url> x_next;
    /// Whose answer x_next came with, when that was the answer to a retry.
    std::optional<Url> x_retried;
    std::unordered_set<std::uint64_t> x_visited;  ///< hashes of the links followed
    std::optional<std::int64_t> x_count;
    int x_pages = 0;
    int x_requests = 0;
};

/// False when an @odata.context speaks of another collection or type than the one that was asked
/// for: a cache or proxy has answered with somebody else's response. An empty one says nothing.
/// Source: OData JSON format 4.01, section 10 (context URL)
bool context_matches(std::string_view context, std::string_view path, std::string_view entity_type);

/// True when `link` stays within the collection at `path` (without case), in the version that
/// `first` was asked in. A function may be spelled with parentheses and namespace. Another leading
/// segment than a version is a ring of the service and allowed.
bool within_collection(const Url& link, const Url& first, std::string_view path);

}  // namespace cloudpcd::graph
