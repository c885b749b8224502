#pragma once
// Whether a job may go now, and if not, where it belongs. One judgement serves intake, dry run,
// claim and whatever looks again at a held job; they differ in their facts only.

#include "config/config.hpp"
#include "sync/core/time.hpp"
#include "sync/jobs/facts.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/plan.hpp"
#include "sync/store/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

/// What neither the queue nor the tenant says.
struct Circumstances {
    const config::Jobs& settings;
    UtcTime now{};  ///< the wall clock
    /// Local minus Graph's clock, as far as it is known: what is to wait for a time waits for both.
    std::optional<Duration> clock_skew{};
    bool frozen = false;
    std::string freeze_reason{};
    std::optional<std::string> user{};  ///< who is signed in for the delegated verbs
    std::string login_error{};          ///< why a sign-in gives no token; may be empty
    std::int64_t fleet = 0;             ///< rows of cloud_pcs
    std::string graph_endpoint{};       ///< "https://graph.microsoft.com", for a dry run's URL
};

/// Both clocks differ by more than graph::clock_skew_max: then nothing expires before both say so,
/// nothing goes before both say so, and class 2 is held.
bool clocks_disagree(const Circumstances& circumstances) noexcept;

/// The earlier and the later of both clocks where they disagree, else this machine's.
UtcTime earliest_now(const Circumstances& circumstances) noexcept;
UtcTime latest_now(const Circumstances& circumstances) noexcept;

/// One guard's answer, as a dry run shows it.
struct Guard {
    std::string_view name;  ///< "expired", "not_before", …, as in the order of Ruling
    bool passes = false;
    std::string why{};
};

/// Where the job belongs by the first guard that it does not pass, in this order: expired,
/// not_before, target and expect and precondition (fresh facts only), approval, freeze, clock,
/// login, target_busy, duplicate, budget. A job whose target is busy waits for that first, whatever
/// else would hold it: a later one must not get past it meanwhile.
struct Ruling {
    State state = State::queued;  ///< queued: it may go
    std::optional<Hold> held_by{};
    std::string reason{};             ///< for people; of `queued` may be empty
    std::optional<UtcTime> due_at{};  ///< when to look again; absent: when something else changes
    /// Its targets are its own while it waits: later jobs on them are held. A job that waits for
    /// its time, for a busy target or for a person occupies nothing.
    bool occupies = false;
    std::int64_t debit = 0;             ///< Cloud PCs that its intent takes from the budgets
    std::vector<Guard> guards{};        ///< all of them, in the order above
    std::optional<UtcTime> earliest{};  ///< when it would fit the budgets; absent: now or unknown
};

/// `facts`  of a job that was approved, what its approver saw stands against facts that are not
///          fresh: the mirror may lag behind what the approval was given for
Ruling judge(store::Database& queue, const Job& job, const Plan& plan, const Facts& facts,
             const Circumstances& circumstances);

/// Puts the job where the ruling says, in one transaction: columns, targets, state. Not for a dry
/// run. Gives false when somebody else moved it meanwhile.
bool settle(store::Database& queue, const Job& job, const Plan& plan, const Facts& facts,
            const Ruling& ruling, UtcTime now);

}  // namespace cloudpcd::jobs
