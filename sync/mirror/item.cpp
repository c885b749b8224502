#include "sync/mirror/item.hpp"

#include "sync/core/json_scan.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

namespace cloudpcd::mirror {

namespace {

namespace bj = boost::json;

/// Canonical form, streamed into one hash: each value is preceded by its kind, so that no two
/// different documents give the same bytes.
class CanonicalHash {
public:
    CanonicalHash() : x_state{XXH3_createState()} { XXH3_64bits_reset(x_state.get()); }

    void add(const bj::value& value)
    {
        switch (value.kind()) {
            case bj::kind::null:
                tag('n');
                break;
            case bj::kind::bool_:
                tag(value.get_bool() ? 't' : 'f');
                break;
            case bj::kind::int64:
                integer(value.get_int64());
                break;
            case bj::kind::uint64:
                unsigned_integer(value.get_uint64());
                break;
            case bj::kind::double_:
                real(value.get_double());
                break;
            case bj::kind::string:
                text('s', value.get_string());
                break;
            case bj::kind::array:
                tag('[');
                for (const auto& element : value.get_array())
                    add(element);
                tag(']');
                break;
            case bj::kind::object:
                object(value.get_object(), {});
                break;
        }
    }

    /// An object without the members of `left_out` (dotted paths below it).
    void object(const bj::object& object, std::span<const std::string_view> left_out)
    {
        std::vector<const bj::key_value_pair*> members;
        members.reserve(object.size());
        for (const auto& member : object)
            members.push_back(&member);
        std::sort(members.begin(), members.end(),
                  [](const auto* a, const auto* b) { return a->key() < b->key(); });
        tag('{');
        for (const auto* member : members) {
            const std::string_view key = member->key();
            std::vector<std::string_view> below;
            bool skip = false;
            for (auto path : left_out) {
                if (path == key)
                    skip = true;
                else if (path.size() > key.size() && path.starts_with(key) &&
                         path[key.size()] == '.')
                    below.push_back(path.substr(key.size() + 1));
            }
            if (skip)
                continue;
            text('k', key);
            if (!below.empty() && member->value().is_object())
                this->object(member->value().get_object(), below);
            else
                add(member->value());
        }
        tag('}');
    }

    std::int64_t digest() const
    {
        return static_cast<std::int64_t>(XXH3_64bits_digest(x_state.get()));
    }

private:
    void bytes(const void* data, std::size_t size)
    {
        XXH3_64bits_update(x_state.get(), data, size);
    }
    void tag(char kind) { bytes(&kind, 1); }
    void text(char kind, std::string_view text)
    {
        const std::uint64_t size = text.size();
        tag(kind);
        bytes(&size, sizeof size);
        bytes(text.data(), text.size());
    }
    void integer(std::int64_t number)
    {
        tag('i');
        bytes(&number, sizeof number);
    }
    void unsigned_integer(std::uint64_t number)
    {
        tag('u');
        bytes(&number, sizeof number);
    }
    void real(double number)
    {
        constexpr double exact = 9007199254740992.0;  // 2^53: integers up to here are exact
        if (std::abs(number) <= exact && std::trunc(number) == number) {
            integer(static_cast<std::int64_t>(number));
            return;
        }
        tag('d');
        bytes(&number, sizeof number);
    }

    struct Free {
        void operator()(XXH3_state_t* state) const noexcept { XXH3_freeState(state); }
    };
    std::unique_ptr<XXH3_state_t, Free> x_state;
};

/// Members in the parsed tree: less than in the text means that a key came twice somewhere.
std::size_t tree_members(const bj::value& value, bool& too_many)
{
    std::size_t count = 0;
    if (const auto* object = value.if_object()) {
        too_many = too_many || object->size() > keys_per_object_max;
        count += object->size();
        for (const auto& member : *object)
            count += tree_members(member.value(), too_many);
    } else if (const auto* array = value.if_array()) {
        for (const auto& element : *array)
            count += tree_members(element, too_many);
    }
    return count;
}

}  // namespace

std::int64_t slice_hash(std::string_view slice) noexcept
{
    return static_cast<std::int64_t>(XXH3_64bits(slice.data(), slice.size()));
}

Identity find_identity(std::string_view slice, const schema::Collection& collection)
{
    const auto usable = [](std::string_view literal) -> Identity {
        auto id = json::string_value(literal);
        if (!id)
            return {.id = std::nullopt, .problem = "its id is not a string"};
        if (id->empty())
            return {.id = std::nullopt, .problem = "its id is empty"};
        if (id->size() > id_bytes_max)
            return {.id = std::nullopt,
                    .problem = fmt::format("its id is longer than {} bytes", id_bytes_max)};
        if (id->find('\0') != std::string::npos || !json::valid_utf8(*id))
            return {.id = std::nullopt, .problem = "its id is not usable text"};
        return {.id = std::move(id), .problem = {}};
    };
    if (collection.shape == schema::Shape::strings)
        return usable(slice);

    auto members = json::object_members(slice);
    if (!members)
        return {.id = std::nullopt, .problem = "not a JSON object"};
    std::optional<std::string_view> literal;
    for (const auto& member : *members) {
        // A key may be written with escapes; that is decoded only where it could matter.
        const bool is_id =
            member.key == collection.id_property ||
            (member.key.find('\\') != std::string_view::npos &&
             json::string_value(fmt::format("\"{}\"", member.key)) == collection.id_property);
        if (!is_id)
            continue;
        if (literal && *literal != member.value)
            return {.id = std::nullopt, .problem = "its id is given twice, differently"};
        literal = member.value;
    }
    if (!literal)
        return {.id = std::nullopt, .problem = fmt::format("it has no {}", collection.id_property)};
    return usable(*literal);
}

Hashes hash_content(const bj::value& object, std::int64_t slice)
{
    Hashes hashes{.slice = slice, .content = 0, .version = 0};
    CanonicalHash content;
    content.add(object);
    hashes.content = content.digest();
    if (!object.is_object()) {
        hashes.version = hashes.content;
        return hashes;
    }
    CanonicalHash version;
    version.object(object.get_object(), schema::volatile_properties());
    hashes.version = version.digest();
    return hashes;
}

Decoded decode(std::string_view slice, bj::storage_ptr storage)
{
    if (slice.size() > item_bytes_max)
        return {.value = std::nullopt,
                .problem = fmt::format("larger than {} bytes", item_bytes_max)};
    if (!json::valid_utf8(slice))
        return {.value = std::nullopt, .problem = "not UTF-8"};
    const auto repaired = json::replace_lone_surrogates(slice);
    const std::string_view text = repaired ? std::string_view{*repaired} : slice;
    bj::parse_options options;
    options.max_depth = json_depth_max;
    boost::system::error_code failure;
    bj::value value = bj::parse(text, failure, std::move(storage), options);
    if (failure)
        return {.value = std::nullopt, .problem = "not JSON: " + failure.message()};
    bool too_many = false;
    const auto in_tree = tree_members(value, too_many);
    if (too_many)
        return {.value = std::nullopt,
                .problem = fmt::format("an object of more than {} members", keys_per_object_max)};
    // The parser keeps the last of two equal keys without a word; which one is meant is nobody's to
    // choose.
    if (in_tree != json::count_members(text))
        return {.value = std::nullopt, .problem = "duplicate keys"};
    return {.value = std::move(value), .problem = {}};
}

std::optional<std::string> without_secrets(std::string_view slice,
                                           const schema::Collection& collection)
{
    if (collection.write_only.empty())
        return std::nullopt;
    auto members = json::object_members(slice);
    if (!members)
        return std::nullopt;
    const auto secret = [&](const json::Member& member) {
        const auto key = json::string_value(fmt::format("\"{}\"", member.key));
        return key && std::find(collection.write_only.begin(), collection.write_only.end(), *key) !=
                          collection.write_only.end();
    };
    if (std::none_of(members->begin(), members->end(), secret))
        return std::nullopt;
    std::string out = "{";
    for (const auto& member : *members) {
        if (secret(member))
            continue;
        if (out.size() > 1)
            out += ',';
        out.append("\"").append(member.key).append("\":").append(member.value);
    }
    out += '}';
    return out;
}

}  // namespace cloudpcd::mirror
