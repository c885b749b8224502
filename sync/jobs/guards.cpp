#include "sync/jobs/guards.hpp"

#include "sync/graph/ascii.hpp"
#include "sync/graph/clock_skew.hpp"
#include "sync/jobs/budget.hpp"
#include "sync/jobs/expectations.hpp"
#include "sync/jobs/extent.hpp"
#include "sync/jobs/members.hpp"
#include "sync/jobs/progress_parts.hpp"
#include "sync/jobs/queue.hpp"
#include "sync/jobs/scope.hpp"
#include "sync/jobs/targets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace cloudpcd::jobs {

namespace bj = boost::json;

using namespace std::chrono_literals;

namespace {

constexpr int destructive_class = 2;
constexpr Duration unreadable_wait = 30s;
constexpr Duration shown_within = 10min;
constexpr Duration budget_wait = 30s;
constexpr Duration clock_wait = 1min;
constexpr Duration taken_in_within = 10s;
constexpr std::chrono::hours duplicates_within{24};
constexpr std::size_t named_max = 5;

/// Holds under which a job keeps its objects to itself.
bool keeps_its_targets(Hold hold)
{
    constexpr std::array keeping{Hold::budget, Hold::freeze,     Hold::clock,
                                 Hold::login,  Hold::unreadable, Hold::retry};
    return std::ranges::count(keeping, hold) > 0;
}

/// The first few, and how many more there are.
std::string listed(std::vector<std::string> texts)
{
    if (texts.size() > named_max) {
        const auto more = texts.size() - named_max;
        texts.resize(named_max);
        texts.push_back(fmt::format("and {} more", more));
    }
    return fmt::format("{}", fmt::join(texts, "; "));
}

std::string cloud_pcs(std::int64_t count)
{
    return fmt::format("{} Cloud PC{}", count, count == 1 ? "" : "s");
}

/// An earlier job that waits for one of these objects; jobs of one object go in their order.
std::optional<JobId> waiting_before(store::Database& queue, const Job& job,
                                    const std::vector<Target>& targets)
{
    auto row = queue.prepared(
        "SELECT other.job_id FROM job_targets t CROSS JOIN jobs other ON other.job_id = t.job_id "
        "WHERE t.resource = ?1 AND t.target_id = ?2 AND t.job_id <> ?3 "
        "AND other.held_by = 'target_busy' "
        "AND (other.priority, other.not_before, other.job_id) < (?4, ?5, ?3) LIMIT 1");
    for (const auto& target : targets) {
        row.bind(1, target.resource).bind(2, target.id).bind(3, job.job_id);
        row.bind(4, job.priority).bind(5, job.not_before);
        if (row.step())
            return row.integer(0);
        row.reset();
    }
    return std::nullopt;
}

/// Those of `targets` that the job does not have to itself already.
std::vector<Target> not_yet_held(store::Database& queue, JobId job,
                                 const std::vector<Target>& targets)
{
    std::vector<Target> missing;
    auto row = queue.prepared(
        "SELECT 1 FROM job_targets WHERE job_id = ? AND resource = ? AND target_id = ? "
        "AND open = 1");
    for (const auto& target : targets) {
        row.bind(1, job).bind(2, target.resource).bind(3, target.id);
        if (!row.step())
            missing.push_back(target);
        row.reset();
    }
    return missing;
}

/// However little both differ.
UtcTime earlier_clock(const Circumstances& known)
{
    return std::min(known.now, known.now - known.clock_skew.value_or(Duration::zero()));
}

/// Where a job belongs that does not pass a guard.
struct Refusal {
    State state = State::rejected;
    std::optional<Hold> held_by{};
    std::string reason{};
    std::optional<UtcTime> due_at{};
};

Refusal reject(std::string reason)
{
    return {.reason = std::move(reason)};
}

Refusal hold(Hold by, std::string reason, std::optional<UtcTime> due_at = {})
{
    return {.state = State::held, .held_by = by, .reason = std::move(reason), .due_at = due_at};
}

/// Asks all guards about one job.
class Judge {
public:
    Judge(store::Database& queue, const Job& job, const Plan& plan, const Facts& facts,
          const Circumstances& circumstances)
        : x_queue{queue},
          x_job{job},
          x_plan{plan},
          x_facts{facts},
          x_known{circumstances},
          x_extent{extent_of(queue, job, facts, circumstances.now)},
          x_budgets{budgets_of(circumstances.settings, circumstances.fleet)},
          x_certain{facts.fresh && !facts.incomplete}
    {}

    Ruling judge()
    {
        ask("expired", expired());
        ask("not_before", not_before());
        ask("target", target());
        ask("expect", expect());
        ask("precondition", precondition());
        ask("approval", approval());
        ask("freeze", freeze());
        ask("clock", clock());
        ask("login", login());
        auto busy = target_busy();
        const bool free = !busy;
        if (busy && x_ruling.held_by && keeps_its_targets(*x_ruling.held_by))
            decide(*busy);
        ask("target_busy", std::move(busy));
        ask("duplicate", duplicate());
        ask("budget", budget());
        x_ruling.occupies = free && (x_ruling.state == State::queued ||
                                     (x_ruling.held_by && keeps_its_targets(*x_ruling.held_by)));
        x_ruling.debit = destroys() ? x_extent.touches : 0;
        return std::move(x_ruling);
    }

private:
    void ask(std::string_view name, std::optional<Refusal> refusal)
    {
        if (refusal && x_ruling.state == State::queued)
            decide(*refusal);
        x_ruling.guards.push_back({.name = name,
                                   .passes = !refusal,
                                   .why = refusal ? std::move(refusal->reason) : std::string{}});
    }

    void decide(const Refusal& refusal)
    {
        x_ruling.state = refusal.state;
        x_ruling.held_by = refusal.held_by;
        x_ruling.reason = refusal.reason;
        x_ruling.due_at = refusal.due_at;
    }

    bool destroys() const { return x_extent.risk == destructive_class; }

    std::optional<UtcTime> time_of(const std::optional<std::string>& text) const
    {
        return text ? parse_sql_time(*text) : std::nullopt;
    }

    std::optional<Refusal> expired() const
    {
        const auto at = time_of(x_job.expires_at);
        if (!at || latest_now(x_known) < *at)
            return std::nullopt;
        if (earliest_now(x_known) >= *at)
            return Refusal{.state = State::expired, .reason = "not sent before expires_at"};
        return hold(Hold::clock,
                    "by one of both clocks, this machine's and Graph's, it has expired; they "
                    "differ",
                    x_known.now + clock_wait);
    }

    std::optional<Refusal> not_before() const
    {
        const auto at = time_of(x_job.not_before);
        const auto earliest = asks_for_now(at) ? earliest_now(x_known) : earlier_clock(x_known);
        if (!at || earliest >= *at)
            return std::nullopt;
        // By this machine's clock its time may have come, when that is ahead of Graph's.
        const auto due =
            x_known.now < *at ? *at : x_known.now + std::min<Duration>(*at - earliest, clock_wait);
        return hold(Hold::not_before, fmt::format("waits for {} UTC", *x_job.not_before), due);
    }

    /// Nobody asked it to wait, not for Graph's next Date either, which has whole seconds. What
    /// intake fills in is the time of submission, or its own where that seems to be later.
    bool asks_for_now(std::optional<UtcTime> at) const
    {
        const auto submitted = parse_sql_time(x_job.created_at);
        return at && submitted && *at <= *submitted && *submitted - *at <= taken_in_within;
    }

    std::optional<Refusal> target() const
    {
        if (!x_facts.fresh)
            return std::nullopt;
        if (x_facts.target_gone)
            return target_gone();
        if (x_facts.incomplete)
            return hold(Hold::unreadable,
                        fmt::format("what it would touch cannot be read: {}", *x_facts.incomplete),
                        x_known.now + unreadable_wait);
        if (auto other = ids_spelled_otherwise(); !other.empty())
            return reject(
                fmt::format("ids are to be given as Graph writes them: {}", listed(other)));
        if (auto gone = gone_cloud_pcs(); !gone.empty())
            return reject(fmt::format("Cloud PCs that are gone: {}", listed(gone)));
        if (auto busy = busy_cloud_pcs(); !busy.empty())
            return reject(fmt::format("such an action is running already, not by this job: {}",
                                      listed(busy)));
        return std::nullopt;
    }

    Refusal target_gone() const
    {
        if (was_just_created())
            return hold(Hold::unreadable, "it was created just now, and Graph does not show it yet",
                        x_known.now + unreadable_wait);
        const schema::Method method = x_plan.action->method;
        if (method == schema::Method::remove)
            return {.state = State::succeeded, .reason = "already gone"};
        return reject(fmt::format("its target is gone: Graph has no {} with the id {}",
                                  x_plan.action->target, x_job.target_id.value_or("")));
    }

    /// By a job of this queue. Graph shows what was created only some time later.
    bool was_just_created() const
    {
        const auto attempt =
            find_evidence(x_queue, object_evidence(created_evidence, x_job.target_id.value_or("")));
        const auto made = attempt ? time_of(attempt->verdict_at) : std::nullopt;
        return made && x_known.now - *made < shown_within;
    }

    /// Graph takes a GUID in capitals too. Objects are told apart byte by byte, though: such a job
    /// would get past all that is said of its target elsewhere, the user whom it belonged to too.
    std::vector<std::string> ids_spelled_otherwise() const
    {
        std::vector<std::string> other;
        const auto compare = [&](const bj::object& object, std::string_view given) {
            const auto id = text_of(object, "id");
            if (!id.empty() && id != given)
                other.push_back(fmt::format("{} is {}", given, id));
        };
        if (x_facts.target)
            compare(*x_facts.target, x_job.target_id.value_or(""));
        for (const auto& cloud_pc : x_facts.cloud_pcs)
            compare(cloud_pc.properties, cloud_pc.id);
        return other;
    }

    /// Those that the job names. Of what a bulk action once was given some may be gone.
    std::vector<std::string> gone_cloud_pcs() const
    {
        std::set<std::string> named;
        if (x_plan.action->listed == "cloud_pcs") {
            for (const auto& id : listed_ids(*x_plan.action, x_plan.params))
                named.insert(id);
        }
        std::vector<std::string> gone;
        for (const auto& cloud_pc : x_facts.cloud_pcs) {
            if (!cloud_pc.present && named.contains(cloud_pc.id))
                gone.push_back(cloud_pc.id);
        }
        return gone;
    }

    /// In a status that only the very action brings about: what is seen of it later would not tell
    /// whose it is.
    std::vector<std::string> busy_cloud_pcs() const
    {
        const auto busy_in = x_plan.action->ending.value.busy;
        std::vector<std::string> busy;
        for (const auto& cloud_pc : x_facts.cloud_pcs) {
            const auto status = text_of(cloud_pc.properties, "status");
            const auto is_status = [&](std::string_view one) {
                return graph::ascii_iequals(one, status);
            };
            if (std::ranges::any_of(busy_in, is_status))
                busy.push_back(fmt::format("{} is {}", cloud_pc.id, status));
        }
        return busy;
    }

    std::optional<Refusal> expect() const
    {
        if (!x_certain || x_facts.target_gone)
            return std::nullopt;
        const auto users = destroys() ? expected_users(x_queue, x_job.job_id) : ExpectedUsers{};
        const auto broken = broken_expectations(x_plan, x_facts, users);
        if (broken.empty())
            return std::nullopt;
        return reject(fmt::format("precondition_changed: {}", listed(broken)));
    }

    std::optional<Refusal> precondition() const
    {
        if (!x_certain || !x_facts.target)
            return std::nullopt;
        const auto& target = *x_facts.target;
        bool refused = false;
        switch (x_plan.action->precondition) {
            case schema::Precondition::none:
                break;
            case schema::Precondition::unassigned: {
                const auto* assignments = target.if_contains("assignments");
                refused = assignments != nullptr && assignments->is_array() &&
                          !assignments->get_array().empty();
                break;
            }
            case schema::Precondition::unused: {
                const auto* used = target.if_contains("inUse");
                refused = used != nullptr && used->is_bool() && used->get_bool();
                break;
            }
        }
        if (!refused)
            return std::nullopt;
        return reject(std::string{schema::refusal(x_plan.action->precondition)});
    }

    std::optional<Refusal> approval() const
    {
        auto why = approval_needed();
        if (!why || is_approved_for(x_job, x_extent.touches, earliest_now(x_known)))
            return std::nullopt;
        return Refusal{.state = State::awaiting_approval, .reason = *std::move(why)};
    }

    std::optional<std::string> approval_needed() const
    {
        const auto touched = cloud_pcs(x_extent.touches);
        if (destroys() && x_extent.touches > x_budgets.smaller())
            return fmt::format(
                "touches {}, more than a whole budget of {}: needs approval of that "
                "number",
                touched, x_budgets.smaller());
        if (x_known.settings.approval == config::Approval::all)
            return fmt::format("needs approval, as every job; touches {}", touched);
        // As long as nobody knows whether it is destructive, the claim's facts decide.
        const bool known = x_certain || schema::risk_class(x_plan.action->risk) || x_facts.target;
        if (x_known.settings.approval == config::Approval::destructive && destroys() && known)
            return fmt::format("needs approval, as every destructive job; touches {}", touched);
        return std::nullopt;
    }

    std::optional<Refusal> freeze() const
    {
        if (!x_known.frozen)
            return std::nullopt;
        return hold(Hold::freeze,
                    x_known.freeze_reason.empty()
                        ? std::string{"writes are frozen"}
                        : fmt::format("writes are frozen: {}", x_known.freeze_reason));
    }

    std::optional<Refusal> clock() const
    {
        if (!clocks_disagree(x_known) || !destroys())
            return std::nullopt;
        return hold(Hold::clock,
                    "this machine's clock and Graph's differ; nothing destructive is sent until "
                    "they agree",
                    x_known.now + clock_wait);
    }

    std::optional<Refusal> login() const
    {
        if (x_plan.request.identity != schema::Identity::delegated || x_known.user)
            return std::nullopt;
        constexpr std::string_view advice =
            "Graph takes this from users only: sign in with `cloudpcctl login`";
        return hold(Hold::login, x_known.login_error.empty()
                                     ? std::string{advice}
                                     : fmt::format("{} ({})", advice, x_known.login_error));
    }

    std::optional<Refusal> target_busy() const
    {
        const auto missing = not_yet_held(x_queue, x_job.job_id, x_extent.targets);
        if (const auto held = holders(x_queue, x_job.job_id, missing); !held.empty()) {
            const auto& first = held.front();
            return hold(Hold::target_busy, fmt::format("job {} is active on {} of {}", first.job_id,
                                                       first.target.id, first.target.resource));
        }
        if (const auto before = waiting_before(x_queue, x_job, missing))
            return hold(Hold::target_busy,
                        fmt::format("job {} waits for the same and comes first", *before));
        return std::nullopt;
    }

    std::optional<Refusal> duplicate() const
    {
        const auto key = duplicate_key(*x_plan.action, x_plan.params);
        if (!destroys() || !key || x_job.allow_duplicate)
            return std::nullopt;
        const auto other = find_duplicate(x_queue, x_job.job_id, *key, x_extent.targets,
                                          x_known.now - duplicates_within);
        if (!other)
            return std::nullopt;
        return reject(fmt::format(
            "duplicate of job {}, which is open or succeeded within 24 hours; allow_duplicate = 1 "
            "if it is meant",
            *other));
    }

    std::optional<Refusal> budget()
    {
        const auto now = x_known.now;
        if (!destroys() || is_approved_for(x_job, x_extent.touches, earliest_now(x_known)))
            return std::nullopt;
        const auto answer = fit(x_queue, x_job, x_extent.touches, x_budgets, now);
        if (answer.fits)
            return std::nullopt;
        x_ruling.earliest = answer.earliest;
        const auto limits =
            fmt::format("{} Cloud PCs an hour and {} a day", x_budgets.per_hour, x_budgets.per_day);
        if (!answer.earliest)
            return hold(Hold::budget, fmt::format("never fits the budgets ({})", limits));
        return hold(Hold::budget,
                    fmt::format("the budgets ({}) have no room for {} before {} UTC", limits,
                                cloud_pcs(x_extent.touches), format_sql_time(*answer.earliest)),
                    std::max(*answer.earliest, now + budget_wait));
    }

    store::Database& x_queue;
    const Job& x_job;
    const Plan& x_plan;
    const Facts& x_facts;
    const Circumstances& x_known;
    Extent x_extent;
    Budgets x_budgets;
    bool x_certain;
    Ruling x_ruling{};
};

}  // namespace

bool clocks_disagree(const Circumstances& circumstances) noexcept
{
    return circumstances.clock_skew &&
           std::chrono::abs(*circumstances.clock_skew) > graph::clock_skew_max;
}

UtcTime earliest_now(const Circumstances& circumstances) noexcept
{
    return clocks_disagree(circumstances) ? earlier_clock(circumstances) : circumstances.now;
}

UtcTime latest_now(const Circumstances& circumstances) noexcept
{
    return clocks_disagree(circumstances)
               ? std::max(circumstances.now, circumstances.now - *circumstances.clock_skew)
               : circumstances.now;
}

Ruling judge(store::Database& queue, const Job& job, const Plan& plan, const Facts& facts,
             const Circumstances& circumstances)
{
    return Judge{queue, job, plan, facts, circumstances}.judge();
}

}  // namespace cloudpcd::jobs
