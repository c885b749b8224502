#include "config/config.hpp"

#include <fmt/format.h>

namespace cloudpcd::config {

std::vector<std::string> features_without_effect(const Config& config)
{
    std::vector<std::string> lines;
    const auto add = [&](std::string_view section, std::string_view key, std::string_view what) {
        lines.push_back(config.message(section, key, fmt::format("{} in a later version", what)));
    };
    if (config.graph.proxy)
        add("graph", "proxy", "connections are direct, proxies follow");
    if (config.mentions("database", "history_retention") && config.database.history_retention)
        add("database", "history_retention", "history is kept forever, retention follows");
    if (config.database.audit_retention)
        add("database", "audit_retention", "audit events are kept forever, retention follows");
    for (const auto& group : config.sync.include) {
        if (group == "reports")
            add("sync", "include", fmt::format("group {} is not read, it follows", group));
    }
    for (const auto& [table, resource] : config.sync.resources) {
        if (resource.full_interval) {
            add(fmt::format("sync.resource.{}", table), "full_interval",
                "every read is a full one, incremental reads follow");
        }
    }
    if (config.jobs.enabled)
        add("jobs", "enabled", "no job is sent, jobs follow");
    if (config.mentions("control", "roles"))
        add("control", "roles", "there is no control socket, it follows");
    else if (config.mentions("control", "socket"))
        add("control", "socket", "there is no control socket, it follows");
    if (!config.alerts.exec.empty())
        add("alerts", "exec", "no command is run, alerts follow");
    if (config.http.listen)
        add("http", "listen", "nothing listens, health and metrics follow");
    if (config.log.format == LogFormat::journal)
        add("log", "format", "lines are text on stderr, journal fields follow");
    return lines;
}

std::optional<std::string> unsupported_credential(const Config& config)
{
    switch (config.auth.credential.kind) {
        case CredentialKind::client_secret:
            return std::nullopt;
        case CredentialKind::certificate:
            return config.message("auth", "certificate_file",
                                  "signing in with a certificate follows in a later version, "
                                  "accepted: client_secret_file");
        case CredentialKind::federated_token:
            return config.message("auth", "federated_token_file",
                                  "signing in with a federated token follows in a later version, "
                                  "accepted: client_secret_file");
        case CredentialKind::managed_identity:
            return config.message("auth", "managed_identity",
                                  "signing in with a managed identity follows in a later version, "
                                  "accepted: client_secret_file");
    }
    return std::nullopt;
}

}  // namespace cloudpcd::config
