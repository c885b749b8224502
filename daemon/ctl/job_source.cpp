#include "daemon/ctl/job_source.hpp"

#include "daemon/ctl/answer.hpp"
#include "daemon/ctl/database.hpp"
#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/job_json.hpp"
#include "daemon/ctl/text.hpp"
#include "sync/graph/url.hpp"

#include <SQLiteCpp/Exception.h>
#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

namespace cloudpcd::ctl {

namespace json = boost::json;

namespace {

/// Of an answer that waits for nobody.
constexpr std::chrono::seconds look_limit{30};

std::string target_of(const jobs::Filter& filter)
{
    auto target = fmt::format("/v1/jobs?max={}", filter.max);
    const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
        if (value)
            target += fmt::format("&{}={}", name, graph::percent_encode(*value));
    };
    std::string states;
    for (const auto state : filter.states)
        states += fmt::format("{}{}", states.empty() ? "" : ",", jobs::to_string(state));
    if (!states.empty())
        target += "&state=" + states;
    add("kind", filter.kind);
    add("batch_id", filter.batch_id);
    add("target_id", filter.target_id);
    add("requested_by", filter.requested_by);
    if (filter.before > 0)
        target += fmt::format("&before={}", filter.before);
    return target;
}

}  // namespace

store::Database open_queue_reader(const std::filesystem::path& path)
{
    const auto name = printable(path.string());
    std::error_code failure;
    if (!std::filesystem::exists(path, failure)) {
        if (!failure || failure == std::errc::no_such_file_or_directory ||
            failure == std::errc::not_a_directory)
            throw Failure{ExitStatus::not_found,
                          fmt::format("{}: there is no queue yet: the daemon has not run with this "
                                      "configuration",
                                      name)};
        throw Failure{ExitStatus::database,
                      fmt::format("{}: cannot be read: {}", name, failure.message())};
    }
    try {
        auto queue = store::Database::open_reader(path);
        // SQLite opens a file when it first needs it; here is where its faults belong.
        queue.prepared("SELECT count(*) FROM jobs").step();
        return queue;
    } catch (const store::StoreError& problem) {
        throw Failure{ExitStatus::database, unreadable_queue(path, printable(problem.what()))};
    } catch (const SQLite::Exception& problem) {
        throw Failure{ExitStatus::database, unreadable_queue(path, printable(problem.what()))};
    }
}

JobSource::JobSource(const config::Config& settings)
    : x_path{settings.jobs.path}, x_client{settings.control.socket}
{}

std::optional<Answer> JobSource::ask(const std::string& target)
{
    try {
        auto answer = x_client.get(target, look_limit);
        if (answer.status != 404)
            expect_success(answer);
        x_no_daemon.clear();
        x_queue.reset();
        return answer;
    } catch (const Failure& problem) {
        x_not_allowed = problem.status() == ExitStatus::not_allowed;
        if (problem.status() != ExitStatus::unavailable && !x_not_allowed)
            throw;
        x_no_daemon = problem.what();
        return std::nullopt;
    }
}

/// Reads the file. Who may neither ask nor look hears whom to ask.
template <class Read>
auto JobSource::read(Read work)
{
    try {
        if (!x_queue)
            x_queue.emplace(open_queue_reader(x_path));
        return work(*x_queue);
    } catch (const Failure& problem) {
        if (x_not_allowed)
            throw Failure{ExitStatus::not_allowed, x_no_daemon};
        throw Failure{problem.status(), fmt::format("{}\n{}", x_no_daemon, problem.what())};
    } catch (const SQLite::Exception& problem) {
        throw Failure{ExitStatus::database,
                      fmt::format("{}: {}", printable(x_path.string()), printable(problem.what()))};
    }
}

json::object JobSource::list(const jobs::Filter& filter)
{
    if (const auto answer = ask(target_of(filter)))
        return object_of(expect_success(*answer));
    return read(
        [&](store::Database& queue) { return list_json(jobs::list(queue, filter), filter.max); });
}

std::vector<json::object> JobSource::batch(const std::string& batch_id)
{
    jobs::Filter filter{.batch_id = batch_id, .max = jobs::list_max};
    std::vector<json::object> all;
    while (true) {
        auto page = list(filter);
        if (auto* const members = page["jobs"].if_array()) {
            for (auto& job : *members) {
                if (job.is_object())
                    all.push_back(std::move(job.get_object()));
            }
        }
        const auto next = number_of(page, "next");
        if (next <= 0)
            break;
        filter.before = next;
    }
    if (all.empty())
        throw Failure{ExitStatus::not_found,
                      fmt::format("no job has the batch_id {}", printable(batch_id))};
    std::ranges::reverse(all);
    return all;
}

std::optional<json::object> JobSource::find(jobs::JobId job)
{
    if (const auto answer = ask(fmt::format("/v1/jobs/{}", job))) {
        if (answer->status == 404)
            return std::nullopt;
        return object_of(answer->body);
    }
    return read([&](store::Database& queue) -> std::optional<json::object> {
        const auto detail = jobs::show(queue, job);
        return detail ? std::optional{detail_json(*detail)} : std::nullopt;
    });
}

json::object JobSource::show(jobs::JobId job)
{
    auto found = find(job);
    if (!found)
        throw Failure{ExitStatus::not_found, fmt::format("there is no job {}", job)};
    return *std::move(found);
}

}  // namespace cloudpcd::ctl
