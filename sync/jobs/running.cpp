#include "sync/jobs/running.hpp"

#include "sync/graph/clock_skew.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace cloudpcd::jobs {

using namespace std::chrono_literals;

namespace {

/// Date has whole seconds, and an answer takes its time.
constexpr Duration known_skew_margin = 2s;

std::int64_t integer(store::Database& database, std::string_view sql)
{
    auto row = database.prepared(sql);
    row.step();
    return row.integer(0);
}

}  // namespace

std::optional<std::string_view> passing_trouble(const SQLite::Exception& failure) noexcept
{
    switch (failure.getErrorCode()) {
        case SQLITE_FULL:
            return "the disk is full";
        case SQLITE_BUSY:
            return "another program holds the lock of the queue";
        default:
            return std::nullopt;
    }
}

Running::Running(RunningParts parts, RunningOptions options)
    : x_parts{std::move(parts)},
      x_options{std::move(options)},
      x_freeze{x_parts.queue.database().path()},
      x_known_credential{[names = x_options.settings.secrets](std::string_view name) {
          return names.contains(name);
      }}
{}

Circumstances Running::outside() const
{
    Circumstances known{.settings = x_options.settings,
                        .now = x_parts.clock.utc_now(),
                        .clock_skew = x_parts.clock_skew()};
    known.graph_endpoint = x_options.origin.to_string();
    const auto& sign_in = x_parts.user.state();
    if (sign_in.signed_in)
        known.user = sign_in.principal_name;
    known.login_error = sign_in.error;
    return known;
}

Circumstances Running::complete(Circumstances outside)
{
    outside.frozen = x_freeze.is_on();
    if (outside.frozen)
        outside.freeze_reason = x_freeze.reason();
    // It does not change but with the mirror, and a budget must not be judged by an older one.
    const auto version = integer(x_parts.mirror.database(), "PRAGMA data_version");
    if (x_fleet_version != version) {
        x_fleet = integer(x_parts.mirror.database(), "SELECT count(*) FROM cloud_pcs");
        x_fleet_version = version;
    }
    outside.fleet = x_fleet;
    return outside;
}

Running::GraphTime Running::graph_time(UtcTime local) const
{
    const auto skew = x_parts.clock_skew();
    const auto time = local - skew.value_or(Duration{0});
    const Duration margin = skew ? known_skew_margin : graph::clock_skew_max;
    return {.earliest = time - margin, .latest = time + margin};
}

Result<std::string> Running::credential(std::string_view name) const
{
    const auto file = x_options.settings.secrets.find(name);
    if (file == x_options.settings.secrets.end())
        return Error{.code = Errc::configuration,
                     .message = fmt::format("[jobs.secrets] has no {}", name)};
    auto read = config::read_secret_file(file->second);
    if (!read.secret)
        return Error{.code = Errc::configuration, .message = std::move(read.error)};
    return *std::move(read.secret);
}

}  // namespace cloudpcd::jobs
