#pragma once
// One object of a page: its id, its hashes, and whether it can be trusted.
//
// The cheap part comes first: an object whose bytes have the hash of the stored ones is done, and
// nothing of it is parsed. Everything else is decoded once and hashed canonically, so that the
// order of members and white space are no change.

#include "schema/catalog.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace cloudpcd::mirror {

inline constexpr std::size_t item_bytes_max = 4UL * 1024 * 1024;
inline constexpr std::size_t id_bytes_max = 1024;
inline constexpr std::size_t json_depth_max = 64;
inline constexpr std::size_t keys_per_object_max = 10'000;

/// XXH3-64 of the bytes as sent.
std::int64_t slice_hash(std::string_view slice) noexcept;

/// What the scanner found of an object's identity, without parsing the object.
struct Identity {
    std::optional<std::string>
        id;               ///< present when it is a usable string, given once or twice alike
    std::string problem;  ///< why `id` is missing, for the quarantine
};
Identity find_identity(std::string_view slice, const schema::Collection& collection);

struct Hashes {
    std::int64_t slice = 0;
    std::int64_t content = 0;  ///< canonical, all members
    std::int64_t version = 0;  ///< canonical, without volatile members

    bool operator==(const Hashes&) const = default;
};

/// Hashes of a decoded object. Numbers count by value (1 equals 1.0), members in any order.
Hashes hash_content(const boost::json::value& object, std::int64_t slice);

/// Parses an object, or says why it belongs into quarantine: not JSON, not UTF-8, too large, too
/// deep, too many or duplicate members. A lone surrogate escape is read as U+FFFD.
/// `value` lives in `storage`, which the caller keeps.
struct Decoded {
    std::optional<boost::json::value> value;
    std::string problem;
};
Decoded decode(std::string_view slice, boost::json::storage_ptr storage);

/// The slice without the collection's write-only members; nullopt when it has none, as nearly
/// always.
std::optional<std::string> without_secrets(std::string_view slice,
                                           const schema::Collection& collection);

}  // namespace cloudpcd::mirror
