#pragma once
// Which configuration a command is about.

#include "config/config.hpp"

#include <optional>
#include <string>

namespace cloudpcd::ctl {

/// Where the user said it is; neither is the default file.
struct ConfigChoice {
    std::optional<std::string> file{};
    std::optional<std::string> instance{};
};

/// Letters, digits, `_`, `-`, `.`; not starting with a dot: it becomes part of paths.
bool is_instance_name(std::string_view name) noexcept;

/// Errors: Failure usage for a wrong instance name; Failure configuration, with one line for each
///         thing that is wrong with the file
config::Config load_settings(const ConfigChoice& choice, config::Environment environment);

}  // namespace cloudpcd::ctl
