#pragma once
// What the tests of this folder say often.

#include "schema/actions.hpp"
#include "sync/jobs/parameters.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace cloudpcd::jobs {

inline constexpr std::string_view some_id = "662009bc-7732-4f6f-8726-25883518b33e";
inline constexpr std::string_view other_id = "7c82a3e3-9459-44e4-94d9-b92f93bf78dd";

inline const schema::Action& kind(std::string_view name)
{
    const auto* action = schema::find_action(name);
    REQUIRE_MESSAGE(action != nullptr, name);
    return *action;
}

/// Values of params that must be valid.
inline boost::json::object read(std::string_view name, std::string_view params)
{
    auto read = read_parameters(kind(name), params);
    CHECK_MESSAGE(read.valid(), read.describe());
    return std::move(read.values);
}

/// What is wrong with params that must not be valid.
inline std::string rejected(std::string_view name, std::string_view params)
{
    const auto read = read_parameters(kind(name), params);
    CHECK_FALSE_MESSAGE(read.valid(), params);
    CHECK(read.values.empty());
    return read.describe();
}

inline bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

}  // namespace cloudpcd::jobs
