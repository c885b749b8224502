#include "daemon/control/message.hpp"

#include <boost/beast/http/status.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace cloudpcd::daemon::control {

std::string Problem::json() const
{
    const std::string_view title =
        boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
    boost::json::object object{
        {"type", type}, {"title", title}, {"status", status}, {"detail", detail}};
    for (const auto& member : more)
        object.insert(member);
    return boost::json::serialize(object);
}

std::string problem_type(std::string_view name)
{
    return fmt::format("urn:cloudpcd:problem:{}", name);
}

Problem ending()
{
    return {.status = 503, .detail = "the daemon is ending", .type = problem_type("ending")};
}

}  // namespace cloudpcd::daemon::control
