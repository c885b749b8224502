#pragma once
// The tenant on a loopback port: HTTP/1.1, plain or TLS, one server for the login host and Graph.

#include "tests/simulator/tenant.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>

namespace graphsim {

struct ServerOptions {
    std::uint16_t port = 0;  ///< on 127.0.0.1; 0: any free one
    bool tls = false;
    std::filesystem::path ca_file{};  ///< with TLS: where to write the authority to trust, PEM
};

/// Listens from construction on and serves while its io_context runs. Sets the tenant's base URL.
/// Everything happens on that context: only its thread touches the tenant.
class Server {
public:
    /// Errors: throws boost::system::system_error when the port is taken
    Server(boost::asio::io_context& context, Tenant& tenant, const ServerOptions& options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// `https://127.0.0.1:12345`.
    const std::string& endpoint() const noexcept;
    std::uint16_t port() const noexcept;
    std::size_t connections_accepted() const noexcept;
    /// Closes the port and every connection; then the context runs out of work.
    void stop();

private:
    struct State;
    std::shared_ptr<State> x_state;
};

/// A tenant, its server and a thread of their own: for tests within one process.
class ServerThread {
public:
    explicit ServerThread(TenantOptions tenant, const ServerOptions& options = {});
    ~ServerThread();
    ServerThread(const ServerThread&) = delete;
    ServerThread& operator=(const ServerThread&) = delete;

    const std::string& endpoint() const noexcept { return x_server.endpoint(); }
    std::uint16_t port() const noexcept { return x_server.port(); }
    std::size_t connections_accepted();

    /// Runs `work(Tenant&)` on the server's thread and gives its result; exceptions pass.
    template <class Work>
    auto with_tenant(Work work)
    {
        std::packaged_task<std::invoke_result_t<Work&, Tenant&>()> task{
            [&] { return work(x_tenant); }};
        auto result = task.get_future();
        boost::asio::dispatch(x_context, [&] { task(); });
        return result.get();
    }

private:
    boost::asio::io_context x_context{1};
    Tenant x_tenant;
    Server x_server;
    std::jthread x_thread;
};

}  // namespace graphsim
