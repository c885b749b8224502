#pragma once
// One page of an OData list: the byte slices of its items and the annotations around them.
// Source: OData JSON format 4.01, section 4.5; Microsoft Graph "Paging Microsoft Graph data".

#include "sync/core/clock.hpp"
#include "sync/core/error.hpp"
#include "sync/core/time.hpp"
#include "sync/graph/semaphore.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::graph {

/// A page owns the body; items are slices of it, so a page is moved, never copied.
class Page {
public:
    /// Reads the envelope of a list: `{"value": [...], "@odata.nextLink": "..."}`.
    ///
    /// Errors: Errc::malformed when the body is no such object: HTML, empty, cut off, `value`
    ///         missing or no array, a member given twice, a nextLink or deltaLink that is no
    ///         string, or both
    static Result<Page> of_list(std::string body);

    /// Reads one object as a page of one item, without its `@odata.context`; an object wrapped in
    /// {"value": {…}}, as the documentation shows for some, is unwrapped.
    static Result<Page> of_object(std::string_view body);

    ~Page() = default;
    Page(Page&&) = default;
    Page& operator=(Page&&) = default;
    Page(const Page&) = delete;
    Page& operator=(const Page&) = delete;

    std::size_t size() const noexcept { return x_items.size(); }
    std::string_view item(std::size_t index) const noexcept
    {
        return std::string_view{*x_body}.substr(x_items[index].offset, x_items[index].length);
    }

    std::optional<std::string> next_link;
    std::optional<std::string> delta_link;  ///< of the last page of a delta round
    std::optional<std::int64_t> count;      ///< @odata.count
    std::string context;                    ///< @odata.context; may be empty
    std::string request_id;
    std::optional<UtcTime> date;                ///< the server's clock when it answered
    SteadyTime requested_at{};                  ///< when the request left that was answered
    int requests = 0;                           ///< requests it took to get this page
    std::optional<Semaphore::Permit> permit{};  ///< to hold a page in memory

private:
    struct Slice {
        std::size_t offset = 0;
        std::size_t length = 0;
    };
    explicit Page(std::string body) : x_body{std::make_unique<std::string>(std::move(body))} {}
    Result<void> read_annotations(std::string_view key, std::string_view value);

    std::unique_ptr<std::string>
        x_body;  // on the heap: slices stay where they are when a page moves
    std::vector<Slice> x_items;
};

}  // namespace cloudpcd::graph
