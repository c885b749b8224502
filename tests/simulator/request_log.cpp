#include "tests/simulator/request_log.hpp"

namespace graphsim {

void RequestLog::add(LoggedRequest request)
{
    ++x_counts[{request.method, request.path_template}];
    ++x_total;
    x_entries.push_back(std::move(request));
    if (x_entries.size() > entries_max)
        x_entries.pop_front();
}

void RequestLog::clear() noexcept
{
    x_entries.clear();
    x_counts.clear();
    x_total = 0;
}

std::size_t RequestLog::count(const std::string& method, const std::string& path_template) const
{
    const auto found = x_counts.find({method, path_template});
    return found == x_counts.end() ? 0 : found->second;
}

}  // namespace graphsim
