#pragma once
// Every write that the tenant carried out, whatever its client was told: the oracle of what a
// client may claim. Refused requests are not here but in the RequestLog, which has all of them.

#include "tests/simulator/facts.hpp"
#include "tests/simulator/http.hpp"
#include "tests/simulator/times.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graphsim {

struct Execution {
    std::uint64_t number = 0;  ///< from 1, in the order of execution
    TimePoint time;
    /// `cloudPCs/reprovision`, `provisioningPolicies/create`, `.../update`, `.../delete`;
    /// bulk actions by their type: `bulkActions/cloudPcBulkReprovision`.
    std::string verb;
    std::string method;
    std::string target;  ///< as sent
    Version version = Version::beta;
    std::string client_request_id;  ///< header of the request; empty: it had none
    std::string request_id;
    std::string connection_id;
    std::string actor;               ///< user principal name, or the id of the application
    bool delegated = false;          ///< a user's token
    std::string body;                ///< JSON; secrets are `(secret)`
    std::string body_sha256;         ///< of the bytes sent, hexadecimal
    std::vector<std::string> ids{};  ///< the target or what was created; then what else it names
    std::vector<std::string> cloud_pcs{};  ///< that it acts upon

    int status = 0;            ///< the tenant's own
    int answered_status = 0;   ///< after faults
    Wire wire = Wire::normal;  ///< how the answer was to travel
    /// The client was sent the tenant's own answer, whole.
    bool answered() const noexcept
    {
        return status == answered_status && (wire == Wire::normal || wire == Wire::drip);
    }
};

/// Newest last. The oldest go when there are more than `entries_max`; the counts keep them.
class ExecutionLog {
public:
    static constexpr std::size_t entries_max = 100'000;
    /// By verb (of requests) or by name of the action (of starts), and id of the object.
    using Counts = std::map<std::pair<std::string, std::string>, std::size_t, std::less<>>;

    /// Gives the entry, whose answer is the tenant's own so far.
    const Execution& add(Execution execution);
    /// What became of the last entry's answer.
    void set_answer(int status, Wire wire);
    /// An action began on a Cloud PC, asked for by itself, by a bulk action, or by a policy.
    void add_start(std::string_view action, std::string_view cloud_pc);
    void clear() noexcept;

    const std::deque<Execution>& entries() const noexcept { return x_entries; }
    std::size_t total() const noexcept { return x_total; }
    /// Requests with that verb.
    std::size_t count(std::string_view verb) const;
    /// Requests with that verb that touched the object: its target, created by it, or a Cloud PC
    /// it acted upon.
    std::size_t count(std::string_view verb, std::string_view id) const;
    /// How often `reprovision`, `reboot`, `resize`... began on the Cloud PC, see
    /// machine_actions.hpp.
    std::size_t started(std::string_view action, std::string_view cloud_pc) const;
    /// Requests with that client-request-id.
    std::size_t with_client_request_id(std::string_view id) const;

    const Counts& counts() const noexcept { return x_counts; }
    const Counts& starts() const noexcept { return x_starts; }

private:
    std::deque<Execution> x_entries;
    Counts x_counts;
    Counts x_starts;
    std::map<std::string, std::size_t, std::less<>> x_by_verb;
    std::map<std::string, std::size_t, std::less<>> x_by_request;
    std::size_t x_total = 0;
};

}  // namespace graphsim
