#pragma once
// What the simulator was asked, for tests to look at.

#include "tests/simulator/http.hpp"
#include "tests/simulator/times.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace graphsim {

struct LoggedRequest {
    TimePoint time;
    std::string method;
    std::string target;
    Headers headers;  ///< the value of Authorization is `Bearer token-7`, see TokenEndpoint::name
    std::string connection_id;
    int status = 0;
    Wire wire = Wire::normal;
    std::string path_template{};  ///< `/beta/deviceManagement/virtualEndpoint/cloudPCs/{id}`
};

/// Newest last. The oldest go when there are more than `entries_max`; the counts keep them.
class RequestLog {
public:
    static constexpr std::size_t entries_max = 100'000;
    using Counts = std::map<std::pair<std::string, std::string>, std::size_t>;

    void add(LoggedRequest request);
    void clear() noexcept;

    const std::deque<LoggedRequest>& entries() const noexcept { return x_entries; }
    /// By method and path template.
    const Counts& counts() const noexcept { return x_counts; }
    std::size_t count(const std::string& method, const std::string& path_template) const;
    std::size_t total() const noexcept { return x_total; }

private:
    std::deque<LoggedRequest> x_entries;
    Counts x_counts;
    std::size_t x_total = 0;
};

}  // namespace graphsim
