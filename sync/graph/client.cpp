#include "sync/graph/client.hpp"

#include "sync/core/log.hpp"
#include "sync/graph/authenticate.hpp"
#include "sync/graph/graph_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace cloudpcd::graph {

namespace asio = boost::asio;

namespace {

constexpr std::size_t context_bytes_max = 384;
constexpr std::size_t message_bytes_max = 1024;
constexpr std::size_t id_bytes_max = 128;

std::size_t slots_of(int concurrency)
{
    return static_cast<std::size_t>(std::max(concurrency, 1));
}

/// 0 for anything but a number.
double load_of(std::string_view header)
{
    double load = 0;
    const auto* end = header.data() + header.size();
    const auto [stop, failure] = std::from_chars(header.data(), end, load);
    return failure == std::errc{} && stop == end ? load : 0;
}

bool is_bodyless_500(const HttpResponse& response)
{
    return response.status == 500 && response.body.empty() && !response.header("Content-Type");
}

}  // namespace

/// Where one get() stands.
struct Client::Progress {
    RetrySchedule schedule;
    ConnectionUse connection = ConnectionUse::pooled;
    bool token_renewed = false;
    int attempts = 0;
};

/// What a request needs to leave; the slot until it is answered.
struct Client::Leave {
    std::optional<Semaphore::Permit> page{};  ///< of a list
    Semaphore::Permit slot;
};

/// One attempt that got an answer, or failed on the way.
struct Client::Sent {
    AccessToken token;  // first: a response in its place would let an Error become a Sent
    std::string client_request_id;
    SteadyTime sent_at{};
    Duration took{0};
    Result<HttpResponse> response = HttpResponse{};
    std::optional<Semaphore::Permit> page_permit{};
};

Client::Client(Transport& transport, Credentials& credentials, Throttle& throttle, Clock& clock,
               Rng& rng, ClientOptions options)
    : x_transport{transport},
      x_credentials{credentials},
      x_throttle{throttle},
      x_clock{clock},
      x_rng{rng},
      x_options{std::move(options)},
      x_slots{slots_of(x_options.concurrency)}
{}

asio::awaitable<Result<GraphResponse>> Client::get(GetRequest request)
{
    if (request.url.origin != x_options.origin)
        co_return foreign_origin(request);

    Progress progress{.schedule = RetrySchedule{{.attempts_max = x_options.attempts_max,
                                                 .budget = x_options.retry_budget,
                                                 .retry_after_max = x_options.retry_after_max}}};
    auto response = co_await get(request, progress);
    if (response)
        co_return response;
    Error error = std::move(response).error();
    error.attempts = progress.attempts;
    co_return error;
}

asio::awaitable<Result<GraphResponse>> Client::get(const GetRequest& request, Progress& progress)
{
    while (true) {
        auto sent = co_await send(request, progress);
        if (!sent) {  // no token
            const Error& error = sent.error();
            if (error.code != Errc::throttled || !error.retry_after)
                co_return error;
            const auto wait = progress.schedule.after({.asked = error.retry_after}, x_rng);
            if (!wait)
                co_return error;
            co_await x_clock.sleep_for(*wait);
            continue;
        }
        if (sent->response && sent->response->status >= 200 && sent->response->status < 300) {
            auto& response = *sent->response;
            co_return GraphResponse{
                .status = response.status,
                .body = std::move(response.body),
                .request_id = log::escape(response.header("request-id").value_or(""), id_bytes_max),
                .client_request_id = std::move(sent->client_request_id),
                .date = parse_http_date(response.header("Date").value_or("")),
                .sent_at = sent->sent_at,
                .attempts = progress.attempts,
                .page_permit = std::move(sent->page_permit),
            };
        }
        sent->page_permit.reset();  // others go on while this one waits
        auto repeat = co_await recover(request, progress, *sent);
        if (!repeat)
            co_return std::move(repeat).error();
    }
}

Error Client::foreign_origin(const GetRequest& request) const
{
    const auto foreign = request.url.origin.to_string();
    log::warning("security: a link leads away from Graph; nothing was sent there",
                 {{"foreign_origin", foreign},
                  {"origin", x_options.origin.to_string()},
                  {"context", request.context}});
    return {.code = Errc::foreign_origin,
            .context = log::escape(request.context, context_bytes_max),
            .message = fmt::format("the link leads to {}, not to {}; nothing was sent there",
                                   foreign, x_options.origin.to_string())};
}

/// Quota first, then room for the page, then a slot: no slot is held by a request that may not go
/// yet, or lists that wait for room would keep all of them from the reads of jobs. Only the first
/// of a class and priority waits for them: a queue that has its quota behind it would leave as a
/// burst.
asio::awaitable<Client::Leave> Client::reserve(const GetRequest& request)
{
    auto& turns = x_turns[static_cast<std::size_t>(request.priority)];
    [[maybe_unused]] const auto turn =
        co_await turns[static_cast<std::size_t>(request.quota)].acquire();
    co_await x_throttle.acquire(request.quota, request.priority);
    std::optional<Semaphore::Permit> page;
    if (request.list)
        page.emplace(co_await x_pages.acquire());
    co_return Leave{.page = std::move(page), .slot = co_await x_slots.acquire()};
}

HttpRequest Client::http_request(const GetRequest& request, const AccessToken& token,
                                 std::string client_request_id, ConnectionUse connection) const
{
    return {
        .method = "GET",
        .url = request.url,
        .headers = {{"Authorization", fmt::format("Bearer {}", token.value)},
                    {"Accept", "application/json"},
                    {"User-Agent", x_options.user_agent},
                    // Without it, states that came after an enum's first version read
                    // unknownFutureValue.
                    {"Prefer", "include-unknown-enum-members"},
                    // Graph sheds what is marked Low first: rather a page of ours than a job.
                    {"x-ms-throttle-priority",
                     request.priority == Priority::interactive ? "Normal" : "Low"},
                    {"client-request-id", std::move(client_request_id)}},
        .body = {},
        .connection = connection,
        .timeout = x_options.request_timeout,
    };
}

/// Sends the request once. An Error is that of the credentials; nothing was sent then.
asio::awaitable<Result<Client::Sent>> Client::send(const GetRequest& request, Progress& progress)
{
    while (true) {
        auto leave = co_await reserve(request);
        auto token = co_await x_credentials.access_token();
        if (!token) {
            Error error = std::move(token).error();
            error.context = log::escape(fmt::format("{}: {}", request.context, error.context),
                                        context_bytes_max);
            co_return error;
        }
        if (x_throttle.paused(request.quota))
            continue;  // the class was told to wait while this one waited for slot and token

        Sent sent{.token = *std::move(token),
                  .client_request_id = x_rng.uuid(),
                  .sent_at = x_clock.steady_now(),
                  .page_permit = std::move(leave.page)};
        Attempt attempt;
        ++x_requests;
        ++progress.attempts;
        sent.response = co_await x_transport.send(
            http_request(request, sent.token, sent.client_request_id, progress.connection),
            attempt);
        sent.took = x_clock.steady_now() - sent.sent_at;

        const auto* response = sent.response ? &*sent.response : nullptr;
        const auto header = [&](std::string_view name) {
            return response == nullptr ? std::string_view{} : response->header(name).value_or("");
        };
        if (response != nullptr && response->status != 429)  // that has a rule of its own
            x_throttle.ease(request.quota, load_of(header("x-ms-throttle-limit-percentage")));
        const auto date = parse_http_date(header("Date"));
        x_skew.observe(date, x_clock.utc_now(), x_options.origin.host);
        if (date)
            x_server_clock = date->time_since_epoch() - x_clock.steady_now().time_since_epoch();
        log::debug("graph request", {{"context", request.context},
                                     {"attempt", progress.attempts},
                                     {"status", response == nullptr ? 0 : response->status},
                                     {"took_ms", sent.took.count()},
                                     {"client_request_id", sent.client_request_id},
                                     {"request_id", header("request-id")},
                                     {"diagnostic", header("x-ms-ags-diagnostic")},
                                     {"load", header("x-ms-throttle-limit-percentage")}});
        co_return sent;
    }
}

std::optional<Duration> Client::clock_skew() const
{
    if (!x_server_clock)
        return std::nullopt;
    const UtcTime server{x_clock.steady_now().time_since_epoch() + *x_server_clock};
    return x_clock.utc_now() - server;
}

/// Success means: the request may be repeated now. Otherwise the Error is the last word.
asio::awaitable<Result<void>> Client::recover(const GetRequest& request, Progress& progress,
                                              const Sent& sent)
{
    const std::vector<std::string_view> secrets{sent.token.value};
    progress.connection = ConnectionUse::pooled;
    if (!sent.response) {
        Error error = sent.response.error();
        error.context = log::escape(request.context, context_bytes_max);
        error.message = log::escape(redact(error.message, secrets), message_bytes_max);
        error.client_request_id = sent.client_request_id;
        if (error.code != Errc::transient)
            co_return error;
        co_return co_await wait_and_repeat(request, progress, {.took = sent.took},
                                           std::move(error));
    }

    const auto& response = *sent.response;
    auto error = make_error(response, {.context = request.context,
                                       .client_request_id = sent.client_request_id,
                                       .url = request.url,
                                       .permissions = request.permissions,
                                       .secrets = secrets});
    const bool challenged = response.status == 403 &&
                            find_challenge(response.all("WWW-Authenticate")).insufficient_claims;
    if (response.status == 401 || challenged) {
        error.code = Errc::unauthorized;
        co_return co_await renew_token(progress, sent.token, std::move(error));
    }
    if (!is_retryable(response.status) || error.code == Errc::cursor_expired)
        co_return error;

    error.retry_after = retry_after(response, x_clock.utc_now());
    if (response.status == 503)
        progress.connection = ConnectionUse::fresh;  // Graph's best practices: always
    const Failure failure{
        .took = sent.took, .asked = error.retry_after, .bodyless_500 = is_bodyless_500(response)};
    co_return co_await wait_and_repeat(request, progress, failure, std::move(error));
}

/// A token that was refused is renewed once; a second refusal is final.
asio::awaitable<Result<void>> Client::renew_token(Progress& progress, const AccessToken& token,
                                                  Error error)
{
    x_credentials.refused(token, error.challenge_claims);
    if (std::exchange(progress.token_renewed, true))
        co_return error;
    auto renewed = co_await x_credentials.access_token();
    if (renewed && renewed->serial != 0 && renewed->serial == token.serial)
        co_return error;  // no new one is to be had now, and this one has had its answer
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Client::wait_and_repeat(const GetRequest& request, Progress& progress,
                                                      Failure failure, Error error)
{
    const auto wait = progress.schedule.after(failure, x_rng);
    const bool whole_class = error.http_status == 429;
    if (!wait) {
        if (failure.asked)
            error.code = Errc::throttled;
        if (whole_class && failure.asked)
            x_throttle.pause(request.quota, std::min(*failure.asked, x_options.retry_after_max));
        co_return error;
    }
    log::debug("graph request is repeated", {{"context", request.context},
                                             {"attempt", progress.attempts},
                                             {"error", error.describe()},
                                             {"wait_ms", wait->count()},
                                             {"asked_for", failure.asked.has_value()}});
    if (whole_class)
        x_throttle.pause(request.quota, *wait);  // the next reserve() waits it out
    else
        co_await x_clock.sleep_for(*wait);
    co_return Result<void>{};
}

}  // namespace cloudpcd::graph
