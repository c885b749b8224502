#pragma once
// Members of what Graph answers, which may be missing, null or of another type than documented.

#include "sync/core/time.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::jobs {

/// Empty when there is no such text.
inline std::string_view text_of(const boost::json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string_view{} : std::string_view{*text};
}

inline std::optional<UtcTime> time_of(const boost::json::object& object, std::string_view name)
{
    return parse_graph_time(text_of(object, name));
}

/// A count; 0 for what is none.
inline std::int64_t count_of(const boost::json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    if (value == nullptr)
        return 0;
    boost::system::error_code failure;
    const auto number = value->to_number<std::int64_t>(failure);
    return failure || number < 0 ? 0 : number;
}

inline const boost::json::object* object_of(const boost::json::object& object,
                                            std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

inline const boost::json::array* array_of(const boost::json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_array();
}

/// Copies the members of `names` that are there.
template <class Names>
boost::json::object only(const boost::json::object& object, const Names& names)
{
    boost::json::object kept;
    for (const std::string_view name : names) {
        if (const auto* value = object.if_contains(name))
            kept[name] = *value;
    }
    return kept;
}

}  // namespace cloudpcd::jobs
