#pragma once
// Provisioning policies: their assignments decide who has a Cloud PC.

#include "tests/simulator/cloud_pc_machine.hpp"
#include "tests/simulator/write_context.hpp"

#include <map>
#include <string>

namespace graphsim {

class PolicyWrites {
public:
    PolicyWrites(WriteContext& context, CloudPcMachine& machine)
        : x_context{&context}, x_machine{&machine}
    {}

    WriteResult create(const WriteCall& call);
    WriteResult update(const WriteCall& call);
    WriteResult remove(const WriteCall& call);
    WriteResult assign(const WriteCall& call);
    WriteResult apply(const WriteCall& call);
    WriteResult retry(const WriteCall& call);

    /// What retrievePolicyApplyActionResult shows; empty: nothing was ever applied.
    boost::json::object apply_result(std::string_view id) const;

private:
    struct Apply {
        TimePoint started;
        std::size_t open = 0;
        bool failed = false;
        std::optional<TimePoint> finished{};
    };
    bool is_applied(std::string_view id) const;  ///< at the moment
    /// Ids of the policy's Cloud PCs, of one group or of all.
    std::vector<std::string> cloud_pcs(std::string_view policy, std::string_view group = "");
    void begin(const std::string& policy, std::string_view action, TimePoint now,
               const std::vector<std::string>& cloud_pcs);

    WriteContext* x_context;
    CloudPcMachine* x_machine;
    std::map<std::string, Apply, std::less<>> x_applied;
};

}  // namespace graphsim
