#pragma once
// $filter: comparisons, `in`, and, or, not, parentheses, over properties and paths (OData 4.01 URL
// conventions, section 5.1.1). Functions and lambdas are not supported, and said to be so.

#include "tests/simulator/facts.hpp"
#include "tests/simulator/store.hpp"

#include <boost/system/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace graphsim {

/// What becomes a 400.
struct QueryError {
    std::string code = "BadRequest";
    std::string message;
};

/// A value of the filter language; instants are ticks of 100 ns.
struct Instant {
    std::int64_t ticks = 0;
    auto operator<=>(const Instant&) const = default;
};
using FilterValue = std::variant<std::monostate, bool, double, std::string, Instant>;

class Filter {
public:
    /// Errors: unknown property, mismatched types, syntax, what is not supported
    static boost::system::result<Filter, QueryError> parse(std::string_view text, const Type& type,
                                                           Version version);

    /// `time_property` is the member whose value Object::ticks holds.
    bool matches(const Object& object, std::string_view time_property) const;

    struct Node;

private:
    explicit Filter(std::shared_ptr<const Node> root) : x_root{std::move(root)} {}
    std::shared_ptr<const Node> x_root;
};

/// A property that a filter or an order names, member by member.
using PropertyPath = std::vector<const Property*>;

/// The value at `path`; null where a part of it is missing.
FilterValue value_at(std::string_view object, const PropertyPath& path);

}  // namespace graphsim
