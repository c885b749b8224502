// cloudpcctl: looks into the mirror that cloudpcd keeps.

#include "daemon/ctl/program.hpp"

#include <csignal>
#include <iostream>
#include <unistd.h>

int main(int argc, char** argv)
{
    using namespace cloudpcd;
    // A write to a closed pipe is an error like any other; see Output.
    std::signal(SIGPIPE, SIG_IGN);
    ctl::FileOutput out{STDOUT_FILENO};
    ctl::FileOutput errors{STDERR_FILENO};
    ctl::Console console{.out = out,
                         .errors = errors,
                         .in = std::cin,
                         .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                         .environment = config::Environment::of_process()};
    return ctl::run(argc, argv, console);
}
