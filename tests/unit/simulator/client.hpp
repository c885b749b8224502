#pragma once
// A small client of a Tenant in memory, with a clock that stands still until it is moved.

#include "tests/simulator/tenant.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace graphsim::test {

namespace json = boost::json;

inline constexpr std::string_view endpoint = "/deviceManagement/virtualEndpoint/";

class Client {
public:
    explicit Client(TenantOptions options = {})
        : tenant{(options.now = [clock = x_clock] { return *clock; }, std::move(options))}
    {
        sign_in();
    }

    void sign_in();
    Response post_token(const std::string& form, const std::string& tenant_id = "");
    /// `what` follows `/beta/deviceManagement/virtualEndpoint/`, or is a link.
    Response get(const std::string& what, const Headers& headers = {});
    /// Link to a set, wherever it is.
    std::string at(std::string_view set) const;
    json::object read(const std::string& what, const Headers& headers = {});
    /// Items of every page.
    std::vector<json::object> list(std::string what, const Headers& headers = {});
    std::string error_code(const std::string& what);
    void advance(std::chrono::milliseconds duration) { *x_clock += duration; }

private:
    std::shared_ptr<TimePoint> x_clock =
        std::make_shared<TimePoint>(std::chrono::sys_days{std::chrono::year{2026} / 3 / 1});

public:
    Tenant tenant;
    Version version = Version::beta;
    std::string token;
};

inline const Headers prefer{{"Prefer", "include-unknown-enum-members"}};

std::string text(const json::value& value);
std::vector<std::string> ids(const std::vector<json::object>& items);
std::vector<std::string> names(const json::object& object);

}  // namespace graphsim::test
