#include "tests/integration/daemon/installation.hpp"

#include "tests/support/mirror_check.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace cloudpcd::test {

std::string program(std::string_view name)
{
    return fmt::format("{}/{}", CLOUDPCD_PROGRAMS, name);
}

TemporaryDirectory::TemporaryDirectory()
{
    auto name = (std::filesystem::temp_directory_path() / "cloudpcd-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::system_error{errno, std::generic_category(), "mkdtemp"};
    x_path = name;
}

TemporaryDirectory::~TemporaryDirectory()
{
    std::error_code ignored;  // nothing to be done about it in a destructor
    std::filesystem::remove_all(x_path, ignored);
}

Installation::Installation(graphsim::TenantOptions tenant, bool tls) : x_tls{tls}
{
    tenant.client_secret = canary_secret;
    x_server = std::make_unique<graphsim::ServerThread>(
        std::move(tenant),
        graphsim::ServerOptions{.tls = tls,
                                .ca_file = tls ? directory() / "ca.pem" : std::filesystem::path{}});
    std::filesystem::create_directory(directory() / "state");
    x_environment.emplace("STATE_DIRECTORY", (directory() / "state").string());
    x_environment.emplace("RUNTIME_DIRECTORY", (directory() / "run").string());
    write_secret("client-secret", std::string{canary_secret} + "\n");
    configure();
}

void Installation::configure(const std::string& more)
{
    write_file(config(),
               fmt::format(R"([tenant]
id = "11111111-2222-3333-4444-555555555555"
[auth]
client_id = "66666666-7777-8888-9999-000000000000"
client_secret_file = "client-secret"
[graph]
endpoint = "{0}"
authority = "{0}"
{1}
[graph.quota]
cloud_pc_list = 0
cloud_pc_get = 0
other = 0
{2}
)",
                           x_server->endpoint(), x_tls ? "ca_file = \"ca.pem\"" : "", more));
}

void Installation::edit(std::string_view from, std::string_view to)
{
    auto text = read_file(config());
    const auto at = text.find(from);
    if (at == std::string::npos)
        throw std::logic_error{"the configuration has no " + std::string{from}};
    write_file(config(), text.replace(at, from.size(), to));
}

void Installation::write_secret(std::string_view name, std::string_view content)
{
    const auto path = directory() / name;
    const auto fresh = directory() / fmt::format("{}.new", name);
    write_file(fresh, content);
    std::filesystem::permissions(
        fresh, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::filesystem::rename(fresh, path);
}

void Installation::set_environment(const std::string& name, const std::string& value)
{
    x_environment[name] = value;
}

std::unique_ptr<Process> Installation::start(std::vector<std::string> options,
                                             std::vector<std::string> prefix)
{
    prefix.insert(prefix.end(), {program("cloudpcd"), "--config", config().string()});
    prefix.insert(prefix.end(), options.begin(), options.end());
    return std::make_unique<Process>(prefix, x_environment,
                                     directory() / fmt::format("run-{}", ++x_starts));
}

std::unique_ptr<Process> Installation::start_ctl(const std::vector<std::string>& arguments,
                                                 std::vector<std::string> prefix)
{
    prefix.insert(prefix.end(), {program("cloudpcctl"), "--config", config().string()});
    prefix.insert(prefix.end(), arguments.begin(), arguments.end());
    return std::make_unique<Process>(prefix, x_environment,
                                     directory() / fmt::format("ctl-{}", ++x_starts));
}

int Installation::once()
{
    const auto process = start({"--once"});
    const int status = process->wait();
    x_errors = process->errors();
    x_peak_kib = process->peak_kib();
    return status;
}

SQLite::Database Installation::mirror() const
{
    // A reader right after a kill may meet the recovery of the log, see docs/sql.md.
    constexpr int busy_timeout_ms = 5000;
    return SQLite::Database{fmt::format("file:{}?mode=ro", mirror_path().string()),
                            SQLite::OPEN_READONLY | SQLite::OPEN_URI, busy_timeout_ms};
}

std::vector<std::string> Installation::differences()
{
    auto mirror = this->mirror();
    return x_server->with_tenant(
        [&](graphsim::Tenant& tenant) { return test::differences(mirror, tenant); });
}

std::string Installation::one(const std::string& sql) const
{
    auto mirror = this->mirror();
    return test::one(mirror, sql);
}

}  // namespace cloudpcd::test
