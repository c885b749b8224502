#pragma once
// What a job meets: its target and the Cloud PCs it would touch, as Graph or the mirror has them.

#include "sync/core/clock.hpp"
#include "sync/jobs/estate.hpp"
#include "sync/jobs/plan.hpp"
#include "sync/jobs/targets.hpp"
#include "sync/store/database.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::jobs {

/// A Cloud PC that the request can touch.
struct CloudPcFact {
    std::string id{};
    bool present = false;
    /// userPrincipalName, status, displayName and what `expect` names; nothing else is kept.
    boost::json::object properties{};
};

struct Facts {
    /// True: read from Graph at `read_at`. False: as the mirror has it, which decides nothing that
    /// a later read could contradict.
    bool fresh = false;
    SteadyTime read_at{};
    /// Why they are not whole: a read failed, or the mirror knows nothing of the target. Then
    /// `touches` is what is known so far.
    std::optional<std::string> incomplete{};

    std::optional<boost::json::object> target{};  ///< of a kind with a target
    bool target_gone = false;                     ///< of fresh facts only
    std::string target_name{};                    ///< for people; empty: unknown

    std::vector<CloudPcFact> cloud_pcs{};
    std::vector<Target> targets{};  ///< rows of job_targets: each object touched, once
    std::int64_t touches = 0;       ///< Cloud PCs
    int risk = 0;                   ///< class 0-2, of an assign as the assignments are
    /// Groups that an assign takes the policy away from; for people.
    std::vector<std::string> removed_groups{};
};

/// More Cloud PCs than this are read by one list.
inline constexpr std::size_t facts_gets_max = 20;
/// Facts older than this are read again before a claim.
inline constexpr Duration facts_age_max = std::chrono::seconds{30};

/// From Graph. Reads what the action needs and no more; never throws for what Graph answers.
boost::asio::awaitable<Facts> read_facts(Estate& estate, Clock& clock, const Plan& plan,
                                         const Job& job);

/// From the mirror, on any connection to it.
Facts mirrored_facts(store::Database& mirror, const Plan& plan, const Job& job);

/// userPrincipalName that the mirror had of a Cloud PC at `at`; nullopt when it did not know it.
std::optional<std::string> user_at(store::Database& mirror, const std::string& cloud_pc,
                                   UtcTime at);

}  // namespace cloudpcd::jobs
