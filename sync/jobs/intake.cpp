#include "sync/jobs/intake.hpp"

#include "sync/jobs/budget.hpp"
#include "sync/jobs/events.hpp"
#include "sync/jobs/expectations.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/queue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace cloudpcd::jobs {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::days not_before_max{366};  ///< a year, a leap year too
constexpr std::chrono::days lifetime_max{7};

/// The times of a job as they are to be, or what is wrong with those that were given.
struct Times {
    UtcTime not_before{};
    UtcTime expires_at{};
    std::vector<std::string> problems{};
};

bool may_destroy(const Job& job)
{
    const auto* action = schema::find_action(job.kind);
    return action != nullptr && schema::may_destroy(action->risk);
}

/// A time that was given; nullopt also when it cannot be read, which is a problem then.
std::optional<UtcTime> given_time(store::Database& queue, std::string_view name,
                                  const std::optional<std::string>& text,
                                  std::vector<std::string>& problems)
{
    if (!text)
        return std::nullopt;
    const auto time = read_given_time(queue, *text);
    if (!time)
        problems.push_back(
            fmt::format("{} is no time; give one such as 2026-05-31 18:00, UTC", name));
    return time;
}

Times times_of(store::Database& queue, const Job& job, const Circumstances& circumstances)
{
    Times times;
    const auto created_at = parse_sql_time(job.created_at).value_or(circumstances.now);
    const auto not_before = given_time(queue, "not_before", job.not_before, times.problems);
    const auto expires_at = given_time(queue, "expires_at", job.expires_at, times.problems);
    // What was inserted while this machine's clock was ahead is not to wait for that time.
    times.not_before = not_before.value_or(std::min(created_at, earliest_now(circumstances)));
    const auto from = std::max(created_at, times.not_before);
    const auto& settings = circumstances.settings;
    times.expires_at = expires_at.value_or(
        from + (may_destroy(job) ? settings.destructive_expiry : settings.default_expiry));
    if (times.not_before > created_at + not_before_max)
        times.problems.emplace_back("not_before is more than a year ahead");
    if (times.expires_at <= from)
        times.problems.emplace_back(
            "expires_at is not after not_before and the time of submission");
    else if (times.expires_at > from + lifetime_max)
        times.problems.emplace_back(
            "expires_at is more than 7 days after not_before and the time of submission");
    return times;
}

/// Takes in one row after the other.
class Intake {
public:
    Intake(store::Database& queue, store::Database& mirror, const Circumstances& circumstances,
           const KnownCredential& known_credential)
        : x_queue{queue},
          x_mirror{mirror},
          x_known{circumstances},
          x_known_credential{known_credential}
    {}

    void take(const Job& job)
    {
        x_taken.last = job.job_id;
        ++x_taken.jobs;
        auto times = times_of(x_queue, job, x_known);
        if (times.problems.empty())
            fill(x_queue, job.job_id,
                 {.not_before = times.not_before, .expires_at = times.expires_at}, x_known.now);
        if (x_known.settings.enabled)
            judge_first(job, std::move(times.problems));
    }

    Taken taken() { return std::move(x_taken); }

private:
    void judge_first(const Job& job, std::vector<std::string> problems)
    {
        if (job.origin == "sql" && !x_known.settings.sql_submit)
            problems.emplace_back(
                "rows inserted by SQL are not accepted ([jobs] sql_submit = false)");
        const auto planned = make_plan(job, x_known_credential);
        const auto* unplannable = std::get_if<Unplannable>(&planned);
        if (unplannable != nullptr)
            problems.push_back(unplannable->why);
        if (!problems.empty())
            return reject(job, problems, unplannable != nullptr && unplannable->erase_params);
        if (job.dry_run) {
            x_taken.dry_runs.push_back(job.job_id);
            return;
        }
        const auto& plan = std::get<Plan>(planned);
        const auto facts = mirrored_facts(x_mirror, plan, job);
        if (schema::may_destroy(plan.action->risk))
            expect_users(job, facts);
        const auto filled = find(x_queue, job.job_id);
        CLOUDPCD_ASSERT(filled.has_value());
        const auto ruling = is_restored(x_queue, job)
                                ? Ruling{.state = State::held,
                                         .held_by = Hold::restored,
                                         .reason = std::string{restored_reason}}
                                : judge(x_queue, *filled, plan, facts, x_known);
        const bool settled = settle(x_queue, *filled, plan, facts, ruling, x_known.now);
        CLOUDPCD_ASSERT(settled);
    }

    void expect_users(const Job& job, const Facts& facts)
    {
        const auto created_at = parse_sql_time(job.created_at).value_or(x_known.now);
        for (const auto& cloud_pc : facts.cloud_pcs) {
            if (const auto user = user_at(x_mirror, cloud_pc.id, created_at))
                expect_user(x_queue, job.job_id, cloud_pc.id, *user);
        }
    }

    void reject(const Job& job, const std::vector<std::string>& problems, bool erase)
    {
        const bool moved = transition(
            x_queue, job.job_id, State::submitted, State::rejected,
            {.reason = fmt::format("{}", fmt::join(problems, ". ")), .erase_params = erase},
            daemon_actor, x_known.now);
        CLOUDPCD_ASSERT(moved);
        x_taken.secret_erased |= erase;
    }

    store::Database& x_queue;
    store::Database& x_mirror;
    const Circumstances& x_known;
    const KnownCredential& x_known_credential;
    Taken x_taken{};
};

/// What identifies a job's place in the order of those that wait.
struct Place {
    int priority = -1;
    std::string not_before{};
    JobId job_id = 0;
};

/// Looks again at one held job after the other.
class SecondLook {
public:
    SecondLook(store::Database& queue, store::Database& mirror, const Circumstances& circumstances,
               const KnownCredential& known_credential, int max)
        : x_queue{queue},
          x_mirror{mirror},
          x_known{circumstances},
          x_known_credential{known_credential},
          x_max{max}
    {}

    /// Each of them leaves the set of those that are due.
    void look_at_due()
    {
        for (const auto& job : due_held(x_queue, x_known.now, left())) {
            look(job);
            ++x_dealt_with;
        }
    }

    /// What a wrong clock queued is held until its time.
    void look_at_early()
    {
        for (const auto& job : queued_early(x_queue, earliest_now(x_known), left()))
            x_dealt_with += look(job) ? 1 : 0;
    }

    void look_at_budgets()
    {
        const auto& settings = x_known.settings;
        auto free = room(x_queue, budgets_of(settings, x_known.fleet), x_known.now);
        const auto before = format_sql_time(x_known.now - budget_relook);
        Place after;
        while (free > 0 && left() > 0) {
            const auto job = next_over_budget(after, free, before);
            if (!job)
                return;
            after = place_of(*job);
            if (look(*job) && state_of(*job) == State::queued)
                free -= job->touches.value_or(0);
            ++x_dealt_with;
        }
    }

    /// Those that stay held by the same are passed over, however many.
    void look_at(Hold hold)
    {
        JobId after = 0;
        while (left() > 0) {
            const auto some = in_state(x_queue, State::held, hold, after, left());
            if (some.empty())
                return;
            for (const auto& job : some) {
                x_dealt_with += look(job) ? 1 : 0;
                after = job.job_id;
            }
        }
    }

    void look_at_waiting()
    {
        Place after;
        while (left() > 0) {
            const auto some = free_waiting(after, left());
            if (some.empty())
                return;
            for (const auto& job : some) {
                after = place_of(job);
                // One of those before it may have taken what it waits for.
                if (!holders(x_queue, job.job_id, targets_of(x_queue, job.job_id)).empty())
                    continue;
                x_dealt_with += look(job) ? 1 : 0;
            }
        }
    }

    std::int64_t dealt_with() const noexcept { return x_dealt_with; }

private:
    int left() const noexcept { return x_max - x_dealt_with; }

    static Place place_of(const Job& job)
    {
        return {.priority = job.priority,
                .not_before = job.not_before.value_or(""),
                .job_id = job.job_id};
    }

    State state_of(const Job& job)
    {
        const auto there = find(x_queue, job.job_id);
        return there ? there->state : job.state;
    }

    /// True when it is in another state, or held by something else, than before.
    bool look(const Job& job)
    {
        const bool waits = job.state == State::held || job.state == State::queued;
        if (!waits || job.held_by == Hold::restored)
            return false;
        const auto planned = make_plan(job, x_known_credential);
        if (const auto* unplannable = std::get_if<Unplannable>(&planned)) {
            // A credential that it names was taken out of the configuration.
            return transition(
                x_queue, job.job_id, job.state, State::rejected,
                {.reason = unplannable->why, .erase_params = unplannable->erase_params},
                daemon_actor, x_known.now);
        }
        const auto& plan = std::get<Plan>(planned);
        const auto facts = mirrored_facts(x_mirror, plan, job);
        const auto ruling = judge(x_queue, job, plan, facts, x_known);
        const bool settled = settle(x_queue, job, plan, facts, ruling, x_known.now);
        return settled && (ruling.state != job.state || ruling.held_by != job.held_by);
    }

    std::optional<Job> next_over_budget(const Place& after, std::int64_t free,
                                        const std::string& before)
    {
        static const auto sql = fmt::format(
            "SELECT {} FROM jobs WHERE held_by = 'budget' "
            "AND (priority, not_before, job_id) > (?1, ?2, ?3) AND touches <= ?4 "
            "AND updated_at <= ?5 ORDER BY priority, not_before, job_id LIMIT 1",
            job_columns());
        auto row = x_queue.prepared(sql);
        row.bind(1, after.priority).bind(2, after.not_before).bind(3, after.job_id);
        row.bind(4, free).bind(5, before);
        return row.step() ? std::optional{read_job(row)} : std::nullopt;
    }

    /// Those whose objects nobody holds, in the order in which they go.
    std::vector<Job> free_waiting(const Place& after, int max)
    {
        static const auto sql = fmt::format(
            "SELECT {} FROM jobs WHERE held_by = 'target_busy' "
            "AND (priority, not_before, job_id) > (?1, ?2, ?3) "
            "AND NOT EXISTS (SELECT 1 FROM job_targets mine JOIN job_targets theirs "
            "  ON theirs.resource = mine.resource AND theirs.target_id = mine.target_id "
            "  AND theirs.open = 1 AND theirs.job_id <> mine.job_id "
            "  WHERE mine.job_id = jobs.job_id) "
            "ORDER BY priority, not_before, job_id LIMIT ?4",
            job_columns());
        auto row = x_queue.prepared(sql);
        row.bind(1, after.priority).bind(2, after.not_before).bind(3, after.job_id).bind(4, max);
        std::vector<Job> jobs;
        while (row.step())
            jobs.push_back(read_job(row));
        return jobs;
    }

    store::Database& x_queue;
    store::Database& x_mirror;
    const Circumstances& x_known;
    const KnownCredential& x_known_credential;
    int x_max;
    int x_dealt_with = 0;
};

}  // namespace

Taken take_in(store::Database& queue, store::Database& mirror, const Circumstances& circumstances,
              const KnownCredential& known_credential, JobId after)
{
    return in_transaction(queue, [&] {
        Intake intake{queue, mirror, circumstances, known_credential};
        for (const auto& job : take_submitted(queue, after, intake_max))
            intake.take(job);
        return intake.taken();
    });
}

std::int64_t look_again(store::Database& queue, store::Database& mirror,
                        const Circumstances& circumstances, const KnownCredential& known_credential,
                        const Relook& relook, int max)
{
    return in_transaction(queue, [&] {
        SecondLook look{queue, mirror, circumstances, known_credential, max};
        if (relook.due) {
            look.look_at_early();
            look.look_at_due();
            look.look_at_budgets();
        }
        for (const auto hold : relook.holds)
            look.look_at(hold);
        if (relook.targets)
            look.look_at_waiting();
        return look.dealt_with();
    });
}

}  // namespace cloudpcd::jobs
