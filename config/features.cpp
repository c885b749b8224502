#include "config/config.hpp"

#include <fmt/format.h>

namespace cloudpcd::config {

std::vector<std::string> features_without_effect(const Config& config)
{
    std::vector<std::string> lines;
    const auto add = [&](std::string_view section, std::string_view key, std::string_view what) {
        lines.push_back(config.message(section, key, fmt::format("{} in a later version", what)));
    };
    for (const auto& group : config.sync.include) {
        if (group == "reports")
            add("sync", "include", fmt::format("group {} is not read, it follows", group));
    }
    if (!config.alerts.exec.empty())
        add("alerts", "exec", "no command is run, alerts follow");
    if (config.http.listen)
        add("http", "listen", "nothing listens, health and metrics follow");
    if (config.log.format == LogFormat::journal)
        add("log", "format", "lines are text on stderr, journal fields follow");
    return lines;
}

}  // namespace cloudpcd::config
