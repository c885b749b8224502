#include "sync/graph/write.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/graph_error.hpp"
#include "sync/graph/retry.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cloudpcd::graph {

namespace asio = boost::asio;

namespace {

constexpr std::size_t context_bytes_max = 384;
constexpr std::size_t message_bytes_max = 1024;
constexpr std::size_t id_bytes_max = 128;
constexpr std::size_t location_bytes_max = 2048;

bool is_json_or_nothing(std::string_view body)
{
    boost::system::error_code failed;
    if (body.find_first_not_of(" \t\r\n") != std::string_view::npos)
        boost::json::parse(body, failed);
    return !failed;
}

}  // namespace

std::string_view to_string(Verdict verdict) noexcept
{
    switch (verdict) {
        case Verdict::executed:
            return "executed";
        case Verdict::already_gone:
            return "already_gone";
        case Verdict::refused:
            return "refused";
        case Verdict::not_sent:
            return "not_sent";
        case Verdict::busy:
            return "busy";
        case Verdict::throttled:
            return "throttled";
        case Verdict::token_refused:
            return "token_refused";
        case Verdict::unknown:
            break;
    }
    return "unknown";
}

bool not_executed(Verdict verdict) noexcept
{
    switch (verdict) {
        case Verdict::refused:
        case Verdict::not_sent:
        case Verdict::busy:
        case Verdict::throttled:
        case Verdict::token_refused:
            return true;
        case Verdict::executed:
        case Verdict::already_gone:
        case Verdict::unknown:
            break;
    }
    return false;
}

Verdict verdict_of(std::string_view method, int status, bool from_graph) noexcept
{
    if (status >= 200 && status < 300)
        return from_graph ? Verdict::executed : Verdict::unknown;
    if (status == 429)
        return Verdict::throttled;
    if (status == 401)
        return Verdict::token_refused;
    if (status == 403)
        return Verdict::refused;
    if (!from_graph || status == 408 || status < 400 || status >= 500)
        return Verdict::unknown;
    if (status == 423)
        return Verdict::busy;
    if (method == "DELETE" && (status == 404 || status == 410))
        return Verdict::already_gone;
    return Verdict::refused;
}

Verdict verdict_of(const Attempt& attempt) noexcept
{
    return attempt.request_written ? Verdict::unknown : Verdict::not_sent;
}

Writer::Writer(Transport& transport, Throttle& throttle, Clock& clock, WriterOptions options)
    : x_transport{transport}, x_throttle{throttle}, x_clock{clock}, x_options{std::move(options)}
{}

asio::awaitable<WriteOutcome> Writer::send(const AccessToken& token, WriteRequest request)
{
    CLOUDPCD_ASSERT(request.url.origin == x_options.origin);
    HttpRequest http{.method = request.method,
                     .url = request.url,
                     .headers = {{"Authorization", fmt::format("Bearer {}", token.value)},
                                 {"Accept", "application/json"},
                                 {"User-Agent", x_options.user_agent},
                                 {"client-request-id", request.client_request_id}},
                     .body = std::exchange(request.body, {}),
                     .connection = ConnectionUse::single,
                     .timeout = x_options.request_timeout};
    if (!http.body.empty())
        http.headers.push_back({"Content-Type", "application/json"});
    Attempt attempt;
    const auto start = x_clock.steady_now();
    auto response = co_await x_transport.send(std::move(http), attempt);
    CLOUDPCD_ASSERT(attempt.request_lines_written <= 1);
    auto outcome = outcome_of(token, request, std::move(response), attempt);
    if (outcome.verdict == Verdict::throttled)
        x_throttle.pause(request.quota, std::min(outcome.retry_after.value_or(throttled_wait),
                                                 x_options.pause_max));
    log::info("graph write", {{"context", request.context},
                              {"verdict", to_string(outcome.verdict)},
                              {"status", outcome.status},
                              {"took_ms", (x_clock.steady_now() - start).count()},
                              {"client_request_id", request.client_request_id},
                              {"request_id", outcome.request_id}});
    co_return outcome;
}

WriteOutcome Writer::outcome_of(const AccessToken& token, const WriteRequest& request,
                                Result<HttpResponse> response, const Attempt& attempt) const
{
    std::vector<std::string_view> secrets{token.value};
    secrets.insert(secrets.end(), request.secrets.begin(), request.secrets.end());
    if (!response) {
        auto error = std::move(response).error();
        error.context = log::escape(request.context, context_bytes_max);
        error.message = log::escape(redact(error.message, secrets), message_bytes_max);
        error.client_request_id = request.client_request_id;
        return {.verdict = verdict_of(attempt), .error = std::move(error)};
    }
    WriteOutcome outcome{
        .status = response->status,
        .request_id = log::escape(response->header("request-id").value_or(""), id_bytes_max),
        .date = parse_http_date(response->header("Date").value_or(""))};
    const bool success = response->status >= 200 && response->status < 300;
    if (success && is_json_or_nothing(response->body)) {
        outcome.verdict = verdict_of(request.method, response->status, true);
        if (const auto location = response->header("Location").value_or("");
            location.size() <= location_bytes_max)
            outcome.location = std::string{location};
        outcome.body = std::move(response->body);
        return outcome;
    }
    auto error = make_error(*response, {.context = request.context,
                                        .client_request_id = request.client_request_id,
                                        .url = request.url,
                                        .permissions = request.permissions,
                                        .secrets = secrets});
    outcome.verdict = verdict_of(request.method, response->status, error.from_graph && !success);
    if (outcome.verdict == Verdict::unknown)
        error.code = Errc::ambiguous;
    outcome.retry_after = retry_after(*response, x_clock.utc_now());
    outcome.error = std::move(error);
    return outcome;
}

}  // namespace cloudpcd::graph
