#include "config/sections.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <vector>

namespace cloudpcd::config {

namespace {

using namespace std::chrono_literals;

// Source: Graph documentation, "National cloud deployments".
constexpr std::array<std::string_view, 4> without_cloud_pcs{
    "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn"};

struct OriginRule {
    std::string_view key;
    std::string_view standard;            ///< of the cloud
    std::string_view foreign;             ///< host of the other cloud
    std::optional<std::string> variable;  ///< value of the environment
    std::string_view variable_name;
};

std::string read_origin(Section& section, const OriginRule& rule)
{
    constexpr std::string_view accepted =
        "https://HOST[:PORT] without a path, or http:// on a loopback host";
    std::string prefix;
    auto value = section.text(rule.key, accepted);
    if (!section.has(rule.key) && rule.variable) {
        prefix = fmt::format("{}: ", rule.variable_name);
        // The Azure SDKs take a bare host here.
        value = rule.variable->find("://") == std::string::npos ? "https://" + *rule.variable
                                                                : *rule.variable;
    }
    if (!value)
        return std::string{rule.standard};
    const auto origin = parse_origin(*value);
    if (!origin) {
        // Not repeated: it may hold a password.
        section.complain(rule.key, prefix + "is not an origin", accepted);
    } else if (!origin->tls && !is_loopback(origin->host)) {
        section.complain(rule.key,
                         fmt::format("{}{} is not encrypted", prefix, show_value(origin->text)),
                         accepted);
    } else if (std::ranges::find(without_cloud_pcs, origin->host) != without_cloud_pcs.end()) {
        section.complain(rule.key,
                         fmt::format("{}{} belongs to a cloud without Windows 365 API in Graph",
                                     prefix, show_value(origin->text)),
                         fmt::format("{} or a host of your own", rule.standard));
    } else if (origin->host == rule.foreign) {
        section.complain(rule.key,
                         fmt::format("{}{} belongs to another cloud than tenant.cloud", prefix,
                                     show_value(origin->text)),
                         fmt::format("{} or a host of your own", rule.standard));
    } else {
        return origin->text;
    }
    return std::string{rule.standard};
}

std::vector<std::string> split_no_proxy(const std::string& list)
{
    std::vector<std::string> hosts;
    std::istringstream in{list};
    for (std::string host; std::getline(in, host, ',');) {
        std::erase(host, ' ');
        if (!host.empty())
            hosts.push_back(host);
    }
    return hosts;
}

void read_proxy(Section& section, const Context& context, Graph& graph)
{
    constexpr std::string_view accepted = "http://[USER:PASSWORD@]HOST:PORT";
    std::string_view prefix;
    auto proxy = section.text("proxy", accepted);
    if (!section.has("proxy")) {
        proxy = context.environment.find("HTTPS_PROXY");
        prefix = "HTTPS_PROXY: ";
    }
    if (proxy && !proxy->empty()) {
        if (auto address = parse_proxy(*proxy)) {
            graph.proxy = std::move(address->origin);
            graph.proxy_credentials = std::move(address->credentials);
        } else {
            // Not repeated: it may hold a password.
            section.complain("proxy", fmt::format("{}is not the address of an HTTP proxy", prefix),
                             accepted);
        }
    }
    if (const auto list = context.environment.find("NO_PROXY"))
        graph.no_proxy = split_no_proxy(*list);
}

}  // namespace

void read_graph(Section section, const Context& context, Cloud cloud, Graph& graph)
{
    const bool global = cloud == Cloud::global;
    const auto hosts = hosts_of(cloud);
    graph.endpoint =
        read_origin(section, {.key = "endpoint",
                              .standard = hosts.graph,
                              .foreign = global ? "graph.microsoft.us" : "graph.microsoft.com",
                              .variable = std::nullopt,
                              .variable_name = ""});
    graph.authority = read_origin(
        section, {.key = "authority",
                  .standard = hosts.login,
                  .foreign = global ? "login.microsoftonline.us" : "login.microsoftonline.com",
                  .variable = context.environment.find("AZURE_AUTHORITY_HOST"),
                  .variable_name = "AZURE_AUTHORITY_HOST"});
    if (const auto name = file_name(section, "ca_file"))
        graph.ca_file = context.file_directory / *name;
    read_proxy(section, context, graph);
    set(graph.concurrency, section.integer("concurrency", 1, 64));
    set(graph.request_timeout, section.duration("request_timeout", 1s, 1h));
    Section quota = section.child("quota");
    constexpr double per_minute_max = 1'000'000;
    set(graph.quota.cloud_pc_list, quota.number("cloud_pc_list", 0, per_minute_max));
    set(graph.quota.cloud_pc_get, quota.number("cloud_pc_get", 0, per_minute_max));
    set(graph.quota.other, quota.number("other", 0, per_minute_max));
    quota.finish();
    section.finish();
}

}  // namespace cloudpcd::config
