#pragma once
// Signing in and out over the control API: POST and GET /v1/login, POST /v1/logout.

#include "daemon/control/router.hpp"
#include "daemon/login.hpp"

#include <boost/asio/awaitable.hpp>

#include <vector>

namespace cloudpcd::daemon::control {

class LoginApi {
public:
    std::vector<Route> routes();

    void attach(Login& login) noexcept { x_login = &login; }
    void detach() noexcept { x_login = nullptr; }

    /// Who acts; null while there is no engine.
    const graph::SignInState* sign_in() const noexcept;

private:
    boost::asio::awaitable<Reply> begin(Request request);
    boost::asio::awaitable<Reply> show(Request request);
    boost::asio::awaitable<Reply> end(Request request);

    Login* x_login = nullptr;  ///< null: the daemon is ending
};

}  // namespace cloudpcd::daemon::control
