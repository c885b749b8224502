#include "sync/core/error.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace cloudpcd {

std::string_view to_string(Errc code) noexcept
{
    switch (code) {
        case Errc::throttled:
            return "throttled";
        case Errc::transient:
            return "transient";
        case Errc::cursor_expired:
            return "cursor expired";
        case Errc::unauthorized:
            return "unauthorized";
        case Errc::forbidden:
            return "forbidden";
        case Errc::not_found:
            return "not found";
        case Errc::rejected:
            return "rejected";
        case Errc::malformed:
            return "malformed response";
        case Errc::foreign_origin:
            return "foreign origin";
        case Errc::ambiguous:
            return "ambiguous";
        case Errc::configuration:
            return "configuration";
    }
    return "unknown";
}

std::string Error::describe() const
{
    std::string text = context;
    auto add = [&](std::string_view part) {
        if (!text.empty())
            text += ": ";
        text += part;
    };
    if (http_status != 0)
        add(fmt::format("HTTP {}{}{}", http_status, graph_code.empty() ? "" : " ", graph_code));
    else
        add(to_string(code));
    if (!message.empty())
        add(message);
    if (!request_id.empty())
        text += fmt::format(" (request-id {})", request_id);
    else if (!client_request_id.empty())
        text += fmt::format(" (client-request-id {})", client_request_id);
    return text;
}

void assertion_failed(const char* condition, const char* file, int line) noexcept
{
    std::fprintf(stderr, "cloudpcd: bug: %s does not hold (%s:%d); please report it\n", condition,
                 file, line);
    std::fflush(stderr);
    std::_Exit(70);  // EX_SOFTWARE, the documented exit status of a broken invariant
}

}  // namespace cloudpcd
