#pragma once
// What the user typed. Options are parsed here and nowhere else.

#include "daemon/ctl/control_commands.hpp"
#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/jobs_options.hpp"
#include "daemon/ctl/row_writer.hpp"
#include "daemon/ctl/settings.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::ctl {

enum class Command {
    status,
    sync,
    verify,
    jobs,
    freeze,
    thaw,
    login,
    logout,
    query,
    schema,
    history,
    as_of,
};

struct CommandLine {
    Command command = Command::status;
    ConfigChoice config{};
    bool json = false;
    bool csv = false;
    std::string sql{};     ///< of query; "-": standard input
    std::string table{};   ///< of schema, where it may be empty, history and as-of
    std::string object{};  ///< of history: the id
    std::string time{};    ///< of as-of
    SyncOptions sync{};
    JobsOptions jobs{};                 ///< of freeze: the reason
    std::vector<std::string> tables{};  ///< of verify; empty: all
};

/// A command line; or how to end without one: help, a version, or what is wrong.
struct ParsedCommandLine {
    std::optional<CommandLine> line{};
    ExitStatus status = ExitStatus::done;
    std::string text{};  ///< for stdout when done, else for stderr; ends with a line feed
};

ParsedCommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace cloudpcd::ctl
