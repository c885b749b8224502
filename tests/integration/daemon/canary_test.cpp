// Whatever proves who we are shows up nowhere but in the file it was given in: not in a database,
// not in a log at level trace, not in the arguments of a process, and in no core file.

#include "tests/integration/daemon/installation.hpp"
#include "tests/simulator/certificates.hpp"
#include "tests/simulator/token_endpoint.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

using namespace cloudpcd::test;

namespace {

using std::chrono::seconds;

constexpr std::string_view password_canary = "canary-ad-password-55";
constexpr std::string_view access_token_start = "eyJ";          // of every JWT
constexpr std::string_view refresh_token_start = "1.AXoA";      // as the simulator makes them
constexpr std::string_view device_code_start = "DAQABIQEAAAD";  // likewise

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

/// Every file below the installation that holds one of the secrets.
std::set<std::string> files_with(const Installation& installation,
                                 const std::vector<std::string>& secrets)
{
    std::set<std::string> found;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator{installation.directory()}) {
        if (!entry.is_regular_file())
            continue;
        const auto content = read_file(entry.path());
        if (std::ranges::any_of(secrets, [&](const auto& secret) { return has(content, secret); }))
            found.insert(entry.path().filename().string());
    }
    return found;
}

std::string arguments_of(const Process& process)
{
    return read_file(fmt::format("/proc/{}/cmdline", process.pid()));
}

graphsim::TenantOptions small_tenant()
{
    return {.device_code_interval = seconds{1},
            .token_lifetime = seconds{12},
            .cloud_pcs = 20,
            .audit_events = 20,
            .snapshots = 5};
}

constexpr auto trace = "[sync]\ninterval = \"1s\"\n[log]\nlevel = \"trace\"\n";

}  // namespace

TEST_CASE("canary: no way to sign in leaves a trace of its secret")
{
    const auto identity = graphsim::make_client_identity();
    const auto federated = graphsim::base64url(R"({"alg":"RS256"})") + '.' +
                           graphsim::base64url(R"({"iss":"https://issuer.example"})") +
                           ".canary-signature";
    Installation installation{small_tenant()};
    installation.configure(trace);
    installation.server().with_tenant([&](graphsim::Tenant& tenant) {
        tenant.set_client_certificates({identity.certificate});
        tenant.set_federated_tokens({federated});
        // Graph says never to return it; whoever does all the same must not have it stored.
        tenant.add("onPremisesConnections",
                   fmt::format(R"({{"displayName":"with a password","adDomainPassword":"{}"}})",
                               password_canary));
    });
    std::string key = "client_secret_file = \"client-secret\"";
    std::vector<std::string> secrets{std::string{canary_secret}, std::string{access_token_start},
                                     std::string{password_canary}};
    std::set<std::string> given{"client-secret"};
    std::string used = key;
    SUBCASE("secret")
    {}
    SUBCASE("wrong secret")
    {
        installation.server().with_tenant(
            [](graphsim::Tenant& tenant) { tenant.set_client_secret("another"); });
    }
    SUBCASE("certificate")
    {
        installation.write_secret("client.pem", identity.certificate + identity.key);
        used = "certificate_file = \"client.pem\"";
        secrets.push_back(identity.key.substr(identity.key.size() / 2, 40));
        given.insert("client.pem");
    }
    SUBCASE("federated token")
    {
        installation.write_secret("token", federated);
        used = "federated_token_file = \"token\"";
        secrets.emplace_back("canary-signature");
        given.insert("token");
    }
    SUBCASE("managed identity")
    {
        installation.set_environment("AZURE_POD_IDENTITY_AUTHORITY_HOST",
                                     installation.server().endpoint());
        used = "managed_identity = true";
    }
    installation.edit(key, used);
    const auto process = installation.start();
    process->wait_for_error(has(used, "secret") &&
                                    installation.server().with_tenant([](graphsim::Tenant& tenant) {
                                        return tenant.options().client_secret != canary_secret;
                                    })
                                ? "AADSTS7000215"
                                : "resource=on_premises_connections");
    const auto arguments = arguments_of(*process);
    CHECK_FALSE(arguments.empty());
    for (const auto& secret : secrets)
        CHECK_FALSE(has(arguments, secret));
    process->signal(SIGTERM);
    CHECK(process->wait() == 0);
    CHECK(files_with(installation, secrets) == given);
}

TEST_CASE("canary: the sign-in of a user is in its own file alone")
{
    Installation installation{small_tenant()};
    installation.configure(trace);
    const auto daemon = installation.start();
    daemon->wait_for_error("the control socket listens");
    const auto login = installation.start_ctl({"login"});
    login->wait_for_error("waiting until ");
    CHECK_FALSE(has(arguments_of(*login), device_code_start));
    installation.server().with_tenant([](graphsim::Tenant& tenant) {
        REQUIRE(tenant.approve_sign_in(tenant.sign_ins().front().user_code));
    });
    REQUIRE(login->wait() == 0);
    const auto refresh_token = std::string{refresh_token_start};
    CHECK(files_with(installation, {refresh_token}) == std::set<std::string>{"delegated-token"});
    CHECK(files_with(installation, {std::string{device_code_start}}).empty());
    CHECK(files_with(installation, {std::string{access_token_start}}).empty());

    // One that fails tells no more.
    installation.server().with_tenant(
        [](graphsim::Tenant& tenant) { tenant.set_sign_in_policy(graphsim::SignInPolicy::block); });
    const auto blocked = installation.start_ctl({"login"});
    blocked->wait_for_error("waiting until ");
    installation.server().with_tenant([](graphsim::Tenant& tenant) {
        REQUIRE(tenant.approve_sign_in(tenant.sign_ins().front().user_code));
    });
    CHECK(blocked->wait() == 1);
    CHECK(files_with(installation, {std::string{device_code_start}}).empty());

    CHECK(installation.start_ctl({"logout"})->wait() == 0);
    CHECK(files_with(installation, {refresh_token}).empty());
    daemon->signal(SIGTERM);
    CHECK(daemon->wait() == 0);
}

TEST_CASE("canary: the daemon leaves no core file")
{
    Installation installation{small_tenant()};
    const auto daemon = installation.start();
    daemon->wait_for_error("resource=");
    const auto limits = read_file(fmt::format("/proc/{}/limits", daemon->pid()));
    const auto at = limits.find("Max core file size");
    REQUIRE(at != std::string::npos);
    const auto line = limits.substr(at, limits.find('\n', at) - at);
    INFO(line);
    CHECK(has(line, " 0 "));
    CHECK_FALSE(has(line, "unlimited"));
    daemon->signal(SIGABRT);
    CHECK(daemon->wait() == -SIGABRT);
    CHECK_FALSE(daemon->dumped_core());
}
