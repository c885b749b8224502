#pragma once
// Azure network connections and their health checks.

#include "tests/simulator/write_context.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace graphsim {

class ConnectionWrites {
public:
    explicit ConnectionWrites(WriteContext& context) : x_context{&context} {}

    WriteResult create(const WriteCall& call);
    WriteResult update(const WriteCall& call);
    WriteResult remove(const WriteCall& call);
    WriteResult update_password(const WriteCall& call);
    WriteResult run_checks(const WriteCall& call);

    /// What was set last; no read shows it.
    std::optional<std::string> password(std::string_view id) const;

private:
    bool in_use(std::string_view id, const boost::json::object& connection);
    void check(const std::string& id, TimePoint now);
    void show(const std::string& id, std::string_view status, TimePoint now);

    WriteContext* x_context;
    std::map<std::string, std::string, std::less<>> x_passwords;
    std::map<std::string, std::uint64_t, std::less<>> x_runs;  ///< the last one counts
};

}  // namespace graphsim
