#pragma once
// From "may go" to "is on its way": one transaction re-checks everything and writes the intent.

#include "sync/jobs/attempts.hpp"
#include "sync/jobs/guards.hpp"

#include <optional>
#include <string>

namespace cloudpcd::jobs {

struct Sender {
    std::string client_request_id{};  ///< fresh
    std::string acted_as{};           ///< "application", or the signed-in user
    std::string boot_id{};
};

/// Judges a queued job by fresh facts. When it may go, writes attempt, targets, debit and
/// `sending`; else puts it where it belongs. The facts are at most facts_age_max old.
///
/// Gives: the attempt that may now be sent, once; nullopt: the job went another way
std::optional<Attempt> claim(store::Database& queue, JobId job, const Plan& plan,
                             const Facts& facts, const Circumstances& circumstances,
                             const Sender& sender);

}  // namespace cloudpcd::jobs
