#pragma once
// What Graph's reference says of the body of each write, as data: which members it needs, which it
// does not take, which are never shown again. Paths, versions, permissions, parameters and statuses
// of actions are in the facts.

#include <string_view>
#include <vector>

namespace graphsim {

struct WriteRule {
    /// `cloudPCs/resize`, `provisioningPolicies/create`; bulk actions by their type,
    /// `bulkActions/cloudPcBulkResize`.
    std::string_view verb;
    std::vector<std::string_view> required{};   ///< members that have to be there, not null
    std::vector<std::string_view> read_only{};  ///< members that the service sets
    std::vector<std::string_view> immutable{};  ///< of an update: members set at the creation
    std::vector<std::string_view> secrets{};    ///< members that no read ever shows
    /// Of an update: 204, or 200 with the object.
    int update_status = 204;
};

/// Nothing for a write that the simulated tenant does not carry out.
const WriteRule* write_rule(std::string_view verb);
const std::vector<WriteRule>& write_rules();

}  // namespace graphsim
