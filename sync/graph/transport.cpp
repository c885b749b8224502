#include "sync/graph/transport.hpp"

#include <boost/beast/core/string.hpp>

namespace cloudpcd::graph {

std::optional<std::string_view> HttpResponse::header(std::string_view name) const noexcept
{
    for (const auto& header : headers) {
        if (boost::beast::iequals(header.name, name))
            return header.value;
    }
    return std::nullopt;
}

std::vector<std::string_view> HttpResponse::all(std::string_view name) const
{
    std::vector<std::string_view> values;
    for (const auto& header : headers) {
        if (boost::beast::iequals(header.name, name))
            values.push_back(header.value);
    }
    return values;
}

}  // namespace cloudpcd::graph
