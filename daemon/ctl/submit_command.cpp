#include "daemon/ctl/submit_command.hpp"

#include "daemon/ctl/answer.hpp"
#include "daemon/ctl/client.hpp"
#include "daemon/ctl/database.hpp"
#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/following.hpp"
#include "daemon/ctl/job_text.hpp"
#include "daemon/ctl/submission.hpp"
#include "daemon/ctl/target.hpp"
#include "daemon/ctl/text.hpp"
#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cloudpcd::ctl {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

/// Jobs of one request: as many as the daemon takes, in no more bytes than it takes.
constexpr std::size_t jobs_in_request_max = 1000;
constexpr std::size_t bytes_in_request_max = 900'000;
/// So long it is waited for what becomes of jobs at first; a daemon at work needs milliseconds.
constexpr std::chrono::milliseconds first_look_max = 5s;

/// What those hear who have submitted something.
void write_notes(const json::object& answer, Output& errors)
{
    const auto* notes = array_of(answer, "notes");
    for (std::size_t i = 0; notes != nullptr && i < notes->size(); ++i) {
        if ((*notes)[i].is_string())
            errors.write(fmt::format("cloudpcctl: {}\n", printable((*notes)[i].get_string())));
    }
    errors.flush();
}

std::string problems_of(const json::object& result)
{
    std::string text;
    const auto* problems = array_of(result, "problems");
    for (std::size_t i = 0; problems != nullptr && i < problems->size(); ++i) {
        if ((*problems)[i].is_string())
            text += fmt::format("{}{}", text.empty() ? "" : ". ",
                                printable((*problems)[i].get_string()));
    }
    return text.empty() ? text_of(result, "outcome") : text;
}

void submit_one(const JobsOptions& options, const JobsContext& context,
                const schema::Action& action)
{
    const auto& submit = options.submit;
    auto body = submission_body(action, submit);
    if (submit.target)
        body["target_id"] =
            TargetResolver{action, context.settings.database.path}.id_of(*submit.target);
    const ControlClient client{context.settings.control.socket};
    const auto text = expect_success(client.post("/v1/jobs", json::serialize(body)));
    const auto answer = object_of(text);
    write_notes(answer, context.errors);
    const auto* member = answer.if_contains("job");
    const auto job =
        member != nullptr && member->is_object() ? member->get_object() : json::object{};
    if (!submit.wait && !submit.dry_run) {
        context.out.write(context.json ? text
                                       : fmt::format("{}: {}\n", name_of(job), standing_of(job)));
        return;
    }
    JobSource source{context.settings};
    const WaitFor wish{.ids = {number_of(job, "job_id")}, .timeout = options.timeout};
    const auto seen = submit.dry_run ? wait_for(source, wish, context.pace, [](const auto&) {})
                                     : follow(source, wish, context);
    if (context.json)
        write_jobs_json(seen, /*alone=*/true, context.out);
    else if (submit.dry_run)
        write_check(seen.begin()->second, context.out);
    end_with(seen);
}

// One for each row --------------------------------------------------------------------------------

/// What became of the rows at once.
struct Stored {
    std::string batch{};
    std::vector<std::string> targets{};  ///< as the statement gave them
    json::array results{};               ///< one for each
    std::vector<jobs::JobId> ids{};
    std::size_t refused = 0;
};

/// A name for what belongs together: when, and a few digits against chance.
std::string new_batch()
{
    SystemRng rng;
    const auto time = format_rfc3339(SystemClock{}.utc_now());
    return fmt::format("{}-{}", time.substr(0, 19), rng.uuid().substr(0, 8));
}

std::vector<std::string> targets_of(const std::string& sql, const config::Config& settings)
{
    auto mirror = Database::open(settings.database.path);
    mirror.attach_jobs(settings.jobs.path);
    return select_targets(mirror, sql);
}

void send(const ControlClient& client, json::array jobs, Stored& stored, Output& errors)
{
    const auto answer = object_of(expect_success(
        client.post("/v1/jobs", json::serialize(json::object{{"jobs", std::move(jobs)}}))));
    write_notes(answer, errors);
    const auto* results = array_of(answer, "results");
    for (std::size_t i = 0; results != nullptr && i < results->size(); ++i) {
        const auto* result = (*results)[i].if_object();
        if (result == nullptr)
            continue;
        const auto outcome = text_of(*result, "outcome");
        if (outcome == "added" || outcome == "repeated")
            stored.ids.push_back(number_of(*result, "job_id"));
        else
            ++stored.refused;
        stored.results.push_back(*result);
    }
}

Stored store_rows(const SubmitOptions& submit, const JobsContext& context,
                  const schema::Action& action)
{
    Stored stored{.batch = submit.batch.value_or(new_batch()),
                  .targets = targets_of(*submit.targets_sql, context.settings)};
    auto body = submission_body(action, submit);
    body["batch_id"] = stored.batch;
    TargetResolver targets{action, context.settings.database.path};
    // All of them before the first: a name that means nothing stops everything.
    std::vector<std::string> ids;
    ids.reserve(stored.targets.size());
    for (const auto& target : stored.targets)
        ids.push_back(targets.id_of(target));
    const ControlClient client{context.settings.control.socket};
    const auto bytes = json::serialize(body).size() + 100;
    const auto in_request =
        std::clamp<std::size_t>(bytes_in_request_max / bytes, 1, jobs_in_request_max);
    json::array some;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        body["target_id"] = ids[i];
        some.push_back(body);
        if (some.size() == in_request || i + 1 == ids.size())
            send(client, std::exchange(some, {}), stored, context.errors);
    }
    return stored;
}

void write_stored(const Stored& stored, Output& output)
{
    output.write(fmt::format("batch {}: {} submitted, {} refused\n", stored.batch,
                             stored.ids.size(), stored.refused));
    for (std::size_t i = 0; i < stored.results.size() && i < stored.targets.size(); ++i) {
        const auto& result = stored.results[i].get_object();
        const auto outcome = text_of(result, "outcome");
        if (outcome != "added" && outcome != "repeated")
            output.write(
                fmt::format("  {}: {}\n", printable(stored.targets[i]), problems_of(result)));
    }
    output.flush();
}

/// A dry run says most by what its guards do not pass.
void write_checks(JobSource& source, const Seen& seen, Output& output)
{
    for (const auto& [id, job] : seen) {
        write_check(source.show(id), output);
        output.write("\n");
    }
}

void submit_rows(const JobsOptions& options, const JobsContext& context,
                 const schema::Action& action)
{
    const auto& submit = options.submit;
    const auto stored = store_rows(submit, context, action);
    if (!context.json)
        write_stored(stored, context.out);
    WaitFor wish{.ids = stored.ids, .batch = stored.batch, .timeout = options.timeout};
    const bool to_the_end = submit.wait || submit.dry_run;
    if (!to_the_end) {
        // With jobs not enabled they stay as they are.
        wish.until = Until::taken_in;
        wish.timeout = context.settings.jobs.enabled ? first_look_max : 0s;
    }
    JobSource source{context.settings};
    Seen seen;
    if (!stored.ids.empty())
        seen = submit.wait && !submit.dry_run
                   ? follow(source, wish, context)
                   : wait_for(source, wish, context.pace, [](const auto&) {});
    if (context.json) {
        json::array jobs;
        for (const auto& [id, job] : seen)
            jobs.push_back(submit.dry_run ? json::value(source.show(id)) : json::value(job));
        context.out.write(json::serialize(json::object{{"batch_id", stored.batch},
                                                       {"results", stored.results},
                                                       {"jobs", std::move(jobs)}}) +
                          "\n");
    } else {
        if (submit.dry_run)
            write_checks(source, seen, context.out);
        write_summary(seen, context.out);
    }
    if (stored.refused > 0)
        throw Failure{ExitStatus::failed, fmt::format("{} of {} jobs were refused", stored.refused,
                                                      stored.results.size())};
    if (to_the_end || outcome_of(seen) == ExitStatus::failed)
        end_with(seen);
}

}  // namespace

void submit_jobs(const JobsOptions& options, const JobsContext& context)
{
    const auto& action = action_of(options.submit.kind);
    if (options.submit.targets_sql)
        submit_rows(options, context, action);
    else
        submit_one(options, context, action);
}

}  // namespace cloudpcd::ctl
