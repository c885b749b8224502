#include "daemon/application.hpp"
#include "daemon/command_line.hpp"

#include <variant>

int main(int argc, char** argv)
{
    const auto line = cloudpcd::daemon::parse_command_line(argc, argv);
    if (const auto* status = std::get_if<int>(&line))
        return *status;
    return cloudpcd::daemon::run(std::get<cloudpcd::daemon::CommandLine>(line));
}
