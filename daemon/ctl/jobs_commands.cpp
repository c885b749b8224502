#include "daemon/ctl/jobs_commands.hpp"

#include "daemon/ctl/answer.hpp"
#include "daemon/ctl/client.hpp"
#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/following.hpp"
#include "daemon/ctl/job_json.hpp"
#include "daemon/ctl/job_source.hpp"
#include "daemon/ctl/job_text.hpp"
#include "daemon/ctl/submission.hpp"
#include "daemon/ctl/submit_command.hpp"
#include "daemon/ctl/text.hpp"
#include "schema/actions.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace cloudpcd::ctl {

namespace json = boost::json;

namespace {

/// Jobs that one request to the daemon may name.
constexpr std::size_t ids_in_request_max = 1000;

/// Who reads a file should know that it is one: nothing goes on meanwhile.
void note_source(const JobSource& source, const JobsContext& context)
{
    if (!source.no_daemon().empty())
        context.errors.write(
            fmt::format("cloudpcctl: {}; jobs.db was read instead\n", source.no_daemon()));
}

// Looking ---------------------------------------------------------------------------------------

/// `{"jobs": [...], "next": ...}` of the numbers, or of what the filter lets through.
json::object listed(const JobsOptions& options, JobSource& source)
{
    if (options.ids.empty())
        return source.list(options.filter);
    json::array jobs;
    for (const auto id : options.ids)
        jobs.push_back(source.show(id));
    return {{"jobs", std::move(jobs)}, {"next", nullptr}};
}

void list(const JobsOptions& options, const JobsContext& context)
{
    JobSource source{context.settings};
    const auto answer = listed(options, source);
    note_source(source, context);
    if (context.json)
        return context.out.write(json::serialize(answer) + "\n");
    std::vector<json::object> jobs;
    const auto* members = array_of(answer, "jobs");
    for (std::size_t i = 0; members != nullptr && i < members->size(); ++i) {
        if (const auto* job = (*members)[i].if_object())
            jobs.push_back(*job);
    }
    write_job_table(jobs, context.out, context.limits);
    if (const auto next = number_of(answer, "next"); next > 0)
        context.errors.write(fmt::format("cloudpcctl: older ones: --before {}\n", next));
}

/// Numbers of the jobs that were asked for.
std::vector<jobs::JobId> ids_of(const JobsOptions& options, JobSource& source)
{
    if (!options.batch)
        return options.ids;
    std::vector<jobs::JobId> ids;
    for (const auto& job : source.batch(*options.batch))
        ids.push_back(number_of(job, "job_id"));
    return ids;
}

void show(const JobsOptions& options, const JobsContext& context)
{
    JobSource source{context.settings};
    Seen seen;
    for (const auto id : ids_of(options, source))
        seen.emplace(id, source.show(id));
    note_source(source, context);
    if (context.json)
        return write_jobs_json(seen, !options.batch && options.ids.size() == 1, context.out);
    bool first = true;
    for (const auto& [id, job] : seen) {
        context.out.write(std::exchange(first, false) ? "" : "\n");
        write_job(job, context.out);
    }
}

void wait(const JobsOptions& options, const JobsContext& context)
{
    JobSource source{context.settings};
    const auto seen = follow(
        source, {.ids = options.ids, .batch = options.batch, .timeout = options.timeout}, context);
    if (context.json)
        write_jobs_json(seen, !options.batch && options.ids.size() == 1, context.out);
    else if (seen.size() > 1)
        write_summary(seen, context.out);
    end_with(seen);
}

// Deciding --------------------------------------------------------------------------------------

/// What the daemon says of each job.
struct Decided {
    json::array results{};
    std::size_t done = 0;
    std::map<std::string, std::size_t> left{};  ///< by outcome: those it was not done to

    void take(const json::array& some, std::string_view wanted)
    {
        for (const auto& entry : some) {
            const auto* result = entry.if_object();
            if (result == nullptr)
                continue;
            const auto outcome = text_of(*result, "outcome");
            if (outcome == wanted)
                ++done;
            else
                ++left[outcome];
            results.push_back(*result);
        }
    }
};

/// Of a whole batch these are left alone as a matter of course.
bool is_left(std::string_view outcome) noexcept
{
    return outcome == "ended" || outcome == "not_waiting" || outcome == "not_open";
}

void write_decided(const Decided& decided, std::string_view wanted, bool whole_batch,
                   const JobsContext& context)
{
    if (context.json) {
        context.out.write(json::serialize(json::object{{"results", decided.results}}) + "\n");
        return;
    }
    for (const auto& entry : decided.results) {
        const auto& result = entry.get_object();
        const auto outcome = text_of(result, "outcome");
        if (whole_batch && is_left(outcome))
            continue;
        const auto detail = text_of(result, "detail");
        context.out.write(detail.empty()
                              ? fmt::format("job {}: {}\n", number_of(result, "job_id"), outcome)
                              : detail + "\n");
    }
    for (const auto& [outcome, jobs] : decided.left) {
        if (whole_batch && is_left(outcome))
            context.out.write(fmt::format("{} were left: {}\n", jobs, outcome));
    }
    if (whole_batch)
        context.out.write(fmt::format("{} {}\n", decided.done, wanted));
}

ExitStatus status_of(const Decided& decided)
{
    const auto only = [&](std::initializer_list<std::string_view> outcomes) {
        return std::ranges::all_of(decided.left, [&](const auto& left) {
            return std::ranges::find(outcomes, left.first) != outcomes.end();
        });
    };
    if (only({"unknown_job"}))
        return ExitStatus::not_found;
    return only({"not_own", "own_request"}) ? ExitStatus::not_allowed : ExitStatus::failed;
}

/// Errors: Failure when a job that was named was left, or of a batch all were
void end_with(Decided decided, bool whole_batch, std::string_view wanted)
{
    if (whole_batch && decided.done > 0)
        std::erase_if(decided.left, [](const auto& left) { return is_left(left.first); });
    if (decided.left.empty())
        return;
    std::size_t left = 0;
    for (const auto& [outcome, jobs] : decided.left)
        left += jobs;
    throw Failure{status_of(decided), fmt::format("{} {}, {} not", decided.done, wanted, left)};
}

void cancel_or_resolve(const JobsOptions& options, const JobsContext& context)
{
    const bool resolves = options.verb == JobsVerb::resolve;
    const std::string_view wanted = resolves ? "resolved" : "cancelled";
    json::object body;
    if (!options.reason.empty())
        body["reason"] = options.reason;
    if (options.executed)
        body["executed"] = *options.executed;
    const ControlClient client{context.settings.control.socket};
    Decided decided;
    const auto post = [&] {
        const auto answer = expect_success(
            client.post(resolves ? "/v1/jobs/resolve" : "/v1/jobs/cancel", json::serialize(body)));
        decided.take(array_of(answer, "results"), wanted);
    };
    if (options.batch) {
        body["batch_id"] = *options.batch;
        post();
    }
    for (std::size_t begin = 0; begin < options.ids.size(); begin += ids_in_request_max) {
        const auto end = std::min(begin + ids_in_request_max, options.ids.size());
        json::array ids;
        for (auto i = begin; i < end; ++i)
            ids.emplace_back(options.ids[i]);
        body["ids"] = std::move(ids);
        post();
    }
    write_decided(decided, wanted, options.batch.has_value(), context);
    end_with(std::move(decided), options.batch.has_value(), wanted);
}

bool waits_for_approval(const json::object& job)
{
    return text_of(job, "state") == "awaiting_approval" || text_of(job, "held_by") == "budget";
}

void write_shown(const std::vector<json::object>& jobs, const JobsContext& context)
{
    const auto table = make_row_writer(Format::table, context.out, context.limits);
    table->begin({"job", "kind", "target", "touches", "requested by", "reason", "why it waits"});
    for (const auto& job : jobs) {
        const auto name = text_of(job, "target_name");
        const std::array texts{
            text_of(job, "kind"), name.empty() ? text_of(job, "target_id") : name,
            text_of(job, "requested_by"), text_of(job, "reason"), text_of(job, "state_reason")};
        const auto text = [&](std::size_t i) { return Value::of(std::string_view{texts.at(i)}); };
        table->row(std::array{Value::of(number_of(job, "job_id")), text(0), text(1),
                              Value::of(number_of(job, "touches")), text(2), text(3), text(4)});
    }
    table->end();
    context.out.flush();
}

/// Those that wait are shown, and approved as they were shown: what has changed meanwhile is not.
void approve(const JobsOptions& options, const JobsContext& context)
{
    JobSource source{context.settings};
    std::vector<json::object> all;
    if (options.batch) {
        all = source.batch(*options.batch);
    } else {
        for (const auto id : options.ids)
            all.push_back(source.show(id));
    }
    std::vector<json::object> waiting;
    Decided decided;
    for (auto& job : all) {
        if (waits_for_approval(job)) {
            waiting.push_back(std::move(job));
            continue;
        }
        const auto id = number_of(job, "job_id");
        decided.take({json::object{{"job_id", id},
                                   {"outcome", "not_waiting"},
                                   {"detail", fmt::format("job {} is {}: it waits for no approval",
                                                          id, text_of(job, "state"))}}},
                     "approved");
    }
    if (!context.json && !waiting.empty())
        write_shown(waiting, context);
    const ControlClient client{context.settings.control.socket};
    for (std::size_t begin = 0; begin < waiting.size(); begin += ids_in_request_max) {
        const auto end = std::min(begin + ids_in_request_max, waiting.size());
        json::array ids;
        json::object hashes;
        for (auto i = begin; i < end; ++i) {
            const auto id = number_of(waiting[i], "job_id");
            ids.emplace_back(id);
            hashes[std::to_string(id)] = text_of(waiting[i], "content_hash");
        }
        const auto answer = expect_success(
            client.post("/v1/jobs/approve",
                        json::serialize(json::object{{"ids", std::move(ids)},
                                                     {"content_hashes", std::move(hashes)}})));
        decided.take(array_of(answer, "results"), "approved");
    }
    write_decided(decided, "approved", options.batch.has_value(), context);
    end_with(std::move(decided), options.batch.has_value(), "approved");
}

}  // namespace

void run_jobs(const JobsOptions& options, const JobsContext& context)
{
    switch (options.verb) {
        case JobsVerb::submit:
            return submit_jobs(options, context);
        case JobsVerb::list:
            return list(options, context);
        case JobsVerb::show:
            return show(options, context);
        case JobsVerb::wait:
            return wait(options, context);
        case JobsVerb::cancel:
        case JobsVerb::resolve:
            return cancel_or_resolve(options, context);
        case JobsVerb::approve:
            return approve(options, context);
        case JobsVerb::kinds:
            return write_kinds(context.json, context.out, context.limits);
        case JobsVerb::explain:
            return explain_kind(options.kind, context.json, context.out);
    }
}

void freeze(const std::string& reason, const JobsContext& context)
{
    json::object body;
    if (!reason.empty())
        body["reason"] = reason;
    const ControlClient client{context.settings.control.socket};
    const auto answer = expect_success(client.post("/v1/freeze", json::serialize(body)));
    if (context.json)
        return context.out.write(answer);
    const auto stands = text_of(object_of(answer), "reason");
    context.out.write(
        fmt::format("frozen, nothing is sent{}{}\n", stands.empty() ? "" : ": ", stands));
}

void thaw(const JobsContext& context)
{
    const ControlClient client{context.settings.control.socket};
    const auto answer = expect_success(client.post("/v1/thaw", "{}"));
    if (context.json)
        return context.out.write(answer);
    context.out.write("thawed\n");
    if (const auto restored = number_of(object_of(answer), "held_restored"); restored > 0)
        context.out.write(
            fmt::format("{} jobs of a restored queue stay held: resolve them, cancel them, or "
                        "submit them anew\n",
                        restored));
}

void write_kinds(bool as_json, Output& output, const TableLimits& limits)
{
    if (as_json)
        return output.write(json::serialize(kinds_json()) + "\n");
    const auto table = make_row_writer(Format::table, output, limits);
    table->begin({"kind", "class", "target", "what it does"});
    for (const auto& action : schema::actions()) {
        const auto risk = schema::risk_class(action.risk);
        const auto text = [](std::string_view any) {
            return any.empty() ? Value::null() : Value::of(any);
        };
        table->row(std::array{text(action.kind),
                              risk ? Value::of(std::int64_t{*risk}) : Value::of("0 or 2"),
                              text(action.target), text(action.description)});
    }
    table->end();
}

void explain_kind(const std::string& kind, bool as_json, Output& output)
{
    const auto& action = action_of(kind);
    if (as_json)
        return output.write(json::serialize(kind_json(action)) + "\n");
    for (const auto& line : schema::explain(action))
        output.write(line + "\n");
}

}  // namespace cloudpcd::ctl
