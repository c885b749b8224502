#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace cloudpcd::config {

std::optional<std::string> Environment::find(std::string_view name) const
{
    const auto found = values.find(name);
    if (found == values.end() || found->second.empty())
        return std::nullopt;
    return found->second;
}

Environment Environment::of_process()
{
    constexpr std::array names{
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_ID",
        "AZURE_AUTHORITY_HOST",
        "AZURE_CLIENT_SECRET",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_POD_IDENTITY_AUTHORITY_HOST",
        "HTTPS_PROXY",
        "NO_PROXY",
        "CLOUDPCD_BOOT_ID",
        "CREDENTIALS_DIRECTORY",
        "STATE_DIRECTORY",
        "RUNTIME_DIRECTORY",
    };
    Environment environment;
    for (const char* name : names) {
        // Before any thread is started, and never changed by us.
        // NOLINTNEXTLINE(concurrency-mt-unsafe)
        if (const char* value = std::getenv(name); value != nullptr)
            environment.values.emplace(name, value);
    }
    return environment;
}

CloudHosts hosts_of(Cloud cloud) noexcept
{
    switch (cloud) {
        case Cloud::global:
            break;
        case Cloud::usgov:
            return {"https://graph.microsoft.us", "https://login.microsoftonline.us"};
    }
    return {"https://graph.microsoft.com", "https://login.microsoftonline.com"};
}

bool Sync::includes(std::string_view group) const noexcept
{
    return std::find(include.begin(), include.end(), group) != include.end();
}

const ResourceSync& Sync::resource(std::string_view table) const noexcept
{
    static const ResourceSync defaults;
    const auto found = resources.find(table);
    return found == resources.end() ? defaults : found->second;
}

Duration Sync::interval_of(std::string_view table) const noexcept
{
    return resource(table).interval.value_or(interval);
}

std::string Config::token_scope() const
{
    return fmt::format("{}/.default", hosts_of(tenant.cloud).graph);
}

bool Config::mentions(std::string_view section, std::string_view key) const
{
    return lines.contains(fmt::format("{}.{}", section, key));
}

std::string Config::message(std::string_view section, std::string_view key,
                            std::string_view text) const
{
    int line = 1;
    if (auto at_key = lines.find(fmt::format("{}.{}", section, key)); at_key != lines.end())
        line = at_key->second;
    else if (auto at_section = lines.find(section); at_section != lines.end())
        line = at_section->second;
    return fmt::format("{}:{}: [{}] {}: {}", file, line, section, key, text);
}

}  // namespace cloudpcd::config
