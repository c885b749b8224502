#pragma once
// What the control API offers: the table of routes under /v1/, and what each of them does.
// docs/control.md is the reference.

#include "config/config.hpp"
#include "daemon/control/jobs_api.hpp"
#include "daemon/control/login_api.hpp"
#include "daemon/control/mirror_reader.hpp"
#include "daemon/control/router.hpp"
#include "daemon/desk.hpp"
#include "schema/catalog.hpp"
#include "sync/core/clock.hpp"
#include "sync/store/store.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cloudpcd::daemon::control {

class Api {
public:
    /// All must outlive it. The configuration may change with the engine.
    Api(Clock& clock, store::Store& mirror, store::Store& queue,
        const config::Config& configuration);

    std::vector<Route> routes();

    /// The engine that serves from now on, by its desk and its login; `kick` tells its runner that
    /// the queue has changed. Those who wait for another engine are told that the configuration was
    /// read again.
    void attach(Desk& desk, Login& login, std::function<void()> kick);
    /// None does any more: the daemon is ending.
    void detach() noexcept;

private:
    using Tables = std::vector<std::string_view>;

    boost::asio::awaitable<Reply> status(Request request);
    boost::asio::awaitable<Reply> sync(Request request);
    boost::asio::awaitable<Reply> verify(Request request);

    std::variant<Tables, Problem> tables_of(const std::vector<std::string>& names) const;
    boost::asio::awaitable<std::optional<Problem>> check_refused(std::string_view name,
                                                                 mirror::RunId run);
    Problem engine_gone() const;
    Problem not_included(std::string_view name, const schema::Collection& collection) const;

    Clock& x_clock;
    const config::Config& x_config;
    store::Store& x_store;
    MirrorReader x_mirror;
    UtcTime x_started_at;
    SteadyTime x_started;
    LoginApi x_login;
    JobsApi x_jobs;
    Desk* x_desk = nullptr;
};

}  // namespace cloudpcd::daemon::control
