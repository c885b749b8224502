#pragma once
// Bulk actions: one request, an action on each of many Cloud PCs, and a summary that fills up.

#include "tests/simulator/cloud_pc_machine.hpp"
#include "tests/simulator/write_context.hpp"

#include <map>
#include <string>

namespace graphsim {

class BulkActions {
public:
    BulkActions(WriteContext& context, CloudPcMachine& machine)
        : x_context{&context}, x_machine{&machine}
    {}

    WriteResult create(const WriteCall& call);
    WriteResult retry(const WriteCall& call);

private:
    enum class Part { pending, in_progress, succeeded, failed, not_supported };
    using Parts = std::map<std::string, Part, std::less<>>;

    void start(const std::string& id, const std::string& cloud_pc, TimePoint now);
    void set_part(const std::string& id, const std::string& cloud_pc, Part part);

    WriteContext* x_context;
    CloudPcMachine* x_machine;
    std::map<std::string, Parts, std::less<>> x_parts;  ///< by id of the bulk action
};

}  // namespace graphsim
