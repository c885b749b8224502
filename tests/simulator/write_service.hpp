#pragma once
// Carries out the writes of Microsoft Graph: which part of the tenant does what, what is logged of
// it, and what goes on in the tenant afterwards.

#include "tests/simulator/bulk_actions.hpp"
#include "tests/simulator/cloud_pc_machine.hpp"
#include "tests/simulator/connection_writes.hpp"
#include "tests/simulator/generator.hpp"
#include "tests/simulator/image_writes.hpp"
#include "tests/simulator/policy_writes.hpp"
#include "tests/simulator/setting_writes.hpp"
#include "tests/simulator/write_context.hpp"

#include <functional>
#include <map>
#include <string_view>

namespace graphsim {

class WriteService {
public:
    /// The references have to outlive the service.
    WriteService(const Facts& facts, Store& store, const Generator& generator,
                 const WriteOptions& options, std::uint64_t seed);
    // The parts and what lies ahead refer to the context.
    WriteService(const WriteService&) = delete;
    WriteService& operator=(const WriteService&) = delete;
    ~WriteService() = default;

    /// What is due until `now` happens.
    void settle(TimePoint now) { x_context.timeline.advance(now); }

    /// Takes: `call` as it was checked against its rule
    WriteResult execute(const WriteCall& call) { return x_handlers.at(call.verb)(call); }
    /// Logs what was carried out, and lets its audit event come.
    void record(Execution execution, const Caller& caller, const std::string& name);

    ExecutionLog& log() noexcept { return x_context.log; }
    void set_next_outcome(std::string_view id, Outcome outcome)
    {
        x_context.outcomes.insert_or_assign(std::string{id}, outcome);
    }
    const CloudPcMachine& machine() const noexcept { return x_machine; }
    const PolicyWrites& policies() const noexcept { return x_policies; }
    const ConnectionWrites& connections() const noexcept { return x_connections; }

private:
    using Handler = std::function<WriteResult(const WriteCall&)>;

    WriteContext x_context;
    CloudPcMachine x_machine;
    BulkActions x_bulk;
    PolicyWrites x_policies;
    ImageWrites x_images;
    ConnectionWrites x_connections;
    SettingWrites x_settings;
    std::map<std::string_view, Handler, std::less<>> x_handlers;
};

}  // namespace graphsim
