#pragma once
// What follows from an action and the objects that its job meets, whoever read them: Graph or the
// mirror. Internal to facts.cpp and facts_mirror.cpp.

#include "sync/jobs/facts.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

/// The Cloud PCs that the request reaches, as far as the job and its target say.
struct Reach {
    enum class By {
        nothing,
        ids,      ///< those in `ids`
        policy,   ///< those whose provisioningPolicyId is the target
        unknown,  ///< of a retry whose bulk action is not known, or does not say
    };
    By by = By::nothing;
    std::vector<std::string> ids{};  ///< each once
};

/// `target`: as it was read; nullopt when it could not be, or the kind has none.
Reach reach_of(const Plan& plan, const Job& job, const std::optional<boost::json::object>& target);

/// Whether a Cloud PC, as Graph sends it, belongs to the policy.
bool is_of_policy(const boost::json::object& cloud_pc, std::string_view policy_id);

/// What is kept of a Cloud PC: id, what guards compare, what people know it by, what `expect`
/// names. Fit for Estate::objects().
boost::json::object kept_of_cloud_pc(const Plan& plan, const boost::json::object& cloud_pc);

/// `found`: null when there is none of that id.
CloudPcFact cloud_pc_fact(const Plan& plan, std::string_view id, const boost::json::object* found);

/// The member behind a dotted name ("statusDetail.code"); null when there is none.
const boost::json::value* member_at(const boost::json::object& object, std::string_view name);

/// Fills what follows from `target` and `cloud_pcs`: target_name, targets, touches, risk and
/// removed_groups. A class that the target would decide is 2 as long as it is not known.
void conclude_facts(Facts& facts, const Plan& plan, const Job& job);

}  // namespace cloudpcd::jobs
