#include "daemon/ctl/settings.hpp"

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/text.hpp"
#include "schema/catalog.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace cloudpcd::ctl {

bool is_instance_name(std::string_view name) noexcept
{
    constexpr std::string_view accepted =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    return !name.empty() && !name.starts_with('.') &&
           name.find_first_not_of(accepted) == std::string_view::npos;
}

config::Config load_settings(const ConfigChoice& choice, config::Environment environment)
{
    config::Path file = choice.file.value_or("/etc/cloudpcd/cloudpcd.toml");
    if (choice.instance) {
        if (!is_instance_name(*choice.instance))
            throw Failure{
                ExitStatus::usage,
                fmt::format("-i {}: no name of an instance, accepted: letters, digits, _, "
                            "-, and a dot that is not the first character",
                            printable(*choice.instance))};
        file = fmt::format("/etc/cloudpcd/{}.toml", *choice.instance);
        // What systemd sets for the daemon of this instance.
        environment.values.insert_or_assign("STATE_DIRECTORY",
                                            fmt::format("/var/lib/cloudpcd/{}", *choice.instance));
        environment.values.insert_or_assign("RUNTIME_DIRECTORY",
                                            fmt::format("/run/cloudpcd/{}", *choice.instance));
    }
    constexpr std::array<std::string_view, 4> groups{"cloudpc", "intune", "entra", "reports"};
    std::vector<std::string_view> tables;
    for (const auto& collection : schema::catalog()) {
        if (collection.links.owner.empty())  // else it is read with its owner
            tables.push_back(collection.table);
    }
    auto outcome = config::load_config(
        file, environment,
        {.known = {.tables = tables, .groups = groups}, .needs_identity = false});
    if (!outcome.config)
        throw Failure{ExitStatus::configuration,
                      fmt::format("{}", fmt::join(outcome.errors, "\n"))};
    return *std::move(outcome.config);
}

}  // namespace cloudpcd::ctl
