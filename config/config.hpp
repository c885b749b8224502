#pragma once
// The configuration: one TOML file, parsed and validated once, then plain data for everyone.
//
// A Config is complete: defaults and environment variables are filled in, paths are resolved,
// values are in range. It holds no secret but the password of a proxy, only names of files that do.
// `cloudpcd.toml` beside this file is the reference for people.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::config {

using Duration = std::chrono::milliseconds;
using Path = std::filesystem::path;

/// The environment variables that count, as a value: tests give their own, and nothing reads the
/// process environment behind the caller's back. An empty variable is one that is not set.
struct Environment {
    std::map<std::string, std::string, std::less<>> values{};

    std::optional<std::string> find(std::string_view name) const;
    /// Copies the variables this program knows, and no other.
    static Environment of_process();
};

/// A cloud is a pair of hosts: a token of one login host is good for its own Graph host only.
/// Source: Graph documentation, "National cloud deployments".
enum class Cloud { global, usgov };

struct CloudHosts {
    std::string_view graph;  ///< "https://graph.microsoft.com"
    std::string_view login;  ///< "https://login.microsoftonline.com"
};
CloudHosts hosts_of(Cloud cloud) noexcept;

struct Tenant {
    std::string id{};  ///< a GUID, lower case
    Cloud cloud = Cloud::global;
    bool operator==(const Tenant&) const = default;
};

enum class CredentialKind { client_secret, certificate, federated_token, managed_identity };
enum class CertificateAlgorithm { ps256, rs256 };

struct Credential {
    CredentialKind kind = CredentialKind::client_secret;
    Path file{};  ///< empty for managed identity, and for a secret that the environment holds
    bool from_environment = false;
    CertificateAlgorithm certificate_algorithm = CertificateAlgorithm::ps256;
    std::string identity_client_id{};  ///< of a user-assigned managed identity; "": system-assigned
    /// Origin of the service that gives tokens to managed identities.
    std::string identity_service{"http://169.254.169.254"};
    bool operator==(const Credential&) const = default;
};

struct Auth {
    std::string client_id{};  ///< empty with a managed identity
    Credential credential{};
    std::string delegated_client_id{};  ///< public client of the delegated verbs
    bool operator==(const Auth&) const = default;
};

/// Requests per minute and throttling class; 0 is unlimited.
struct Quota {
    double cloud_pc_list = 60;
    double cloud_pc_get = 190;
    double other = 120;
    bool operator==(const Quota&) const = default;
};

struct Graph {
    std::string endpoint{};   ///< scheme://host[:port], no slash behind
    std::string authority{};  ///< likewise
    std::optional<Path> ca_file{};
    std::optional<std::string> proxy{};   ///< "http://host:port"
    std::string proxy_credentials{};      ///< "user:password"; a secret; empty: none
    std::vector<std::string> no_proxy{};  ///< of NO_PROXY: what is reached directly
    std::int64_t concurrency = 8;
    Duration request_timeout = std::chrono::seconds{100};
    Quota quota{};
    bool operator==(const Graph&) const = default;
};

struct Database {
    Path path{};
    std::optional<Duration> history_retention = std::chrono::days{400};  ///< absent: forever
    std::optional<Duration> audit_retention{};                           ///< absent: forever
    bool operator==(const Database&) const = default;
};

/// What [sync.resource.TABLE] says; absent members follow [sync].
struct ResourceSync {
    bool enabled = true;
    std::optional<Duration> interval{};
    /// Time between two full lists; absent: so often that they take a quarter of the time at most.
    std::optional<Duration> full_interval{};
    std::optional<double> max_delete_fraction{};
    bool operator==(const ResourceSync&) const = default;
};

struct Sync {
    Duration interval = std::chrono::minutes{5};
    std::vector<std::string> include{"cloudpc"};  ///< groups of resources
    Duration audit_overlap = std::chrono::hours{24};
    double max_delete_fraction = 0.10;
    std::map<std::string, ResourceSync, std::less<>> resources{};  ///< by table
    bool operator==(const Sync&) const = default;

    bool includes(std::string_view group) const noexcept;
    /// The entry of `table`, or one that is all defaults.
    const ResourceSync& resource(std::string_view table) const noexcept;
    /// Time between two reads of `table`.
    Duration interval_of(std::string_view table) const noexcept;
};

enum class Approval { none, destructive, all };

struct Jobs {
    bool enabled = false;
    Path path{};
    bool sql_submit = true;
    Approval approval = Approval::none;
    std::int64_t destructive_per_hour = 20;      ///< Cloud PCs touched
    double destructive_fraction_per_day = 0.10;  ///< of the fleet
    Duration default_expiry = std::chrono::hours{24};
    Duration destructive_expiry = std::chrono::hours{4};
    std::map<std::string, Path, std::less<>> secrets{};  ///< name in a job -> file
    bool operator==(const Jobs&) const = default;
};

/// Unix groups per role.
struct Roles {
    std::vector<std::string> read{"cloudpcd"};
    std::vector<std::string> submit{"cloudpcd-submit"};
    std::vector<std::string> approve{"cloudpcd-approve"};
    std::vector<std::string> operate{"cloudpcd-operate"};
    bool operator==(const Roles&) const = default;
};

struct Control {
    Path socket{};
    Roles roles{};
    bool operator==(const Control&) const = default;
};

struct Alerts {
    std::vector<std::string> exec{};  ///< program and arguments; empty: none
    bool operator==(const Alerts&) const = default;
};

struct Listen {
    std::string host{};  ///< without brackets
    std::uint16_t port = 0;
    bool operator==(const Listen&) const = default;
};

struct Http {
    std::optional<Listen> listen{};  ///< absent: off
    bool allow_remote = false;
    bool operator==(const Http&) const = default;
};

enum class LogLevel { trace, debug, info, warning, error };
enum class LogFormat { automatic, journal, text, json };

struct Log {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::automatic;
    bool operator==(const Log&) const = default;
};

struct Config {
    Tenant tenant{};
    Auth auth{};
    Graph graph{};
    Database database{};
    Sync sync{};
    Jobs jobs{};
    Control control{};
    Alerts alerts{};
    Http http{};
    Log log{};

    std::string file{};  ///< as the caller named it; for messages
    std::map<std::string, int, std::less<>>
        lines;  ///< of "auth", "auth.client_id", …: what the file has

    /// What a token is asked for: the cloud's Graph root and "/.default", whatever `endpoint` says.
    std::string token_scope() const;
    /// True when the file itself sets the key.
    bool mentions(std::string_view section, std::string_view key) const;
    /// `FILE:LINE: [section] key: text`, at the key, else at its section, else at line 1.
    std::string message(std::string_view section, std::string_view key,
                        std::string_view text) const;
};

/// What the file may refer to; the caller knows the catalog, this folder does not.
struct KnownNames {
    std::span<const std::string_view> tables;  ///< X of [sync.resource.X]
    std::span<const std::string_view> groups;  ///< members of sync.include
};

struct ParseOptions {
    KnownNames known;
    /// False for programs that never talk to Graph: they need neither tenant nor credential, which
    /// may come from an environment that only the daemon has.
    bool needs_identity = true;
};

/// A Config, or why there is none.
struct ParseOutcome {
    std::optional<Config> config;
    /// In the order of the file, each `FILE:LINE: [section] key: what is wrong, accepted: what is`;
    /// `FILE:LINE: …` for syntax. Empty exactly when there is a config.
    std::vector<std::string> errors;
};

/// Reads a configuration from `text`. `file_name` stands in messages, and what the file names
/// relatively is looked up beside it.
///
/// Shape:  UTF-8 TOML, at most file_bytes_max
/// Errors: every one found, not just the first; never the content of a value that may be a secret
ParseOutcome parse_config(std::string_view text, const std::string& file_name,
                          const Environment& environment, const ParseOptions& options);

/// Reads the file at `path` and parses it.
ParseOutcome load_config(const Path& path, const Environment& environment,
                         const ParseOptions& options);

inline constexpr std::size_t file_bytes_max = std::size_t{1} << 20U;

/// Every key the parser knows, as "section.key"; `*` where the name is free ("jobs.secrets.*").
std::vector<std::string> known_keys();

// --- credential files (credential_files.cpp) -----------------------------------------------------

inline constexpr std::size_t secret_bytes_max = 1'000'000;

/// What is wrong with the files that hold secrets, those of [jobs.secrets] too: missing, empty,
/// over secret_bytes_max, readable by others, not a regular file. A federated token file is written
/// by the platform: its mode does not count, and it may be a symbolic link.
///
/// Gives: messages in the form of ParseOutcome::errors; empty when all is well
std::vector<std::string> check_credential_files(const Config& config);

/// A secret, or why it cannot be had (in words that never hold a part of it).
struct SecretOutcome {
    std::optional<std::string> secret;
    std::string error;
};

/// Content of a secret file without one trailing newline (LF or CRLF).
SecretOutcome read_secret_file(const Path& path);

/// The client secret, from its file (read anew each time, so that a rotated one is picked up) or
/// from AZURE_CLIENT_SECRET. Only for CredentialKind::client_secret.
SecretOutcome read_client_secret(const Config& config, const Environment& environment);

// --- this version and the file (features.cpp) ----------------------------------------------------

/// One line for each thing the file asks for that this version parses and does not act on.
std::vector<std::string> features_without_effect(const Config& config);

// --- reloading (reload.cpp) ----------------------------------------------------------------------

/// Keys whose new value counts only after a restart: "[database] path", ….
std::vector<std::string> changes_for_restart(const Config& before, const Config& after);

/// One line with old and new value for each guard that `after` loosens.
std::vector<std::string> loosened_guards(const Config& before, const Config& after);

}  // namespace cloudpcd::config
