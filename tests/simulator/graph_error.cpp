// Errors as Graph words them (Graph documentation: "Microsoft Graph error responses and resource
// types").

#include "tests/simulator/tenant.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace graphsim {

Response Tenant::error(const Request& request, int status, std::string_view code,
                       std::string_view message) const
{
    const boost::json::object body{
        {"error",
         {{"code", code},
          {"message", message},
          {"innerError",
           {{"date", rfc3339(now()).substr(0, 19)},
            {"request-id", x_request_id},
            {"client-request-id", request.header("client-request-id").value_or(x_request_id)}}}}}};
    Response response{.status = status,
                      .headers = {{"Content-Type", "application/json"}},
                      .body = boost::json::serialize(body)};
    if (status == 401)
        response.headers.emplace_back(
            "WWW-Authenticate",
            "Bearer realm=\"\", "
            "authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", "
            "client_id=\"00000003-0000-0000-c000-000000000000\"");
    return response;
}

Response Tenant::no_segment(const Request& request, std::string_view segment) const
{
    return error(request, 400, "BadRequest",
                 fmt::format("Resource not found for the segment '{}'.", segment));
}

}  // namespace graphsim
