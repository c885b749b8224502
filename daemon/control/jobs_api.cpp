#include "daemon/control/jobs_api.hpp"

#include "daemon/ctl/job_json.hpp"
#include "schema/actions.hpp"
#include "sync/core/log.hpp"
#include "sync/jobs/events.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/plan.hpp"
#include "sync/jobs/queue.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

namespace cloudpcd::daemon::control {

namespace asio = boost::asio;
namespace json = boost::json;
using boost::beast::http::verb;
using Outcome = jobs::Submitted::Outcome;

namespace {

Problem unknown_job(std::string_view id)
{
    return {.status = 404,
            .detail = fmt::format("there is no job {}", id),
            .type = problem_type("unknown-job")};
}

json::array strings(const std::vector<std::string>& texts)
{
    return json::array(texts.begin(), texts.end());  // braces would make an array of iterators
}

Problem invalid_job(const std::vector<std::string>& problems)
{
    return {.status = 400,
            .detail = fmt::format("{}", fmt::join(problems, ". ")),
            .type = problem_type("invalid-job"),
            .more = {{"problems", strings(problems)}}};
}

std::string_view to_string(Outcome outcome) noexcept
{
    switch (outcome) {
        case Outcome::added:
            return "added";
        case Outcome::repeated:
            return "repeated";
        case Outcome::conflict:
            return "conflict";
        case Outcome::refused:
            break;
    }
    return "refused";
}

/// One of several that were submitted together.
json::object result_json(const jobs::Submitted& submitted)
{
    json::object object{{"outcome", to_string(submitted.outcome)}};
    if (submitted.outcome != Outcome::refused)
        object["job_id"] = submitted.job_id;
    if (!submitted.why.empty())
        object["problems"] = json::array{json::value(submitted.why)};
    return object;
}

void log_submission(const jobs::Submitted& submitted, std::string_view kind, std::string_view actor)
{
    log::write(submitted.outcome == Outcome::conflict ? log::Level::warning : log::Level::info,
               "a job was submitted",
               {{"job_id", submitted.job_id},
                {"kind", kind},
                {"actor", actor},
                {"outcome", to_string(submitted.outcome)}});
}

/// The caller, as the store's thread needs them.
struct Person {
    uid_t uid = 0;
    std::string name{};
    std::string actor{};
};

/// Who submitted it is known by number: names come and go.
bool is_own(store::Database& queue, const jobs::Job& job, const Person& person)
{
    const auto submitter = jobs::submitter_of(queue, job.job_id);
    return job.actor_verified && submitter && is_actor(*submitter, person.uid);
}

std::string with_reason(std::string deed, const std::string& reason)
{
    return reason.empty() ? std::move(deed) : fmt::format("{}: {}", deed, reason);
}

}  // namespace

JobsApi::JobsApi(Clock& clock, store::Store& queue, const config::Config& configuration,
                 jobs::Freeze freeze, FindUser find_user)
    : x_clock{clock},
      x_queue{queue},
      x_config{configuration},
      x_freeze{std::move(freeze)},
      x_users{clock, std::move(find_user)}
{}

std::vector<Route> JobsApi::routes()
{
    struct Entry {
        verb method;
        std::string_view path;
        Role role;
        asio::awaitable<Reply> (JobsApi::*handle)(Request);
        std::optional<Role> wider{};
    };
    static constexpr std::array entries{
        Entry{verb::post, "/v1/jobs", Role::submit, &JobsApi::submit},
        Entry{verb::get, "/v1/jobs", Role::read, &JobsApi::list},
        // Before the ids: the first that matches is taken.
        Entry{verb::get, "/v1/jobs/kinds", Role::read, &JobsApi::kinds},
        Entry{verb::get, "/v1/jobs/kinds/{kind}", Role::read, &JobsApi::kind},
        Entry{verb::get, "/v1/jobs/{id}", Role::read, &JobsApi::show},
        // Who submits may take back their own; who operates, anybody's.
        Entry{verb::post, "/v1/jobs/cancel", Role::submit, &JobsApi::cancel, Role::operate},
        Entry{verb::post, "/v1/jobs/{id}/cancel", Role::submit, &JobsApi::cancel, Role::operate},
        Entry{verb::post, "/v1/jobs/approve", Role::approve, &JobsApi::approve},
        Entry{verb::post, "/v1/jobs/{id}/approve", Role::approve, &JobsApi::approve},
        Entry{verb::post, "/v1/jobs/resolve", Role::operate, &JobsApi::resolve},
        Entry{verb::post, "/v1/jobs/{id}/resolve", Role::operate, &JobsApi::resolve},
        Entry{verb::post, "/v1/freeze", Role::operate, &JobsApi::freeze},
        Entry{verb::post, "/v1/thaw", Role::operate, &JobsApi::thaw},
    };
    std::vector<Route> all;
    all.reserve(entries.size());
    for (const auto& entry : entries) {
        auto handle = [this, &entry](Request request) {
            return (this->*entry.handle)(std::move(request));
        };
        all.push_back({entry.method, entry.path, entry.role, std::move(handle), entry.wider});
    }
    return all;
}

asio::awaitable<ctl::QueueStatus> JobsApi::status()
{
    auto read = [freeze = x_freeze](store::Database& queue) {
        return ctl::read_queue_status(queue, freeze);
    };
    co_return co_await x_queue.run(std::move(read));
}

void JobsApi::kick() const
{
    if (x_kick)
        x_kick();
}

// Submitting ------------------------------------------------------------------------------------

asio::awaitable<Reply> JobsApi::submit(Request request)
{
    // What was asked for is done, whether the asker waits or not.
    co_await asio::this_coro::throw_if_cancelled(false);
    if (request.body.contains("jobs"))
        co_return co_await submit_many(std::move(request));
    co_return co_await submit_one(std::move(request));
}

/// Adds to the problems of a wish what is wrong with it whatever the tenant says.
void JobsApi::judge(JobWish& wish, std::vector<std::string>& notes) const
{
    if (wish.submission.kind.empty())
        return;  // that has been said
    const auto known = [this](auto name) { return x_config.jobs.secrets.contains(name); };
    auto read = jobs::make_plan({.request_id = wish.submission.request_id.value_or(""),
                                 .kind = wish.submission.kind,
                                 .target_id = wish.submission.target_id,
                                 .params = wish.submission.params,
                                 .expect = wish.submission.expect},
                                known);
    if (auto* problem = std::get_if<jobs::Unplannable>(&read))
        wish.problems.push_back(std::move(problem->why));
    else
        std::ranges::move(std::get<jobs::Plan>(read).notes, std::back_inserter(notes));
}

/// What every submitter should hear now.
std::vector<std::string> JobsApi::standing_notes() const
{
    std::vector<std::string> notes;
    if (!x_config.jobs.enabled)
        notes.emplace_back(
            "jobs are not enabled ([jobs] enabled = false): it stays submitted until it expires");
    if (x_freeze.is_on())
        notes.push_back(with_reason("writes are frozen", x_freeze.reason()));
    return notes;
}

asio::awaitable<Reply> JobsApi::submit_one(Request request)
{
    auto wish = read_job(request.body);
    auto notes = standing_notes();
    judge(wish, notes);
    if (!wish.problems.empty())
        co_return invalid_job(wish.problems);
    wish.submission.requested_by = x_users.name_of(request.caller.uid);
    const auto actor = x_users.actor_of(request.caller.uid);
    struct Stored {
        jobs::Submitted submitted{};
        std::optional<jobs::Job> job{};
    };
    auto add = [submission = wish.submission, actor, now = x_clock.utc_now()](store::Database& db) {
        Stored stored{.submitted = jobs::submit(db, submission, actor, now)};
        stored.job = jobs::find(db, stored.submitted.job_id);
        return stored;
    };
    const auto stored = co_await x_queue.run(std::move(add));
    const auto& submitted = stored.submitted;
    if (submitted.outcome == Outcome::refused)
        co_return invalid_job({submitted.why});
    log_submission(submitted, wish.submission.kind, actor);
    if (submitted.outcome == Outcome::conflict)
        co_return Problem{
            .status = 409,
            .detail = fmt::format("request_id: job {} with other content has it", submitted.job_id),
            .type = problem_type("request-conflict"),
            .more = {{"job_id", submitted.job_id}}};
    kick();
    json::object answer{{"outcome", to_string(submitted.outcome)}, {"notes", strings(notes)}};
    answer["job"] = stored.job ? json::value(ctl::job_json(*stored.job)) : json::value();
    co_return Response{.status = submitted.outcome == Outcome::added ? 201U : 200U,
                       .body = json::serialize(answer)};
}

/// Each is judged by itself: one that is refused leaves the others alone.
asio::awaitable<Reply> JobsApi::submit_many(Request request)
{
    auto read = read_jobs(request.body);
    if (auto* problem = std::get_if<Problem>(&read))
        co_return std::move(*problem);
    auto& wishes = std::get<0>(read);
    auto notes = standing_notes();
    const auto name = x_users.name_of(request.caller.uid);
    const auto actor = x_users.actor_of(request.caller.uid);
    json::array results(wishes.size());
    std::vector<std::size_t> good;
    for (std::size_t i = 0; i < wishes.size(); ++i) {
        judge(wishes[i], notes);
        wishes[i].submission.requested_by = name;
        if (wishes[i].problems.empty())
            good.push_back(i);
        else
            results[i] = json::object{{"outcome", to_string(Outcome::refused)},
                                      {"problems", strings(wishes[i].problems)}};
    }
    for (std::size_t begin = 0; begin < good.size(); begin += jobs_in_transaction_max) {
        const auto end = std::min(begin + jobs_in_transaction_max, good.size());
        std::vector<jobs::Submission> some;
        std::vector<std::string> kinds;
        for (auto i = begin; i < end; ++i) {
            kinds.push_back(wishes[good[i]].submission.kind);
            some.push_back(std::move(wishes[good[i]].submission));
        }
        auto add = [some = std::move(some), actor, now = x_clock.utc_now()](store::Database& db) {
            return db.transaction([&] {
                std::vector<jobs::Submitted> all;
                for (const auto& submission : some)
                    all.push_back(jobs::submit(db, submission, actor, now));
                return all;
            });
        };
        const auto all = co_await x_queue.run(std::move(add));
        for (std::size_t i = 0; i < all.size(); ++i) {
            results[good[begin + i]] = result_json(all[i]);
            if (all[i].outcome == Outcome::conflict)
                log_submission(all[i], kinds[i], actor);
        }
        kick();
    }
    log::info("jobs were submitted", {{"actor", actor}, {"jobs", good.size()}});
    std::ranges::sort(notes);
    const auto twice = std::ranges::unique(notes);
    notes.erase(twice.begin(), twice.end());
    co_return Response{.body = json::serialize(json::object{{"results", std::move(results)},
                                                            {"notes", strings(notes)}})};
}

// Looking ---------------------------------------------------------------------------------------

asio::awaitable<Reply> JobsApi::list(Request request)
{
    const auto filter = read_filter(request.query);
    if (const auto* problem = std::get_if<Problem>(&filter))
        co_return *problem;
    auto read = [wanted = std::get<0>(filter)](store::Database& queue) {
        return json::serialize(ctl::list_json(jobs::list(queue, wanted), wanted.max));
    };
    co_return Response{.body = co_await x_queue.run(std::move(read))};
}

asio::awaitable<Reply> JobsApi::show(Request request)
{
    const auto& text = request.path.at("id");
    const auto id = read_job_id(text);
    if (!id)
        co_return unknown_job(text);
    auto read = [job = *id](store::Database& queue) -> std::optional<std::string> {
        const auto detail = jobs::show(queue, job);
        return detail ? std::optional{json::serialize(ctl::detail_json(*detail))} : std::nullopt;
    };
    auto body = co_await x_queue.run(std::move(read));
    if (!body)
        co_return unknown_job(text);
    co_return Response{.body = *std::move(body)};
}

asio::awaitable<Reply> JobsApi::kinds(Request)
{
    co_return Response{.body = json::serialize(ctl::kinds_json())};
}

asio::awaitable<Reply> JobsApi::kind(Request request)
{
    const auto& name = request.path.at("kind");
    const auto* action = schema::find_action(name);
    if (action == nullptr)
        co_return Problem{.status = 404,
                          .detail = fmt::format("there is no kind {}", name),
                          .type = problem_type("unknown-kind")};
    co_return Response{.body = json::serialize(ctl::kind_json(*action))};
}

// Deciding --------------------------------------------------------------------------------------

asio::awaitable<Reply> JobsApi::cancel(Request request)
{
    auto wish = read_action(request.body, {.selects = !request.path.contains("id")});
    if (auto* problem = std::get_if<Problem>(&wish))
        co_return std::move(*problem);
    const Person person{.uid = request.caller.uid,
                        .name = x_users.name_of(request.caller.uid),
                        .actor = x_users.actor_of(request.caller.uid)};
    const auto reason =
        with_reason(fmt::format("cancelled by {}", person.name), std::get<0>(wish).reason);
    Act act = [person, reason, any = request.has_wider_role, now = x_clock.utc_now()](
                  store::Database& queue, jobs::JobId id) -> Acted {
        const auto job = jobs::find(queue, id);
        if (job && !any && !is_own(queue, *job, person))
            return {id, "not_own", 403,
                    fmt::format("job {} is not yours, as far as the kernel vouches for it: "
                                "cancelling it needs the role operate",
                                id)};
        switch (jobs::cancel(queue, id, reason, person.actor, now)) {
            case jobs::CancelOutcome::cancelled:
                return {id, "cancelled"};
            case jobs::CancelOutcome::too_late:
                return {id, "too_late", 409,
                        fmt::format("job {} is {}: too late to cancel it, it goes on", id,
                                    jobs::is_unsent(job->state) ? "to be sent once more"
                                                                : jobs::to_string(job->state))};
            case jobs::CancelOutcome::ended:
                return {id, "ended", 409,
                        fmt::format("job {} has ended: {}", id, jobs::to_string(job->state))};
            case jobs::CancelOutcome::unknown:
                break;
        }
        return {id, "unknown_job", 404, fmt::format("there is no job {}", id)};
    };
    co_return co_await this->act("cancel", std::move(request), std::get<0>(std::move(wish)),
                                 std::move(act));
}

asio::awaitable<Reply> JobsApi::approve(Request request)
{
    auto wish =
        read_action(request.body, {.selects = !request.path.contains("id"), .hashes = true});
    if (auto* problem = std::get_if<Problem>(&wish))
        co_return std::move(*problem);
    const Person person{.uid = request.caller.uid,
                        .name = x_users.name_of(request.caller.uid),
                        .actor = x_users.actor_of(request.caller.uid)};
    const bool own_allowed = x_config.jobs.approval == config::Approval::none;
    Act act = [person, own_allowed, shown = std::get<0>(wish).content_hashes,
               alone = request.path.contains("id"),
               now = x_clock.utc_now()](store::Database& queue, jobs::JobId id) -> Acted {
        const auto hash = shown.find(alone ? 0 : id);
        if (!shown.empty() && hash == shown.end())
            return {id, "not_shown", 409,
                    fmt::format("job {} is not among those in content_hashes", id)};
        const auto job = jobs::find(queue, id);
        auto outcome = jobs::ApproveOutcome::own_request;
        if (!job || own_allowed || !is_own(queue, *job, person))
            outcome = jobs::approve(queue, id,
                                    {.approver = person.name,
                                     .actor = person.actor,
                                     .seen_hash = shown.empty() ? "" : hash->second,
                                     .own_allowed = own_allowed},
                                    now);
        switch (outcome) {
            case jobs::ApproveOutcome::approved:
                return {id, "approved"};
            case jobs::ApproveOutcome::not_waiting:
                return {id, "not_waiting", 409,
                        fmt::format("job {} is {}: it waits for no approval", id,
                                    jobs::to_string(job->state))};
            case jobs::ApproveOutcome::own_request:
                return {id, "own_request", 403,
                        fmt::format("job {} is your own: somebody else approves it", id)};
            case jobs::ApproveOutcome::changed:
                return {id, "changed", 409,
                        fmt::format("job {} is not what was shown: look at it again", id)};
            case jobs::ApproveOutcome::unknown:
                break;
        }
        return {id, "unknown_job", 404, fmt::format("there is no job {}", id)};
    };
    co_return co_await this->act("approve", std::move(request), std::get<0>(std::move(wish)),
                                 std::move(act));
}

asio::awaitable<Reply> JobsApi::resolve(Request request)
{
    auto wish =
        read_action(request.body, {.selects = !request.path.contains("id"), .verdict = true});
    if (auto* problem = std::get_if<Problem>(&wish))
        co_return std::move(*problem);
    const auto& said = std::get<0>(wish);
    Act act = [actor = x_users.actor_of(request.caller.uid), executed = *said.executed,
               reason = said.reason,
               now = x_clock.utc_now()](store::Database& queue, jobs::JobId id) -> Acted {
        switch (jobs::resolve(queue, id, executed, reason, actor, now)) {
            case jobs::ResolveOutcome::resolved:
                return {id, "resolved"};
            case jobs::ResolveOutcome::not_open:
                return {id, "not_open", 409,
                        fmt::format("job {} is neither in doubt nor held as restored", id)};
            case jobs::ResolveOutcome::unknown:
                break;
        }
        return {id, "unknown_job", 404, fmt::format("there is no job {}", id)};
    };
    co_return co_await this->act("resolve", std::move(request), std::get<0>(std::move(wish)),
                                 std::move(act));
}

asio::awaitable<Reply> JobsApi::act(std::string_view deed, Request request, ActionWish wish,
                                    Act act)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto path = request.path.find("id");
    const bool alone = path != request.path.end();
    if (alone) {
        const auto id = read_job_id(path->second);
        if (!id)
            co_return unknown_job(path->second);
        wish.ids = {*id};
    } else if (wish.batch_id) {
        wish.ids = co_await jobs_of_batch(*wish.batch_id);
        if (wish.ids.empty())
            co_return Problem{.status = 404,
                              .detail = fmt::format("no job has the batch_id {}", *wish.batch_id),
                              .type = problem_type("unknown-batch")};
    }
    const auto all = co_await act_on(std::move(wish.ids), std::move(act));
    const auto done = std::ranges::count(all, std::string{}, &Acted::detail);
    log::info("people decided about jobs", {{"deed", deed},
                                            {"actor", x_users.actor_of(request.caller.uid)},
                                            {"jobs", all.size()},
                                            {"done", done}});
    if (done > 0)
        kick();
    if (!alone) {
        json::array results;
        for (const auto& one : all) {
            json::object result{{"job_id", one.job_id}, {"outcome", one.outcome}};
            if (!one.detail.empty())
                result["detail"] = one.detail;
            results.push_back(std::move(result));
        }
        co_return Response{.body = json::serialize(json::object{{"results", std::move(results)}})};
    }
    const auto& one = all.front();
    if (!one.detail.empty()) {
        std::string type{one.outcome};
        std::ranges::replace(type, '_', '-');
        co_return Problem{.status = one.status, .detail = one.detail, .type = problem_type(type)};
    }
    co_return Response{
        .body = json::serialize(json::object{{"job_id", one.job_id}, {"outcome", one.outcome}})};
}

asio::awaitable<std::vector<JobsApi::Acted>> JobsApi::act_on(std::vector<jobs::JobId> ids, Act act)
{
    std::vector<Acted> all;
    for (std::size_t begin = 0; begin < ids.size(); begin += jobs_in_transaction_max) {
        const auto count = std::min(jobs_in_transaction_max, ids.size() - begin);
        const auto some = std::span{ids}.subspan(begin, count);
        auto work = [&act, some](store::Database& queue) {
            return queue.transaction([&] {
                std::vector<Acted> acted;
                for (const auto id : some)
                    acted.push_back(act(queue, id));
                return acted;
            });
        };
        std::ranges::move(co_await x_queue.run(std::move(work)), std::back_inserter(all));
    }
    co_return all;
}

/// Oldest first: in this order they take from the budgets.
asio::awaitable<std::vector<jobs::JobId>> JobsApi::jobs_of_batch(std::string batch_id)
{
    jobs::Filter filter{.batch_id = std::move(batch_id), .max = jobs::list_max};
    std::vector<jobs::JobId> ids;
    while (true) {
        auto read = [filter](store::Database& queue) {
            std::vector<jobs::JobId> page;
            for (const auto& job : jobs::list(queue, filter))
                page.push_back(job.job_id);
            return page;
        };
        const auto page = co_await x_queue.run(std::move(read));
        ids.insert(ids.end(), page.begin(), page.end());
        if (std::cmp_less(page.size(), filter.max))
            break;
        filter.before = page.back();
    }
    std::ranges::reverse(ids);
    co_return ids;
}

// The switch ------------------------------------------------------------------------------------

asio::awaitable<Reply> JobsApi::freeze(Request request)
{
    auto wish = read_action(request.body, {});
    if (auto* problem = std::get_if<Problem>(&wish))
        co_return std::move(*problem);
    const auto reason = with_reason(
        fmt::format("frozen by {}", x_users.name_of(request.caller.uid)), std::get<0>(wish).reason);
    // On the queue's thread: it waits for the disk, and for the transaction that is under way.
    auto turn_on = [freeze = x_freeze, reason](store::Database&) {
        freeze.turn_on(reason);
        return freeze.reason();
    };
    const auto stands = co_await x_queue.run(std::move(turn_on));
    log::warning("writes are frozen", {{"reason", stands}});
    kick();
    co_return Response{.body = json::serialize(json::object{{"frozen", true}, {"reason", stands}})};
}

asio::awaitable<Reply> JobsApi::thaw(Request request)
{
    auto wish = read_action(request.body, {});
    if (auto* problem = std::get_if<Problem>(&wish))
        co_return std::move(*problem);
    auto turn_off = [freeze = x_freeze](store::Database& queue) {
        freeze.turn_off();
        return ctl::read_queue_status(queue, freeze);
    };
    const auto status = co_await x_queue.run(std::move(turn_off));
    log::warning("writes are thawed", {{"actor", x_users.actor_of(request.caller.uid)},
                                       {"reason", std::get<0>(wish).reason}});
    kick();
    co_return Response{.body = json::serialize(json::object{{"frozen", status.frozen},
                                                            {"held_restored", status.restored}})};
}

}  // namespace cloudpcd::daemon::control
