#include "config/config.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace cloudpcd::config {

namespace {

std::string_view word_of(Approval approval)
{
    switch (approval) {
        case Approval::none:
            return "none";
        case Approval::destructive:
            return "destructive";
        case Approval::all:
            return "all";
    }
    return "";
}

std::string_view word_of(bool flag)
{
    return flag ? "true" : "false";
}

}  // namespace

std::vector<std::string> changes_for_restart(const Config& before, const Config& after)
{
    std::vector<std::string> changed;
    const auto compare = [&](const auto& old_value, const auto& new_value, std::string_view name) {
        if (!(old_value == new_value))
            changed.emplace_back(name);
    };
    compare(before.tenant.id, after.tenant.id, "[tenant] id");
    compare(before.tenant.cloud, after.tenant.cloud, "[tenant] cloud");
    compare(before.graph.endpoint, after.graph.endpoint, "[graph] endpoint");
    compare(before.graph.authority, after.graph.authority, "[graph] authority");
    compare(before.graph.ca_file, after.graph.ca_file, "[graph] ca_file");
    const auto proxy = [](const Graph& graph) {
        return std::tie(graph.proxy, graph.proxy_credentials, graph.no_proxy);
    };
    compare(proxy(before.graph), proxy(after.graph), "[graph] proxy");
    compare(before.database.path, after.database.path, "[database] path");
    compare(before.jobs.path, after.jobs.path, "[jobs] path");
    compare(before.control.socket, after.control.socket, "[control] socket");
    compare(before.http, after.http, "[http]");
    return changed;
}

std::vector<std::string> loosened_guards(const Config& before, const Config& after)
{
    std::vector<std::string> lines;
    const auto add = [&](bool loosened, std::string_view name, auto old_value, auto new_value) {
        if (loosened)
            lines.push_back(fmt::format("{}: was {}, is {}", name, old_value, new_value));
    };
    const auto grown = [&](auto old_value, auto new_value, std::string_view name) {
        add(new_value > old_value, name, old_value, new_value);
    };
    grown(before.sync.max_delete_fraction, after.sync.max_delete_fraction,
          "[sync] max_delete_fraction");
    std::set<std::string> tables;
    for (const auto* config : {&before, &after}) {
        for (const auto& [table, resource] : config->sync.resources)
            tables.insert(table);
    }
    for (const auto& table : tables) {
        const auto old_value = before.sync.resource(table).max_delete_fraction.value_or(
            before.sync.max_delete_fraction);
        const auto new_value =
            after.sync.resource(table).max_delete_fraction.value_or(after.sync.max_delete_fraction);
        grown(old_value, new_value, fmt::format("[sync.resource.{}] max_delete_fraction", table));
    }
    const Jobs& was = before.jobs;
    const Jobs& is = after.jobs;
    add(!was.enabled && is.enabled, "[jobs] enabled", word_of(was.enabled), word_of(is.enabled));
    add(!was.sql_submit && is.sql_submit, "[jobs] sql_submit", word_of(was.sql_submit),
        word_of(is.sql_submit));
    add(is.approval < was.approval, "[jobs] approval", word_of(was.approval), word_of(is.approval));
    grown(was.destructive_per_hour, is.destructive_per_hour, "[jobs] destructive_per_hour");
    grown(was.destructive_fraction_per_day, is.destructive_fraction_per_day,
          "[jobs] destructive_fraction_per_day");
    add(is.default_expiry > was.default_expiry, "[jobs] default_expiry",
        format_duration(was.default_expiry), format_duration(is.default_expiry));
    add(is.destructive_expiry > was.destructive_expiry, "[jobs] destructive_expiry",
        format_duration(was.destructive_expiry), format_duration(is.destructive_expiry));
    return lines;
}

}  // namespace cloudpcd::config
