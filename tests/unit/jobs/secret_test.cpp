// A secret is named, never given: neither text that comes in nor text that goes out to people has
// it.

#include "sync/jobs/request.hpp"
#include "tests/unit/jobs/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

using namespace cloudpcd;
using namespace cloudpcd::jobs;

namespace {

constexpr std::string_view canary = "hunter2-canary";

const schema::Action& password()
{
    return kind("on_premises_connection.update_ad_domain_password");
}

Request password_request()
{
    const auto params = read(password().kind, R"({"adDomainPassword":{"credential":"ad-join"}})");
    const auto request = build_request(password(), some_id, params, "job 1");
    REQUIRE(request.has_value());
    return *request;
}

Result<std::string> canary_for(std::string_view name)
{
    if (name == "ad-join")
        return std::string{canary};
    return Error{.code = Errc::configuration, .message = "no such credential"};
}

std::string sent(const schema::Action& action, const Request& request, const Credential& credential)
{
    const auto body = wire_body(action, request, credential);
    REQUIRE(body.has_value());
    return *body;
}

}  // namespace

TEST_CASE("secrets: every one of the catalog is a member of the body itself")
{
    // wire_body() looks nowhere else.
    for (const auto& action : schema::actions()) {
        const auto top = std::ranges::count(action.parameters, schema::ParameterType::secret,
                                            &schema::Parameter::type);
        CHECK_MESSAGE(schema::takes_secret(action) == (top > 0), action.kind);
    }
}

TEST_CASE("secrets: anything but a reference is rejected, without repeating it, and to be erased")
{
    for (const auto* value :
         {R"("hunter2-canary")", R"({"credential":"ad join hunter2-canary"})",
          R"({"credential":"a","value":"hunter2-canary"})", R"({"Credential":"hunter2-canary"})",
          R"(["hunter2-canary"])", R"({"credential":{"x":"hunter2-canary"}})", "5", "true"}) {
        CAPTURE(value);
        const auto result =
            read_parameters(password(), fmt::format(R"({{"adDomainPassword":{}}})", value));
        CHECK_FALSE(result.valid());
        CHECK(result.may_hold_secret);
        CHECK(result.values.empty());
        CHECK_FALSE(contains(result.describe(), canary));
        CHECK(contains(result.describe(), R"(accepted: {"credential": NAME})"));
    }
}

TEST_CASE("secrets: a literal in the wrong place is to be erased too")
{
    const auto holds = [](std::string_view name, std::string_view params) {
        const auto result = read_parameters(kind(name), params);
        CHECK_FALSE_MESSAGE(result.valid(), params);
        CHECK_FALSE(contains(result.describe(), canary));
        return result.may_hold_secret;
    };
    CHECK(holds("cloud_pc.reboot", R"({"adDomainPassword":"hunter2-canary"})"));
    CHECK(holds("cloud_pc.reboot", R"({"a":[{"ADDOMAINPASSWORD":"hunter2-canary"}]})"));
    CHECK(holds("on_premises_connection.update", R"({"adDomainPasswort":"hunter2-canary"})") ==
          false);  // a name that nothing tells from others
    CHECK(holds("on_premises_connection.update", R"({"adPassword":"hunter2-canary"})"));
    CHECK(holds(password().kind, R"({"adDomainPassword":"hunter2-canary")"));  // no JSON
    CHECK(holds("cloud_pc.reboot", R"({"adDomainPassword":"hunter2-canary")"));
    CHECK(holds(password().kind,
                R"({"adDomainPassword":"hunter2-canary","adDomainPassword":{"credential":"a"}})"));
    CHECK(holds("cloud_pc.reboot", std::string(params_bytes_max + 1, ' ')));
    CHECK_FALSE(holds("cloud_pc.reboot", R"({"force":true})"));
}

TEST_CASE("secrets: a name that the configuration lacks is rejected without repeating it")
{
    const auto known = [](std::string_view name) { return name == "ad-join"; };
    CHECK(read_parameters(password(), R"({"adDomainPassword":{"credential":"ad-join"}})", known)
              .valid());
    const auto result = read_parameters(
        password(), R"({"adDomainPassword":{"credential":"hunter2-canary"}})", known);
    CHECK_FALSE(result.valid());
    CHECK(result.may_hold_secret);
    CHECK_FALSE(contains(result.describe(), canary));
}

TEST_CASE("secrets: what is shown has the name, what is sent has the value")
{
    const auto request = password_request();
    CHECK(request.shown_body() == R"({"adDomainPassword":{"credential":"ad-join"}})");
    CHECK(sent(password(), request, canary_for) == R"({"adDomainPassword":"hunter2-canary"})");
    CHECK_FALSE(contains(request.shown_body(), canary));
}

TEST_CASE("secrets: a value is JSON whatever is in it")
{
    const auto request = password_request();
    const auto quoting = [](std::string_view) -> Result<std::string> {
        return std::string{"a\"b\\c\n\x01"};
    };
    CHECK(sent(password(), request, quoting) == R"({"adDomainPassword":"a\"b\\c\n\u0001"})");
}

TEST_CASE("secrets: a reference elsewhere in the text stays text")
{
    const auto params =
        read("on_premises_connection.update",
             R"({"displayName":"\"adDomainPassword\":{\"credential\":\"ad-join\"}",)"
             R"("adDomainPassword":{"credential":"ad-join"}})");
    const auto& update = kind("on_premises_connection.update");
    const auto request = build_request(update, some_id, params, "job 1");
    REQUIRE(request.has_value());
    CHECK(sent(update, *request, canary_for) ==
          R"({"displayName":"\"adDomainPassword\":{\"credential\":\"ad-join\"}",)"
          R"("adDomainPassword":"hunter2-canary"})");
}

TEST_CASE("secrets: without the credential nothing is built")
{
    const auto none = [](std::string_view) -> Result<std::string> {
        return Error{.code = Errc::configuration, .message = "no such credential"};
    };
    const auto body = wire_body(password(), password_request(), none);
    REQUIRE(body.has_error());
    CHECK(body.error().code == Errc::configuration);
}
