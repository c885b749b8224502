#include "tests/simulator/execution_log.hpp"

#include <set>

namespace graphsim {

namespace {

template <class Counts>
std::size_t count_in(const Counts& counts, const auto& key)
{
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
}

std::pair<std::string, std::string> pair_of(std::string_view first, std::string_view second)
{
    return {std::string{first}, std::string{second}};
}

}  // namespace

const Execution& ExecutionLog::add(Execution execution)
{
    execution.number = ++x_total;
    execution.answered_status = execution.status;
    ++x_by_verb[execution.verb];
    if (!execution.client_request_id.empty())
        ++x_by_request[execution.client_request_id];
    std::set<std::string> touched{execution.ids.begin(), execution.ids.end()};
    touched.insert(execution.cloud_pcs.begin(), execution.cloud_pcs.end());
    for (const auto& id : touched)
        ++x_counts[{execution.verb, id}];
    x_entries.push_back(std::move(execution));
    if (x_entries.size() > entries_max)
        x_entries.pop_front();
    return x_entries.back();
}

void ExecutionLog::set_answer(int status, Wire wire)
{
    x_entries.back().answered_status = status;
    x_entries.back().wire = wire;
}

void ExecutionLog::add_start(std::string_view action, std::string_view cloud_pc)
{
    ++x_starts[pair_of(action, cloud_pc)];
}

void ExecutionLog::clear() noexcept
{
    x_entries.clear();
    x_counts.clear();
    x_starts.clear();
    x_by_verb.clear();
    x_by_request.clear();
    x_total = 0;
}

std::size_t ExecutionLog::count(std::string_view verb) const
{
    return count_in(x_by_verb, verb);
}

std::size_t ExecutionLog::count(std::string_view verb, std::string_view id) const
{
    return count_in(x_counts, pair_of(verb, id));
}

std::size_t ExecutionLog::started(std::string_view action, std::string_view cloud_pc) const
{
    return count_in(x_starts, pair_of(action, cloud_pc));
}

std::size_t ExecutionLog::with_client_request_id(std::string_view id) const
{
    return count_in(x_by_request, id);
}

}  // namespace graphsim
