// Users who sign in by device code, as the identity platform's documentation has it.

#include "client.hpp"
#include "tests/simulator/control.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

using namespace graphsim;
using namespace graphsim::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view client_id = "66666666-7777-8888-9999-000000000000";
constexpr std::string_view all_scopes =
    "https%3A%2F%2Fgraph.microsoft.com%2FCloudPC.ReadWrite.All+offline_access+openid+profile";

json::object parsed(const Response& response)
{
    return json::parse(response.body).as_object();
}

/// "400 authorization_pending 70016", or "200".
std::string summary(const Response& response)
{
    if (response.status == 200)
        return "200";
    const auto body = parsed(response);
    const auto code = body.at("error_codes").at(0).as_int64();
    CHECK(text(body.at("error_description")).starts_with(fmt::format("AADSTS{}: ", code)));
    return fmt::format("{} {} {}", response.status, text(body.at("error")), code);
}

json::object claims(const json::object& body, std::string_view token)
{
    const auto jwt = text(body.at(token));
    auto payload = jwt.substr(jwt.find('.') + 1);
    payload.resize(payload.find('.'));
    std::string out;
    unsigned buffer = 0;
    unsigned bits = 0;
    for (const char c : payload) {
        constexpr std::string_view digits =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        buffer = (buffer << 6U) | static_cast<unsigned>(digits.find(c));
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>((buffer >> bits) & 255U);
        }
    }
    return json::parse(out).as_object();
}

struct Device : Client {
    explicit Device(TenantOptions options = {}) : Client{std::move(options)} { begin(); }

    Response post_device_code(const std::string& form)
    {
        return tenant.handle(
            {.method = "POST",
             .target = fmt::format("/{}/oauth2/v2.0/devicecode", tenant.options().tenant_id),
             .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
             .body = form});
    }
    void begin(std::string_view scopes = all_scopes)
    {
        const auto response =
            post_device_code(fmt::format("client_id={}&scope={}", client_id, scopes));
        REQUIRE(response.status == 200);
        code = parsed(response);
        user_code = text(code.at("user_code"));
    }
    Response poll(std::string_view device_code = "", std::string_view client = client_id)
    {
        return post_token(fmt::format(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id={}"
            "&device_code={}",
            client, device_code.empty() ? text(code.at("device_code")) : device_code));
    }
    Response refresh(std::string_view refresh_token, std::string_view scopes = all_scopes)
    {
        return post_token(
            fmt::format("grant_type=refresh_token&client_id={}&scope={}&refresh_token={}",
                        client_id, scopes, refresh_token));
    }
    /// The refresh token of a user who has signed in.
    std::string signed_in()
    {
        REQUIRE(tenant.approve_sign_in(user_code));
        const auto response = poll();
        REQUIRE(response.status == 200);
        return text(parsed(response).at("refresh_token"));
    }

    json::object code;
    std::string user_code;
};

}  // namespace

TEST_CASE("user sign in: a code says where to go and how long it lives")
{
    Device device;
    CHECK(device.code.at("expires_in") == 900);
    CHECK(device.code.at("interval") == 5);
    CHECK(text(device.code.at("verification_uri")).ends_with("/devicelogin"));
    const auto message = text(device.code.at("message"));
    CHECK(message.find(device.user_code) != std::string::npos);
    CHECK(device.user_code.size() == 9);
    CHECK(summary(device.post_device_code("client_id=other&scope=x")) ==
          "400 unauthorized_client 700016");
    CHECK(summary(device.post_device_code(fmt::format("client_id={}", client_id))) ==
          "400 invalid_request 900144");
}

TEST_CASE("user sign in: polls wait for the user, and a code serves once")
{
    Device device;
    CHECK(summary(device.poll()) == "400 authorization_pending 70016");
    CHECK(summary(device.poll("another")) == "400 bad_verification_code 70018");
    CHECK(summary(device.poll("", "another")) == "400 unauthorized_client 700016");
    CHECK_FALSE(device.tenant.approve_sign_in("WRONG"));
    CHECK_FALSE(device.tenant.approve_sign_in(device.user_code, "nobody@contoso.com"));
    CHECK(device.tenant.approve_sign_in(device.user_code));
    CHECK_FALSE(device.tenant.approve_sign_in(device.user_code));
    CHECK(summary(device.poll()) == "200");
    CHECK(summary(device.poll()) == "400 bad_verification_code 70018");
}

TEST_CASE("user sign in: a decline and an end are told")
{
    Device device;
    CHECK(device.tenant.decline_sign_in(device.user_code));
    CHECK(summary(device.poll()) == "400 authorization_declined 65004");
    device.begin();
    device.advance(899s);
    CHECK(summary(device.poll()) == "400 authorization_pending 70016");
    device.advance(1s);
    CHECK(summary(device.poll()) == "400 expired_token 70020");
    CHECK_FALSE(device.tenant.approve_sign_in(device.user_code));
}

TEST_CASE("user sign in: who polls too often is told to slow down, where that is wanted")
{
    Device device{{.device_code_slow_down = true}};
    CHECK(summary(device.poll()) == "400 authorization_pending 70016");
    device.advance(4s);
    CHECK(summary(device.poll()) == "400 slow_down 70016");
    device.advance(5s);
    CHECK(summary(device.poll()) == "400 authorization_pending 70016");
}

TEST_CASE("user sign in: the tokens say who signed in, and what for")
{
    Device device;
    const auto users = device.tenant.objects("users");
    REQUIRE(users.size() > 3);
    const auto user = json::parse(users[3].text).as_object();
    REQUIRE(device.tenant.approve_sign_in(device.user_code, text(user.at("userPrincipalName"))));
    const auto body = parsed(device.poll());
    const auto access = claims(body, "access_token");
    CHECK(access.at("aud") == "https://graph.microsoft.com");
    CHECK(access.at("scp") == "CloudPC.ReadWrite.All openid profile");
    CHECK(access.at("idtyp") == "user");
    CHECK(access.at("upn") == user.at("userPrincipalName"));
    CHECK(text(access.at("oid")) == users[3].id);
    CHECK(text(access.at("tid")) == device.tenant.options().tenant_id);
    CHECK_FALSE(access.contains("roles"));
    const auto identity = claims(body, "id_token");
    CHECK(text(identity.at("aud")) == client_id);
    CHECK(identity.at("preferred_username") == user.at("userPrincipalName"));
    CHECK(text(identity.at("oid")) == users[3].id);

    device.token = text(body.at("access_token"));
    CHECK(device.get("cloudPCs").status == 200);
}

TEST_CASE("user sign in: without offline_access there is no refresh token")
{
    Device device;
    device.begin("https%3A%2F%2Fgraph.microsoft.com%2FCloudPC.Read.All");
    REQUIRE(device.tenant.approve_sign_in(device.user_code));
    const auto body = parsed(device.poll());
    CHECK_FALSE(body.contains("refresh_token"));
    CHECK_FALSE(body.contains("id_token"));
    device.token = text(body.at("access_token"));
    CHECK(device.get("cloudPCs").status == 200);
    CHECK(device.get("provisioningPolicies").status == 200);
}

TEST_CASE("user sign in: each refresh brings a new refresh token, and the old one stays good")
{
    Device device;
    const auto first = device.signed_in();
    const auto answer = device.refresh(first);
    REQUIRE(answer.status == 200);
    const auto second = text(parsed(answer).at("refresh_token"));
    CHECK(second != first);
    CHECK(summary(device.refresh(second)) == "200");
    CHECK(summary(device.refresh(first)) == "200");
    CHECK(summary(device.refresh("1.forged")) == "400 invalid_grant 9002313");
    device.advance(24h * 90 + 1s);
    CHECK(summary(device.refresh(second)) == "400 invalid_grant 700082");
}

TEST_CASE("user sign in: revoked sign-ins end, later ones do not")
{
    Device device;
    const auto old = device.signed_in();
    device.tenant.revoke_sign_ins();
    CHECK(summary(device.refresh(old)) == "400 invalid_grant 50173");
    device.advance(1s);
    device.begin();
    CHECK(summary(device.refresh(device.signed_in())) == "200");
}

TEST_CASE("user sign in: policies refuse polls and refreshes alike")
{
    Device device;
    const auto token = device.signed_in();
    device.begin();
    REQUIRE(device.tenant.approve_sign_in(device.user_code));
    const auto both = [&] {
        const auto answer = summary(device.poll());
        CHECK(summary(device.refresh(token)) == answer);
        return answer;
    };
    device.tenant.set_sign_in_policy(SignInPolicy::block);
    CHECK(both() == "400 invalid_grant 53003");
    device.tenant.set_sign_in_policy(SignInPolicy::require_mfa);
    CHECK(both() == "400 invalid_grant 50076");
    device.tenant.set_sign_in_policy(SignInPolicy::require_consent);
    CHECK(both() == "400 invalid_grant 65001");
    CHECK(parsed(device.poll()).at("suberror") == "consent_required");
    device.tenant.set_public_client_flows(false);
    CHECK(both() == "401 invalid_client 7000218");
    device.tenant.set_public_client_flows(true);
    device.tenant.set_sign_in_policy(SignInPolicy::admit);
    CHECK(both() == "200");
}

TEST_CASE("user sign in: the application of users may be another one")
{
    Client client{{.public_client_id = "77777777-0000-0000-0000-000000000000"}};
    const auto begin = [&](std::string_view id) {
        return client.tenant
            .handle({.method = "POST",
                     .target = fmt::format("/{}/oauth2/v2.0/devicecode",
                                           client.tenant.options().tenant_id),
                     .body = fmt::format("client_id={}&scope=openid", id)})
            .status;
    };
    CHECK(begin(client_id) == 400);
    CHECK(begin("77777777-0000-0000-0000-000000000000") == 200);
}

TEST_CASE("user sign in: by the page and by the controls")
{
    Device device;
    const auto page = [&](const std::string& form) {
        return device.tenant.handle({.method = "POST", .target = "/devicelogin", .body = form});
    };
    CHECK(device.tenant.handle({.target = "/devicelogin"}).body.find("<form") != std::string::npos);
    CHECK(page("code=WRONG&user=&answer=approve").status == 400);
    CHECK(page(fmt::format("code={}&user=&answer=approve", device.user_code)).status == 200);
    CHECK(summary(device.poll()) == "200");
    device.begin();
    CHECK(page(fmt::format("code={}&answer=decline", device.user_code)).status == 200);
    CHECK(summary(device.poll()) == "400 authorization_declined 65004");

    const auto order = [&](const std::string& body) {
        return control(device.tenant, {.method = "POST", .target = "/sim/sign-in", .body = body},
                       {})
            .status;
    };
    device.begin();
    CHECK(order(R"({"approve":"WRONG"})") == 404);
    CHECK(order(R"({"policy":"nonsense"})") == 400);
    CHECK(order("{}") == 400);
    CHECK(order(fmt::format(R"({{"approve":"{}"}})", device.user_code)) == 200);
    CHECK(order(R"({"policy":"block"})") == 200);
    CHECK(summary(device.poll()) == "400 invalid_grant 53003");
    CHECK(order(R"({"public_client_flows":false})") == 200);
    CHECK(summary(device.poll()) == "401 invalid_client 7000218");
    CHECK(order(R"({"revoke":true})") == 200);
    const auto list =
        json::parse(control(device.tenant, {.target = "/sim/sign-in"}, {}).body).as_array();
    CHECK(std::ranges::any_of(list, [&](const auto& one) {
        return text(one.at("user_code")) == device.user_code && one.at("state") == "approved";
    }));
}
