#include "schema/request.hpp"

#include <algorithm>

namespace cloudpcd::schema {

std::vector<std::string> select_properties(const Collection& collection)
{
    std::vector<std::string> names{"id"};
    const auto add = [&](std::string_view property) {
        const auto name = property.substr(0, property.find('.'));
        if (name.starts_with('@') || std::ranges::count(collection.expand, name) > 0 ||
            std::ranges::count(collection.write_only, name) > 0 ||
            std::ranges::count(names, name) > 0)
            return;
        names.emplace_back(name);
    };
    for (const auto& column : collection.columns)
        add(column.property);
    for (const auto& child : collection.children)
        add(child.property);
    if (const auto* links = links_of(collection))
        add(links->links.property);
    return names;
}

std::string read_path(const Collection& collection)
{
    std::string path{collection.path};
    if (collection.strategy == Strategy::delta)
        path += "/delta";
    return path;
}

std::string version_segment(ApiVersion version)
{
    switch (version) {
        case ApiVersion::v1_0:
            return "v1.0";
        case ApiVersion::beta:
            return "beta";
    }
    return "beta";
}

}  // namespace cloudpcd::schema
