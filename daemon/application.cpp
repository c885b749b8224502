#include "daemon/application.hpp"

#include "daemon/credential.hpp"
#include "daemon/engine.hpp"
#include "daemon/exit_status.hpp"
#include "daemon/process.hpp"
#include "daemon/supervisor.hpp"
#include "sync/core/log.hpp"
#include "sync/core/rng.hpp"
#include "sync/core/version.hpp"
#include "sync/graph/tls.hpp"
#include "sync/graph/url.hpp"
#include "sync/jobs/jobs_database.hpp"
#include "sync/mirror/mirror_database.hpp"
#include "sync/store/instance_lock.hpp"

#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>
#include <vector>

namespace cloudpcd::daemon {

namespace {

// Messages about the configuration begin with its file and line; all others with our name.
void complain(std::string_view text)
{
    fmt::print(stderr, "cloudpcd: {}\n", text);
}

log::Level level_of(config::LogLevel level)
{
    switch (level) {
        case config::LogLevel::trace:
            return log::Level::trace;
        case config::LogLevel::debug:
            return log::Level::debug;
        case config::LogLevel::info:
            return log::Level::info;
        case config::LogLevel::warning:
            return log::Level::warning;
        case config::LogLevel::error:
            return log::Level::error;
    }
    return log::Level::info;
}

log::Format format_of(config::LogFormat format)
{
    return format == config::LogFormat::json ? log::Format::json : log::Format::text;
}

int status_of(store::StoreError::Kind kind)
{
    switch (kind) {
        case store::StoreError::Kind::newer_schema:
        case store::StoreError::Kind::other_tenant:
            return exit_configuration;
        case store::StoreError::Kind::in_use:
            return exit_in_use;
        case store::StoreError::Kind::unusable:
        case store::StoreError::Kind::foreign:
        case store::StoreError::Kind::network_filesystem:
            return exit_database;
    }
    return exit_database;
}

std::vector<std::string_view> table_names()
{
    std::vector<std::string_view> names;
    for (const auto& collection : schema::catalog()) {
        if (collection.links.owner.empty())  // else it is read with its owner
            names.push_back(collection.table);
    }
    return names;
}

int run_checked(const CommandLine& line, config::Config configuration,
                const config::Environment& environment)
{
    const store::InstanceLock lock{configuration.database.path};
    SystemClock clock;
    auto database =
        mirror::open_mirror(configuration.database.path, configuration.tenant.id, clock);
    const jobs::QueueOptions queue_options{.path = configuration.jobs.path,
                                           .tenant_id = configuration.tenant.id,
                                           .sql_submit = configuration.jobs.sql_submit};
    jobs::arrange_queue_directory(queue_options);
    const store::InstanceLock queue_lock{queue_options.path};
    SystemRng rng;
    auto queue = jobs::open_queue(queue_options, clock, rng);
    log::info("cloudpcd starts", {{"version", version},
                                  {"commit", commit},
                                  {"tenant_id", configuration.tenant.id},
                                  {"database", configuration.database.path.string()}});
    Supervisor supervisor{std::move(database), std::move(queue), clock, std::move(configuration),
                          environment};
    if (line.once)
        return supervisor.run_once();
    return supervisor.run([&] { return load_checked(line.config, environment); });
}

/// What the configuration takes for a host name may be none to the transport.
std::vector<std::string> check_origins(const config::Config& configuration)
{
    std::vector<std::string> messages;
    const auto check = [&](std::string_view section, std::string_view key,
                           const std::string& origin) {
        if (const auto parsed = graph::parse_origin(origin); !parsed)
            messages.push_back(configuration.message(section, key, parsed.error().message));
    };
    check("graph", "endpoint", configuration.graph.endpoint);
    check("graph", "authority", configuration.graph.authority);
    if (configuration.graph.proxy)
        check("graph", "proxy", *configuration.graph.proxy);
    check("auth", "managed_identity", configuration.auth.credential.identity_service);
    return messages;
}

}  // namespace

void apply_log_settings(const config::Log& settings)
{
    log::configure(level_of(settings.level), format_of(settings.format));
}

std::optional<config::Config> load_checked(const std::filesystem::path& file,
                                           const config::Environment& environment)
{
    constexpr std::string_view groups[] = {"cloudpc", "intune", "entra", "reports"};
    const auto tables = table_names();
    auto outcome =
        config::load_config(file, environment, {.known = {.tables = tables, .groups = groups}});
    if (outcome.config && outcome.errors.empty()) {
        outcome.errors = config::check_credential_files(*outcome.config);
        if (outcome.errors.empty())  // else it has been said that the file cannot be used
            outcome.errors = check_certificate(*outcome.config, SystemClock{}.utc_now());
        std::ranges::move(check_origins(*outcome.config), std::back_inserter(outcome.errors));
        if (auto context = graph::make_tls_context(outcome.config->graph.ca_file); !context)
            outcome.errors.push_back(
                outcome.config->message("graph", "ca_file", context.error().message));
    }
    if (!outcome.errors.empty()) {
        for (const auto& error : outcome.errors)
            fmt::print(stderr, "{}\n", error);
        return std::nullopt;
    }
    return std::move(outcome.config);
}

int run(const CommandLine& line)
{
    const auto environment = config::Environment::of_process();
    auto configuration = load_checked(line.config, environment);
    if (!configuration)
        return exit_configuration;
    apply_log_settings(configuration->log);
    for (const auto& note : config::features_without_effect(*configuration))
        fmt::print(stderr, "{}\n", note);
    if (line.check_config) {
        fmt::print("{}: valid\n", line.config.string());
        return exit_done;
    }
    prepare_process(configuration->database.path);
    try {
        return run_checked(line, *std::move(configuration), environment);
    } catch (const store::StoreError& problem) {
        complain(problem.what());
        return status_of(problem.kind());
    } catch (const SQLite::Exception& problem) {
        complain(fmt::format("database: {}", problem.what()));
        return exit_database;
    } catch (const std::exception& problem) {
        complain(fmt::format("bug: {}; please report it", problem.what()));
        return exit_bug;
    }
}

}  // namespace cloudpcd::daemon
