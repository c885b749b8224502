#include "daemon/ctl/control_commands.hpp"

#include "daemon/ctl/answer.hpp"
#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace cloudpcd::ctl {

namespace json = boost::json;

namespace {

std::string line_of(const json::object& run)
{
    auto line = fmt::format("{}: {}, {} inserted, {} updated, {} deleted", text_of(run, "resource"),
                            text_of(run, "outcome"), number_of(run, "inserted"),
                            number_of(run, "updated"), number_of(run, "deleted"));
    if (const auto refused = number_of(run, "refused"); refused > 0)
        line += fmt::format(", {} deletions refused", refused);
    line += fmt::format(" (run {})", number_of(run, "run_id"));
    if (const auto error = text_of(run, "error"); !error.empty())
        line += fmt::format(": {}", error);
    return line;
}

/// A body that names tables where there are any: none stands for all.
json::object body_of(const std::vector<std::string>& tables)
{
    json::object body;
    if (!tables.empty())
        body["tables"] = json::array(tables.begin(), tables.end());
    return body;
}

std::string body_of(const SyncOptions& options)
{
    auto body = body_of(options.tables);
    if (options.full)
        body["full"] = true;
    if (options.wait || options.accept_deletes)
        body["wait"] = true;
    if (options.accept_deletes)
        body["accept_deletes"] = *options.accept_deletes;
    return json::serialize(body);
}

bool did_not_hold(const json::object& run, const SyncOptions& options)
{
    const auto outcome = text_of(run, "outcome");
    // As in `cloudpcd --once`: what was never permitted is no failure, unless it was asked for.
    return outcome != "complete" && (outcome != "skipped" || !options.tables.empty());
}

bool is_equal(const json::object& report)
{
    const auto* complete = report.if_contains("complete");
    return complete != nullptr && complete->is_bool() && complete->get_bool() &&
           number_of(report, "differences") == 0;
}

std::string lines_of(const json::object& report)
{
    std::string lines;
    std::int64_t named = 0;
    if (const auto* array = report.if_contains("named"); array != nullptr && array->is_array()) {
        for (const auto& member : array->get_array()) {
            if (const auto* difference = member.if_object()) {
                lines +=
                    fmt::format("{} {}: {}\n", text_of(*difference, "table"),
                                text_of(*difference, "id"), text_of(*difference, "difference"));
                ++named;
            }
        }
    }
    const auto resource = text_of(report, "resource");
    const auto differences = number_of(report, "differences");
    if (differences > named)
        lines += fmt::format("{}: {} more differences\n", resource, differences - named);
    lines += fmt::format("{}: {} objects, {} differences", resource, number_of(report, "objects"),
                         differences);
    if (const auto error = text_of(report, "error"); !error.empty())
        lines += fmt::format("; not compared to the end: {}", error);
    return lines + "\n";
}

}  // namespace

void sync(const ControlClient& client, const SyncOptions& options, bool as_json, Output& output)
{
    const auto answer = expect_success(client.post("/v1/sync", body_of(options)));
    const bool waited = options.wait || options.accept_deletes;
    const auto members = array_of(answer, waited ? "runs" : "tables");
    if (as_json)
        output.write(answer);
    std::size_t failures = 0;
    for (const auto& member : members) {
        if (!waited) {
            if (!as_json && member.is_string())
                output.write(fmt::format("{}: asked for\n", printable(member.get_string())));
        } else if (const auto* run = member.if_object()) {
            failures += did_not_hold(*run, options) ? 1 : 0;
            if (!as_json)
                output.write(line_of(*run) + "\n");
        }
    }
    if (failures > 0)
        throw Failure{ExitStatus::failed,
                      fmt::format("{} of {} pulls did not complete", failures, members.size())};
}

void verify(const ControlClient& client, const std::vector<std::string>& tables, bool as_json,
            Output& output)
{
    const auto answer = expect_success(client.post("/v1/verify", json::serialize(body_of(tables))));
    const auto reports = array_of(answer, "reports");
    if (as_json)
        output.write(answer);
    std::size_t failures = 0;
    for (const auto& member : reports) {
        const auto* report = member.if_object();
        if (report == nullptr)
            continue;
        failures += is_equal(*report) ? 0 : 1;
        if (!as_json)
            output.write(lines_of(*report));
    }
    if (failures > 0)
        throw Failure{ExitStatus::failed, fmt::format("{} of {} tables do not equal the tenant",
                                                      failures, reports.size())};
}

}  // namespace cloudpcd::ctl
