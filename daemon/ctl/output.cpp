#include "daemon/ctl/output.hpp"

#include "daemon/ctl/failure.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace cloudpcd::ctl {

void FileOutput::write(std::string_view text)
{
    x_buffer += text;
    if (x_buffer.size() >= buffer_bytes_max)
        flush();
}

void FileOutput::flush()
{
    std::string_view rest{x_buffer};
    while (!rest.empty()) {
        const auto written = ::write(x_descriptor, rest.data(), rest.size());
        if (written >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno == EPIPE)
            throw OutputClosed{};
        throw Failure{ExitStatus::database, fmt::format("the output cannot be written: {}",
                                                        std::generic_category().message(errno))};
    }
    x_buffer.clear();
}

}  // namespace cloudpcd::ctl
