#pragma once
// Reading of the sections, one function each: what a key may hold, what it is when it is absent.

#include "config/config.hpp"
#include "config/reader.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace cloudpcd::config {

/// All that reading a section needs besides the section.
struct Context {
    Findings& findings;
    const Environment& environment;
    const ParseOptions& options;
    Path file_directory;
};

/// Keeps the default of `member` when the key is absent or wrong.
template <class T>
void set(T& member, std::optional<T> value)
{
    if (value)
        member = std::move(*value);
}

/// The file a key names; nullopt when the key is absent or no file name.
std::optional<Path> file_name(Section& section, std::string_view key);

/// Relative names are looked up in $CREDENTIALS_DIRECTORY, then beside the configuration.
Path credential_path(const Path& name, const Context& context);

void read_tenant(Section section, const Context& context, Tenant& tenant);
void read_auth(Section section, const Context& context, Auth& auth);
void read_graph(Section section, const Context& context, Cloud cloud, Graph& graph);

}  // namespace cloudpcd::config
