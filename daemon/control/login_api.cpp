#include "daemon/control/login_api.hpp"

#include "sync/core/log.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <optional>
#include <utility>

namespace cloudpcd::daemon::control {

namespace asio = boost::asio;
namespace json = boost::json;
using boost::beast::http::verb;

namespace {

// With parentheses: braces would make an array of one.
json::value or_null(const std::string& text)
{
    return text.empty() ? json::value() : json::value(text);
}

json::value or_null(std::optional<UtcTime> time)
{
    return time ? json::value(format_rfc3339(*time)) : json::value();
}

/// For whoever may read. The code is not for them: entering it makes oneself the user who acts.
json::object public_state(const Login& login)
{
    const auto& attempt = login.attempt();
    const auto& user = login.sign_in();
    return {{"signed_in", user.signed_in},
            {"user_principal_name", or_null(user.principal_name)},
            {"object_id", or_null(user.object_id)},
            {"signed_in_at", or_null(user.signed_in_at)},
            {"refreshed_at", or_null(user.refreshed_at)},
            {"error", or_null(user.error)},
            {"attempt", json::object{{"state", to_string(attempt.phase)},
                                     {"expires_at", or_null(attempt.expires_at)},
                                     {"reason", or_null(attempt.reason)}}}};
}

std::optional<Problem> refuse_members(const json::object& body)
{
    if (body.empty())
        return std::nullopt;
    return Problem{.status = 400,
                   .detail = fmt::format("{}: no such member, there are none",
                                         std::string_view{body.begin()->key()})};
}

}  // namespace

std::vector<Route> LoginApi::routes()
{
    return {
        {verb::get, "/v1/login", Role::read,
         [this](Request request) { return show(std::move(request)); }},
        {verb::post, "/v1/login", Role::operate,
         [this](Request request) { return begin(std::move(request)); }},
        {verb::post, "/v1/logout", Role::operate,
         [this](Request request) { return end(std::move(request)); }},
    };
}

const graph::SignInState* LoginApi::sign_in() const noexcept
{
    return x_login == nullptr ? nullptr : &x_login->sign_in();
}

asio::awaitable<Reply> LoginApi::begin(Request request)
{
    if (auto problem = refuse_members(request.body))
        co_return *std::move(problem);
    if (x_login == nullptr)
        co_return ending();
    log::info("a sign-in was asked for", {{"uid", request.caller.uid}});
    const auto attempt = co_await x_login->start();
    if (attempt.phase != LoginAttempt::Phase::pending)
        co_return Problem{
            .status = 409,
            .detail = attempt.reason.empty() ? "the attempt was ended meanwhile" : attempt.reason,
            .type = problem_type("login-failed")};
    co_return Response{
        .body = json::serialize(json::object{{"state", to_string(attempt.phase)},
                                             {"user_code", attempt.user_code},
                                             {"verification_uri", attempt.verification_uri},
                                             {"message", attempt.message},
                                             {"expires_at", or_null(attempt.expires_at)}})};
}

asio::awaitable<Reply> LoginApi::show(Request)
{
    if (x_login == nullptr)
        co_return ending();
    co_return Response{.body = json::serialize(public_state(*x_login))};
}

asio::awaitable<Reply> LoginApi::end(Request request)
{
    if (auto problem = refuse_members(request.body))
        co_return *std::move(problem);
    if (x_login == nullptr)
        co_return ending();
    log::info("signing out was asked for", {{"uid", request.caller.uid}});
    const auto user = x_login->sign_in().principal_name;
    if (const auto out = x_login->log_out(); !out)
        co_return Problem{.status = 500, .detail = out.error().describe()};
    co_return Response{.body = json::serialize(json::object{{"signed_out", or_null(user)}})};
}

}  // namespace cloudpcd::daemon::control
