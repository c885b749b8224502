#pragma once
// What an item of a delta round says, and the object that it makes of what was known. Pure.
// Source: Microsoft Graph "Use delta query to track changes" and "Get incremental changes for
// groups": an absent property is unchanged, null is cleared; `@removed` ends an object, and within
// `members@delta` a membership; a large group comes in several items.

#include "schema/catalog.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudpcd::mirror {

/// One element of `members@delta`.
struct LinkChange {
    std::string id;
    std::string type;  ///< "user"; empty when the element does not say
    bool ended = false;

    bool operator==(const LinkChange&) const = default;
};

struct DeltaItem {
    bool removed = false;  ///< soft-deleted or gone for good: the row goes either way
    /// Names as they read, values as they were sent; without what belongs to links.
    std::vector<std::pair<std::string, std::string_view>> properties{};
    std::vector<LinkChange> links{};
};

struct ReadDeltaItem {
    std::optional<DeltaItem> item;  ///< refers to the slice
    std::string problem;            ///< why there is none, for the quarantine
};

/// Takes apart an item that decode() found to be a sound object. `links` may be null.
ReadDeltaItem read_delta_item(std::string_view slice, const schema::Links* links);

/// The object `base` with the item's properties in place of its own, in its order; what is new
/// stands behind. Values keep the bytes they were sent with. An empty base: the item alone.
std::string merge_object(std::string_view base, const DeltaItem& item);

/// Id and `raw` of a row of links.
std::string link_id(std::string_view owner, std::string_view linked);
std::string link_object(const schema::Links& links, std::string_view owner, std::string_view linked,
                        std::string_view type);

}  // namespace cloudpcd::mirror
