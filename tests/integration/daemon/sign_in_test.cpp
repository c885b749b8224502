// Each way to sign in, with the built daemon: it reads the tenant, finds what was renewed while it
// runs, says the reason when it is refused, and tells no secret.

#include "tests/integration/daemon/installation.hpp"
#include "tests/simulator/certificates.hpp"
#include "tests/simulator/token_endpoint.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <vector>

using namespace cloudpcd::test;
namespace faults = graphsim::faults;

namespace {

using std::chrono::seconds;

constexpr std::string_view token_path = "/{tenant}/oauth2/v2.0/token";
constexpr std::string_view identity_path = "/metadata/identity/oauth2/token";
constexpr std::string_view secret_key = "client_secret_file = \"client-secret\"";
constexpr std::string_view no_cloud_pcs = "SELECT count(*) FROM cloud_pcs";

/// Tokens live long enough to be used, and are renewed every six seconds.
graphsim::TenantOptions small_tenant()
{
    return {.token_lifetime = seconds{12}, .cloud_pcs = 20, .audit_events = 20, .snapshots = 5};
}

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

/// A token as a platform's issuer would write it.
std::string platform_token(std::string_view subject, seconds good_for = seconds{3600})
{
    const auto expires = std::chrono::floor<seconds>(graphsim::system_now() + good_for);
    return graphsim::base64url(R"({"alg":"RS256","kid":"platform"})") + '.' +
           graphsim::base64url(
               fmt::format(R"({{"iss":"https://issuer.example","sub":"{}","exp":{}}})", subject,
                           expires.time_since_epoch().count())) +
           '.' + graphsim::base64url("canary-platform-signature");
}

/// Waits until `count` more requests to `path` were answered with `status`.
void wait_for_answers(Installation& installation, std::string_view path, int status, int count = 1)
{
    const auto answered = [&](graphsim::Tenant& tenant) {
        return std::ranges::count_if(tenant.requests().entries(), [&](const auto& entry) {
            return entry.path_template == path && entry.status == status;
        });
    };
    const auto before = installation.server().with_tenant(answered);
    const auto end = std::chrono::steady_clock::now() + patience;
    while (installation.server().with_tenant(answered) < before + count) {
        if (std::chrono::steady_clock::now() > end)
            throw std::runtime_error{"the daemon does not ask"};
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
}

long answers(Installation& installation, std::string_view path, int status)
{
    return installation.server().with_tenant([&](graphsim::Tenant& tenant) {
        return std::ranges::count_if(tenant.requests().entries(), [&](const auto& entry) {
            return entry.path_template == path && entry.status == status;
        });
    });
}

/// Nothing that proves who we are is in the log or beside the files it was given in.
void check_silent(const Installation& installation, std::string_view errors,
                  const std::vector<std::string>& secrets)
{
    for (const auto& secret : secrets) {
        CHECK_FALSE(has(errors, secret));
        for (const auto* suffix : {"", "-wal"})
            CHECK_FALSE(has(read_file(installation.mirror_path().string() + suffix), secret));
    }
}

/// A line out of the middle of a private key.
std::string part_of_key(const graphsim::ClientIdentity& identity)
{
    return identity.key.substr(identity.key.size() / 2, 40);
}

std::string pem(const graphsim::ClientIdentity& identity)
{
    return identity.certificate + identity.key;
}

void register_only(Installation& installation, const graphsim::ClientIdentity& identity)
{
    installation.server().with_tenant(
        [&](graphsim::Tenant& tenant) { tenant.set_client_certificates({identity.certificate}); });
}

}  // namespace

TEST_CASE("sign in: with a certificate, by either algorithm")
{
    const auto identity = graphsim::make_client_identity();
    Installation installation{small_tenant()};
    installation.write_secret("client.pem", pem(identity));
    register_only(installation, identity);
    for (const auto* more : {"", "\ncertificate_algorithm = \"RS256\""}) {
        installation.configure();
        installation.edit(secret_key, fmt::format("certificate_file = \"client.pem\"{}", more));
        CHECK(installation.once() == 0);
        CHECK(installation.differences().empty());
        CHECK_FALSE(has(installation.errors(), "certificate"));
        check_silent(installation, installation.errors(), {part_of_key(identity), "eyJ"});
    }
}

TEST_CASE("sign in: a certificate that ends soon is said, one that has ended is no start")
{
    Installation installation{small_tenant()};
    installation.edit(secret_key, "certificate_file = \"client.pem\"");
    const auto soon = graphsim::make_client_identity({.ends_in = std::chrono::hours{24 * 10 + 1}});
    installation.write_secret("client.pem", pem(soon));
    register_only(installation, soon);
    CHECK(installation.once() == 0);
    CHECK(has(installation.errors(), "the certificate expires at "));
    CHECK(has(installation.errors(), "in 10 days"));

    const auto file = (installation.directory() / "client.pem").string();
    const auto refused = [&](std::string_view content, std::string_view reason) {
        installation.write_secret("client.pem", content);
        for (const auto* option : {"--once", "--check-config"}) {
            const auto process = installation.start({option});
            CHECK(process->wait() == 78);
            const auto errors = process->errors();
            INFO(errors);
            CHECK(errors.starts_with(fmt::format("{}:5: [auth] certificate_file: {}: {}",
                                                 installation.config().string(), file, reason)));
            CHECK(std::ranges::count(errors, '\n') == 1);
        }
    };
    const auto over = graphsim::make_client_identity({.ends_in = seconds{-1}});
    refused(pem(over), "the certificate expired at ");
    refused(soon.certificate, "no private key (PEM) in it, accepted: a PEM file");
    refused(soon.key, "no certificate (PEM) in it");
    refused(over.certificate + soon.key, "its private key does not belong to the certificate");
    refused("nonsense", "no private key (PEM) in it");
}

TEST_CASE("sign in: a certificate that the application does not have is 77, in Entra's words")
{
    Installation installation{small_tenant()};
    installation.edit(secret_key, "certificate_file = \"client.pem\"");
    const auto identity = graphsim::make_client_identity();
    installation.write_secret("client.pem", pem(identity));
    CHECK(installation.once() == 77);
    CHECK(has(installation.errors(), "cloudpcd: credential: "));
    CHECK(has(installation.errors(),
              "AADSTS700027: The certificate with identifier used to sign the client assertion is "
              "not registered on application. [Reason - The key was not found., Thumbprint of key "
              "used by client: '"));
    CHECK(installation.one("SELECT count(*) FROM sync_runs") == "0");
    check_silent(installation, installation.errors(), {part_of_key(identity), "eyJ"});
}

TEST_CASE("sign in: a certificate that is renewed while the daemon runs is found")
{
    const auto old = graphsim::make_client_identity();
    const auto renewed = graphsim::make_client_identity();
    Installation installation{small_tenant()};
    installation.configure("[sync]\ninterval = \"1s\"");
    installation.edit(secret_key, "certificate_file = \"client.pem\"");
    installation.write_secret("client.pem", pem(old));
    installation.server().with_tenant([&](graphsim::Tenant& tenant) {
        tenant.set_client_certificates({old.certificate, renewed.certificate});
    });
    const auto process = installation.start();
    process->wait_for_error("resource=audit_events");

    installation.write_secret("client.pem", pem(renewed));
    register_only(installation, renewed);
    wait_for_answers(installation, token_path, 200, 2);
    CHECK(answers(installation, token_path, 401) == 0);
    CHECK_FALSE(has(process->errors(), "token request failed"));

    register_only(installation, old);  // and one that is taken away is said
    process->wait_for_error("AADSTS700027");
    CHECK(process->running());
    process->signal(SIGTERM);
    CHECK(process->wait() == 0);
    check_silent(installation, process->errors(), {part_of_key(old), part_of_key(renewed), "eyJ"});
}

TEST_CASE("sign in: with a token of the platform, which may be a link and readable")
{
    const auto token = platform_token("system:serviceaccount:ns:cloudpcd");
    Installation installation{small_tenant()};
    installation.edit(secret_key, "federated_token_file = \"token\"");
    installation.write_secret("data", token + "\n");
    REQUIRE(::chmod((installation.directory() / "data").c_str(), 0644) == 0);
    std::filesystem::create_symlink("data", installation.directory() / "token");
    installation.server().with_tenant(
        [&](graphsim::Tenant& tenant) { tenant.set_federated_tokens({token}); });
    CHECK(installation.once() == 0);
    CHECK(installation.differences().empty());
    check_silent(installation, installation.errors(), {token.substr(token.rfind('.')), "eyJ"});
}

TEST_CASE("sign in: a token that the application does not trust is 77, in Entra's words")
{
    Installation installation{small_tenant()};
    installation.edit(secret_key, "federated_token_file = \"token\"");
    std::string reason;
    auto token = platform_token("another");
    SUBCASE("unknown issuer")
    {
        reason =
            "AADSTS700211: No matching federated identity record found for presented assertion "
            "issuer 'https://issuer.example'.";
    }
    SUBCASE("expired")
    {
        token = platform_token("old", std::chrono::hours{-1});
        installation.server().with_tenant(
            [&](graphsim::Tenant& tenant) { tenant.set_federated_tokens({token}); });
        reason = "AADSTS700024: Client assertion is not within its valid time range.";
    }
    installation.write_secret("token", token);
    CHECK(installation.once() == 77);
    INFO(installation.errors());
    CHECK(has(installation.errors(), reason));
    CHECK(has(installation.errors(), "the assertion itself is out of date") ==
          has(reason, "700024"));
    check_silent(installation, installation.errors(), {token.substr(token.rfind('.')), "eyJ"});
}

TEST_CASE("sign in: a clock that is wrong is said with the time by which it is")
{
    auto tenant = small_tenant();
    tenant.now = [] { return graphsim::system_now() - std::chrono::minutes{20}; };
    const auto identity = graphsim::make_client_identity({.begins_in = std::chrono::hours{-2}});
    Installation installation{std::move(tenant)};
    installation.edit(secret_key, "certificate_file = \"client.pem\"");
    installation.write_secret("client.pem", pem(identity));
    register_only(installation, identity);
    CHECK(installation.once() == 77);
    INFO(installation.errors());
    CHECK(has(installation.errors(), "ahead of the login host's, set it right"));
    CHECK((has(installation.errors(), "clock is 20m ahead") ||
           has(installation.errors(), "clock is 120")));  // 1200 or 1201 seconds
    CHECK(has(installation.errors(), "AADSTS700024"));
}

TEST_CASE("sign in: a token of the platform that is renewed while the daemon runs is found")
{
    const auto old = platform_token("old");
    const auto renewed = platform_token("renewed");
    Installation installation{small_tenant()};
    installation.configure("[sync]\ninterval = \"1s\"");
    installation.edit(secret_key, "federated_token_file = \"token\"");
    installation.write_secret("token", old);
    installation.server().with_tenant(
        [&](graphsim::Tenant& tenant) { tenant.set_federated_tokens({old, renewed}); });
    const auto process = installation.start();
    process->wait_for_error("resource=audit_events");

    installation.write_secret("token", renewed);
    installation.server().with_tenant(
        [&](graphsim::Tenant& tenant) { tenant.set_federated_tokens({renewed}); });
    wait_for_answers(installation, token_path, 200, 2);
    CHECK_FALSE(has(process->errors(), "token request failed"));
    process->signal(SIGTERM);
    CHECK(process->wait() == 0);
    check_silent(installation, process->errors(), {old.substr(old.rfind('.')), "eyJ"});
}

TEST_CASE("sign in: as a managed identity, with and without TLS")
{
    for (const bool tls : {false, true}) {
        const std::string user = "aaaaaaaa-0000-0000-0000-000000000000";
        auto tenant = small_tenant();
        tenant.user_identities = {user};
        Installation installation{std::move(tenant), tls};
        installation.set_environment("AZURE_POD_IDENTITY_AUTHORITY_HOST",
                                     installation.server().endpoint());
        installation.set_environment("HTTPS_PROXY", "http://127.0.0.1:1");  // goes around it
        installation.edit(secret_key, "managed_identity = true");
        CHECK(installation.once() == 0);
        CHECK(installation.differences().empty());
        installation.edit("managed_identity = true",
                          fmt::format("managed_identity = \"{}\"", user));
        CHECK(installation.once() == 0);
        CHECK(answers(installation, token_path, 200) == 0);
        CHECK(answers(installation, identity_path, 200) == 2);
        check_silent(installation, installation.errors(), {"eyJ"});
    }
}

TEST_CASE("sign in: a managed identity that is not there is 77, one that comes back is waited for")
{
    auto tenant = small_tenant();
    bool passes = false;
    SUBCASE("not there")
    {
        tenant.system_identity = false;
    }
    SUBCASE("busy")
    {
        passes = true;
    }
    Installation installation{std::move(tenant)};
    installation.set_environment("AZURE_POD_IDENTITY_AUTHORITY_HOST",
                                 installation.server().endpoint());
    installation.edit(secret_key, "managed_identity = true");
    if (passes) {
        installation.server().with_tenant([](graphsim::Tenant& of) {
            of.faults().add(faults::bare_status("metadata/identity", 404));
        });
    }
    CHECK(installation.once() == (passes ? 0 : 77));
    INFO(installation.errors());
    CHECK(has(installation.errors(), "Identity not found") == !passes);
    if (!passes)
        CHECK(installation.one(std::string{no_cloud_pcs}) == "0");
}

TEST_CASE("sign in: through a proxy that wants to know who asks")
{
    namespace asio = boost::asio;
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    const auto port = acceptor.local_endpoint().port();
    std::string first;
    std::jthread proxy{[&] {
        boost::system::error_code over;
        while (!over) {
            asio::ip::tcp::socket socket{context};
            acceptor.accept(socket, over);
            std::string request;
            boost::system::error_code failure;
            if (!over)
                asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", failure);
            if (first.empty())
                first = request;
            if (!over)
                asio::write(
                    socket,
                    asio::buffer(std::string_view{"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"}),
                    failure);
        }
    }};

    Installation installation{small_tenant()};
    const auto endpoint = installation.server().endpoint();
    installation.edit(endpoint, "https://graph.test");
    installation.edit(endpoint, "https://login.test");
    const auto address = fmt::format("http://us%40er:canary-hunter2@127.0.0.1:{}", port);
    SUBCASE("by key")
    {
        installation.edit("[graph]\n", fmt::format("[graph]\nproxy = \"{}\"\n", address));
    }
    SUBCASE("by variable")
    {
        installation.set_environment("HTTPS_PROXY", address);
    }
    CHECK(installation.once() == 1);
    CHECK(has(installation.errors(), "refuses the user name or password"));
    CHECK_FALSE(has(installation.errors(), "canary-hunter2"));
    const auto seen = installation.errors();

    installation.set_environment("NO_PROXY", "graph.test,.test");
    CHECK(installation.once() == 1);
    CHECK_FALSE(has(installation.errors(), "proxy 127.0.0.1"));

    boost::system::error_code ignored;
    ::shutdown(acceptor.native_handle(), SHUT_RDWR);  // wakes the one who accepts
    proxy.join();
    acceptor.close(ignored);
    CHECK(first.starts_with("CONNECT login.test:443 HTTP/1.1\r\n"));
    CHECK(has(first, fmt::format("Proxy-Authorization: Basic {}\r\n",
                                 graphsim::base64("us@er:canary-hunter2"))));
    check_silent(installation, seen, {"canary-hunter2", graphsim::base64("us@er:canary-hunter2")});
}
