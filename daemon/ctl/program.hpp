#pragma once
// cloudpcctl without main(): arguments in, exit status out.

#include "config/config.hpp"
#include "daemon/ctl/output.hpp"
#include "daemon/ctl/waiting.hpp"

#include <istream>

namespace cloudpcd::ctl {

/// What the program is connected to; tests give their own.
struct Console {
    Output& out;
    Output& errors;
    std::istream& in;
    bool out_is_terminal = false;
    config::Environment environment{};
    Pace pace = Pace::real();
};

/// Runs one command. Never throws; the messages are on `errors`. A reader of `out` that goes away
/// ends the command with 0: it has what it wanted.
int run(int argc, const char* const* argv, Console& console) noexcept;

}  // namespace cloudpcd::ctl
