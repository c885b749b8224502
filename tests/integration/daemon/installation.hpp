#pragma once
// A daemon set up against a simulated tenant: directory, configuration, secret.

#include "tests/integration/daemon/process.hpp"
#include "tests/simulator/server.hpp"

#include <SQLiteCpp/Database.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace cloudpcd::test {

/// What must show up nowhere but in the secret file.
inline constexpr std::string_view canary_secret = "canary~secret~7Q8";

class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    const std::filesystem::path& path() const noexcept { return x_path; }

private:
    std::filesystem::path x_path;
};

class Installation {
public:
    /// Over TLS, with a private authority; no quota of our own.
    explicit Installation(graphsim::TenantOptions tenant, bool tls = true);

    graphsim::ServerThread& server() noexcept { return *x_server; }
    const std::filesystem::path& directory() const noexcept { return x_directory.path(); }
    std::filesystem::path config() const { return directory() / "cloudpcd.toml"; }
    std::filesystem::path mirror_path() const { return directory() / "state" / "mirror.db"; }

    /// Writes the configuration; `more` stands behind the sections that are always there.
    void configure(const std::string& more = "");
    /// Replaces `from` in the configuration file, which has to be in it.
    void edit(std::string_view from, std::string_view to);

    /// A file beside the configuration that others cannot read. Replaces an old one in one step.
    void write_secret(std::string_view name, std::string_view content);
    /// For the programs started from now on.
    void set_environment(const std::string& name, const std::string& value);

    /// `cloudpcd` on this installation, run by `prefix` ("setpriv", …) where there is one.
    std::unique_ptr<Process> start(std::vector<std::string> options = {},
                                   std::vector<std::string> prefix = {});
    std::filesystem::path socket() const { return directory() / "run" / "control.sock"; }
    /// `cloudpcctl` on this installation, run by `prefix` ("setpriv", …) where there is one.
    std::unique_ptr<Process> start_ctl(const std::vector<std::string>& arguments,
                                       std::vector<std::string> prefix = {});
    /// `cloudpcd --once` to its end; the exit status.
    int once();
    /// What the last once() said on stderr.
    const std::string& errors() const noexcept { return x_errors; }
    long peak_kib() const noexcept { return x_peak_kib; }

    /// Read-only, as a reporting tool opens it.
    SQLite::Database mirror() const;
    std::vector<std::string> differences();
    /// One value of the mirror.
    std::string one(const std::string& sql) const;

private:
    TemporaryDirectory x_directory;
    std::unique_ptr<graphsim::ServerThread> x_server;
    bool x_tls;
    Process::Environment x_environment;
    int x_starts = 0;
    std::string x_errors;
    long x_peak_kib = 0;
};

/// Path of a program of this build.
std::string program(std::string_view name);

}  // namespace cloudpcd::test
