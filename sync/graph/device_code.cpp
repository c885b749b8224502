#include "sync/graph/device_code.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/jwt.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace cloudpcd::graph {

namespace asio = boost::asio;

namespace {

constexpr Duration slow_down_step = std::chrono::seconds{5};  // RFC 8628 section 3.5
constexpr std::size_t user_code_bytes_max = 64;
constexpr std::size_t uri_bytes_max = 2048;
constexpr std::size_t message_bytes_max = 1024;
constexpr std::string_view context = "device code request";

TokenEndpointOptions polled(TokenEndpointOptions options)
{
    options.grant_type = "urn:ietf:params:oauth:grant-type:device_code";
    options.who = Principal::user;
    options.scope.clear();  // said when the code was asked for
    return options;
}

bool is_visible(std::string_view text, std::size_t bytes_max)
{
    return !text.empty() && text.size() <= bytes_max &&
           std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

std::string text_member(const boost::json::object& from, std::string_view name)
{
    const auto* value = from.if_contains(name);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string{} : std::string{*text};
}

Result<DeviceCode> parse_device_code(std::string_view body, SteadyTime requested_at)
{
    boost::system::error_code failure;
    const auto parsed = boost::json::parse(body, failure);
    const auto* root = failure ? nullptr : parsed.if_object();
    DeviceCode code;
    if (root != nullptr) {
        code.secret = text_member(*root, "device_code");
        code.user_code = text_member(*root, "user_code");
        code.verification_uri = text_member(*root, "verification_uri");
        code.message = log::escape(text_member(*root, "message"), message_bytes_max);
    }
    const bool is_web = code.verification_uri.starts_with("https://") ||
                        code.verification_uri.starts_with("http://");
    if (!is_visible(code.secret, token_bytes_max) ||
        !is_visible(code.user_code, user_code_bytes_max) ||
        !is_visible(code.verification_uri, uri_bytes_max) || !is_web)
        return Error{.code = Errc::malformed,
                     .context = std::string{context},
                     .message = "the response has no usable code and page"};
    if (code.message.empty())
        code.message = fmt::format("To sign in, open the page {} and enter the code {}.",
                                   code.verification_uri, code.user_code);
    code.interval = std::clamp(seconds_member(*root, "interval").value_or(poll_interval_default),
                               poll_interval_min, poll_wait_max);
    code.expires_at =
        requested_at +
        std::min(seconds_member(*root, "expires_in").value_or(device_code_life_default),
                 device_code_life_max);
    return code;
}

/// `last`: what went wrong with the last poll that got no answer; empty when all did.
Error expired(std::string_view last)
{
    std::string message{sign_in_advice(Principal::user, "", "expired_token")};
    if (!last.empty())
        message += fmt::format("; the login host was last out of reach: {}", last);
    return {.code = Errc::unauthorized,
            .context = "sign-in",
            .message = std::move(message),
            .graph_code = "expired_token"};
}

}  // namespace

bool PollSchedule::goes_on(const Error& error, std::string_view reason) noexcept
{
    const bool slow_down = reason == "slow_down";
    if (slow_down)
        x_interval += slow_down_step;
    if (slow_down || reason == "authorization_pending") {
        x_wait = x_interval;
        return true;
    }
    if (error.code != Errc::transient && error.code != Errc::throttled)
        return false;
    x_wait = std::max(x_interval, std::min(x_wait * 2, poll_wait_max));
    x_wait = std::max(x_wait, error.retry_after.value_or(Duration{0}));
    return true;
}

DeviceCodeFlow::DeviceCodeFlow(Transport& transport, Clock& clock, Rng& rng,
                               TokenEndpointOptions endpoint)
    : x_transport{transport},
      x_clock{clock},
      x_rng{rng},
      x_options{std::move(endpoint)},
      x_polled{transport, clock, rng, polled(x_options)}
{}

asio::awaitable<Result<DeviceCode>> DeviceCodeFlow::start()
{
    const auto url = url_at(x_options.authority, fmt::format("/{}/oauth2/v2.0/devicecode",
                                                             percent_encode(x_options.tenant_id)));
    HttpRequest request{
        .method = "POST",
        .url = url,
        .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                    {"Accept", "application/json"},
                    {"User-Agent", x_options.user_agent},
                    {"client-request-id", x_rng.uuid()}},
        .body = fmt::format("client_id={}&scope={}", percent_encode(x_options.client_id),
                            percent_encode(x_options.scope)),
        .connection = ConnectionUse::pooled,
        .timeout = x_options.request_timeout,
        .body_bytes_max = token_response_bytes_max,
    };
    Attempt attempt;
    const auto requested_at = x_clock.steady_now();
    auto response = co_await x_transport.send(std::move(request), attempt);
    if (!response) {
        Error error = std::move(response).error();
        error.context = context;
        error.message = log::escape(error.message, message_bytes_max);
        co_return error;
    }
    if (response->status != 200) {
        const std::vector<std::string_view> no_secrets;
        auto error = token_error(*response, url, x_clock.utc_now(), no_secrets, Principal::user);
        error.context = context;
        co_return error;
    }
    auto code = parse_device_code(response->body, requested_at);
    wipe(response->body);
    co_return code;
}

asio::awaitable<Result<TokenGrant>> DeviceCodeFlow::finish(DeviceCode code)
{
    PollSchedule schedule{code.interval};
    std::string unreached;
    while (true) {
        const auto next = x_clock.steady_now() + schedule.wait();
        co_await x_clock.sleep_until(std::min(next, code.expires_at));
        if (x_clock.steady_now() >= code.expires_at)
            break;
        FormFields fields;
        fields.emplace_back("device_code", code.secret);
        auto answer = co_await x_polled.ask(std::move(fields), "");
        if (answer.grant || !schedule.goes_on(answer.grant.error(), answer.reason)) {
            wipe(code.secret);
            co_return std::move(answer.grant);
        }
        unreached = answer.reason.empty() ? answer.grant.error().describe() : "";
    }
    wipe(code.secret);
    co_return expired(unreached);
}

}  // namespace cloudpcd::graph
