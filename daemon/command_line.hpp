#pragma once
// What cloudpcd is called with.

#include <filesystem>
#include <string>
#include <variant>

namespace cloudpcd::daemon {

struct CommandLine {
    std::filesystem::path config = "/etc/cloudpcd/cloudpcd.toml";
    bool once = false;
    bool check_config = false;
};

/// Reads the arguments; prints help, version and complaints itself.
///
/// Gives: the command line, or the exit status to end with
std::variant<CommandLine, int> parse_command_line(int argc, char** argv);

/// Version and commit, and the versions of the libraries in use; several lines.
std::string version_text();

}  // namespace cloudpcd::daemon
