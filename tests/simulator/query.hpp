#pragma once
// The OData query options of a read.

#include "tests/simulator/facts.hpp"
#include "tests/simulator/filter.hpp"
#include "tests/simulator/http.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace graphsim {

struct OrderKey {
    const Property* property = nullptr;
    bool descending = false;
};

struct Query {
    Version version = Version::beta;
    std::optional<std::size_t> top{};
    std::size_t skip = 0;
    bool select_all = false;                ///< `*`
    std::vector<const Property*> select{};  ///< empty: the default properties
    bool selects_id = false;
    std::vector<const Property*> expand{};
    std::optional<Filter> filter{};
    std::vector<OrderKey> order{};
    bool count = false;
    /// As sent, without $skiptoken: a nextLink repeats them.
    std::vector<std::pair<std::string, std::string>> options{};
};

enum class Shape { list, item };

/// Reads the options of `target`.
///
/// Takes:  `documented_only`: options that the documentation does not list are refused
/// Errors: what Graph answers with 400
boost::system::result<Query, QueryError> parse_query(const Target& target, const EntitySet& set,
                                                     Version version, Shape shape,
                                                     bool documented_only);

}  // namespace graphsim
