#include "daemon/login.hpp"

#include "sync/core/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace cloudpcd::daemon {

namespace asio = boost::asio;

namespace {

using Phase = LoginAttempt::Phase;

constexpr std::string_view no_client =
    "[auth.delegated] client_id: there is no application to sign in to; name the client id of an "
    "app registration that allows public client flows";

LoginAttempt failed(std::string reason)
{
    return {.phase = Phase::failed, .reason = std::move(reason)};
}

}  // namespace

std::string_view to_string(LoginAttempt::Phase phase) noexcept
{
    switch (phase) {
        case Phase::none:
            return "none";
        case Phase::starting:
            return "starting";
        case Phase::pending:
            return "pending";
        case Phase::signed_in:
            return "signed_in";
        case Phase::failed:
            return "failed";
    }
    return "";
}

void Login::Shared::set(LoginAttempt next)
{
    attempt = std::move(next);
    changed.cancel();
}

asio::awaitable<void> Login::Shared::wait_for_change()
{
    boost::system::error_code woken;
    co_await changed.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error{asio::error::operation_aborted};
}

Login::Login(const asio::any_io_executor& executor, const Parts& parts,
             graph::TokenEndpointOptions endpoint)
    : x_parts{parts},
      x_flow{parts.transport, parts.clock, parts.rng, endpoint},
      x_has_client{!endpoint.client_id.empty()},
      x_shared{std::make_shared<Shared>(
          Shared{.changed = {executor, asio::steady_timer::time_point::max()}})},
      x_give_up{executor, asio::steady_timer::time_point::max()}
{}

Login::~Login()
{
    if (attempt().phase == Phase::starting)
        x_shared->set(failed("the daemon ends or reads its configuration; try again"));
}

asio::awaitable<LoginAttempt> Login::start()
{
    const auto shared = x_shared;
    if (!x_has_client)
        co_return failed(std::string{no_client});
    if (shared->attempt.phase != Phase::pending && shared->attempt.phase != Phase::starting)
        shared->set({.phase = Phase::starting});
    while (shared->attempt.phase == Phase::starting)
        co_await shared->wait_for_change();
    co_return shared->attempt;
}

Result<void> Login::log_out()
{
    if (attempt().phase == Phase::pending || attempt().phase == Phase::starting) {
        x_given_up = true;
        x_give_up.cancel();
    }
    x_shared->set({});
    return x_parts.credentials.sign_out();
}

asio::awaitable<void> Login::run()
{
    while (true) {
        while (attempt().phase != Phase::starting)
            co_await x_shared->wait_for_change();
        co_await carry_out();
    }
}

/// One attempt. What log_out() gave up meanwhile is dropped without a word: a token that came all
/// the same must not sign anybody in again.
asio::awaitable<void> Login::carry_out()
{
    x_given_up = false;
    auto code = co_await x_flow.start();
    if (x_given_up)
        co_return;
    if (!code) {
        x_shared->set(failed(code.error().describe()));
        co_return;
    }
    const auto left = code->expires_at - x_parts.clock.steady_now();
    x_shared->set({.phase = Phase::pending,
                   .user_code = code->user_code,
                   .verification_uri = code->verification_uri,
                   .message = code->message,
                   .expires_at = x_parts.clock.utc_now() + left});
    auto grant = co_await finish(*std::move(code));
    if (!grant)
        co_return;
    auto outcome = *grant ? x_parts.credentials.sign_in(**std::move(grant))
                          : Result<void>{std::move(*grant).error()};
    if (outcome) {
        x_shared->set({.phase = Phase::signed_in});
        x_parts.signed_in();
        co_return;
    }
    log::warning("a sign-in failed", {{"error", outcome.error().describe()}});
    x_shared->set(failed(outcome.error().describe()));
}

/// Nothing when it was given up.
asio::awaitable<std::optional<Result<graph::TokenGrant>>> Login::finish(graph::DeviceCode code)
{
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(co_await asio::this_coro::executor, x_flow.finish(std::move(code)),
                       asio::deferred),
        x_give_up.async_wait(asio::deferred));
    auto [order, failure, grant, given_up] =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (x_given_up)
        co_return std::nullopt;
    if (failure)
        std::rethrow_exception(failure);
    co_return std::move(grant);
}

}  // namespace cloudpcd::daemon
