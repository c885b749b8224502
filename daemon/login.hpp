#pragma once
// A person signs in to the running daemon: one attempt at a time, from "give me a code" to "signed
// in" or the reason why not. Whoever asks while one is pending gets the same code, so that a second
// terminal does not spoil what is being typed elsewhere. Signing out ends a pending attempt.

#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/graph/delegated.hpp"
#include "sync/graph/device_code.hpp"
#include "sync/graph/token_endpoint.hpp"
#include "sync/graph/transport.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::daemon {

/// The last attempt.
struct LoginAttempt {
    enum class Phase {
        none,      ///< there was none since the start, or it was given up
        starting,  ///< a code is being asked for
        pending,   ///< the user has a code
        signed_in,
        failed,
    };

    Phase phase = Phase::none;
    std::string user_code{};  ///< while pending, as the next three
    std::string verification_uri{};
    std::string message{};
    std::optional<UtcTime> expires_at{};
    std::string reason{};  ///< why it failed, and what to do
};

std::string_view to_string(LoginAttempt::Phase phase) noexcept;

class Login {
public:
    struct Parts {
        graph::Transport& transport;
        Clock& clock;
        Rng& rng;
        graph::DelegatedCredentials& credentials;
        std::function<void()> signed_in = [] {};  ///< called when somebody has
    };

    /// `endpoint` is that of `credentials`.
    Login(const boost::asio::any_io_executor& executor, const Parts& parts,
          graph::TokenEndpointOptions endpoint);
    /// Whoever waits in start() is told that the attempt has ended.
    ~Login();
    Login(const Login&) = delete;
    Login& operator=(const Login&) = delete;

    /// Begins an attempt, unless one is pending; gives it once there is a code, or none comes.
    boost::asio::awaitable<LoginAttempt> start();

    /// Ends a pending attempt and the sign-in.
    ///
    /// Errors: those of DelegatedCredentials::sign_out
    Result<void> log_out();

    const LoginAttempt& attempt() const noexcept { return x_shared->attempt; }

    /// Who acts.
    const graph::SignInState& sign_in() const noexcept { return x_parts.credentials.state(); }

    /// Does the work of start(), until cancelled.
    boost::asio::awaitable<void> run();

private:
    struct Shared {
        LoginAttempt attempt{};
        boost::asio::steady_timer changed;  ///< cancelled when it does

        void set(LoginAttempt next);
        boost::asio::awaitable<void> wait_for_change();
    };

    boost::asio::awaitable<void> carry_out();
    boost::asio::awaitable<std::optional<Result<graph::TokenGrant>>> finish(graph::DeviceCode code);

    Parts x_parts;
    graph::DeviceCodeFlow x_flow;
    bool x_has_client;
    std::shared_ptr<Shared> x_shared;     // with those who wait, who may outlive a reload
    bool x_given_up = false;              ///< the attempt that run() is at
    boost::asio::steady_timer x_give_up;  ///< cancelled to end a pending attempt
};

}  // namespace cloudpcd::daemon
