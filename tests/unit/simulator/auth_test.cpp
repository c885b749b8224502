#include "client.hpp"

#include <doctest/doctest.h>

using namespace graphsim;
using namespace graphsim::test;

namespace {

std::string decode_base64url(std::string_view text)
{
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    unsigned buffer = 0;
    unsigned bits = 0;
    for (const char c : text) {
        buffer = (buffer << 6U) | static_cast<unsigned>(alphabet.find(c));
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>((buffer >> bits) & 255U);
        }
    }
    return out;
}

constexpr const char* good_form =
    "grant_type=client_credentials&client_id=66666666-7777-8888-9999-000000000000"
    "&client_secret=secret&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default";

std::string changed(std::string_view from, std::string_view to)
{
    std::string form = good_form;
    return form.replace(form.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("auth: a token names tenant, application, roles and audience")
{
    Client client;
    const auto body = json::parse(client.post_token(good_form).body).as_object();
    CHECK(body.at("token_type") == "Bearer");
    CHECK(body.at("expires_in") == 3599);
    CHECK_FALSE(body.contains("refresh_in"));
    const auto token = text(body.at("access_token"));
    const auto dot = token.find('.');
    const auto payload = json::parse(
        decode_base64url(std::string_view{token}.substr(dot + 1, token.rfind('.') - dot - 1)));
    CHECK(payload.at("aud") == "https://graph.microsoft.com");
    CHECK(text(payload.at("tid")) == client.tenant.options().tenant_id);
    CHECK(text(payload.at("appid")) == client.tenant.options().client_id);
    CHECK(payload.at("roles").as_array().size() == client.tenant.options().roles.size());
    CHECK(payload.at("exp").as_int64() - payload.at("iat").as_int64() == 3599);
}

TEST_CASE("auth: long-lived tokens say when to refresh")
{
    Client client{{.token_lifetime = std::chrono::hours{24}}};
    CHECK(json::parse(client.post_token(good_form).body).at("refresh_in") == 43200);
}

TEST_CASE("auth: the token endpoint refuses in Entra's words")
{
    Client client;
    const auto refusal = [&](const std::string& form, const std::string& tenant = "") {
        const auto response = client.post_token(form, tenant);
        const auto body = json::parse(response.body).as_object();
        CHECK(body.contains("trace_id"));
        CHECK(body.contains("correlation_id"));
        CHECK(body.contains("timestamp"));
        const auto code = body.at("error_codes").at(0).as_int64();
        CHECK(
            text(body.at("error_description")).starts_with("AADSTS" + std::to_string(code) + ":"));
        return std::to_string(response.status) + " " + text(body.at("error")) + " " +
               std::to_string(code);
    };
    CHECK(refusal(good_form, "99999999-0000-0000-0000-000000000000") ==
          "400 invalid_request 90002");
    CHECK(refusal(changed("66666666", "55555555")) == "400 unauthorized_client 700016");
    CHECK(refusal(changed("client_secret=secret", "client_secret=other")) ==
          "401 invalid_client 7000215");
    CHECK(refusal(changed("client_secret=secret", "x=y")) == "401 invalid_client 7000218");
    CHECK(refusal(changed(".default", "User.Read")) == "400 invalid_scope 1002012");
    CHECK(refusal(changed("client_credentials", "password")) == "400 unsupported_grant_type 70003");
    client.tenant.set_client_secret("a+b&c=d");
    CHECK(refusal(good_form) == "401 invalid_client 7000215");
    client.sign_in();
}

TEST_CASE("auth: Graph wants a token that is valid")
{
    Client client;
    const auto answered = [&](const std::string& token) {
        client.token = token;
        const auto response = client.get("cloudPCs");
        if (response.status == 401) {
            CHECK(response.header("WWW-Authenticate").value_or("").starts_with("Bearer"));
            CHECK(text(json::parse(response.body).at("error").at("code")) ==
                  "InvalidAuthenticationToken");
        }
        return response.status;
    };
    const auto good = client.token;
    CHECK(answered(good) == 200);
    CHECK(answered("") == 401);
    CHECK(answered(good + "x") == 401);
    client.advance(std::chrono::seconds{3598});
    CHECK(answered(good) == 200);
    client.advance(std::chrono::seconds{1});
    CHECK(answered(good) == 401);
    client.sign_in();
    CHECK(answered(client.token) == 200);
    client.tenant.revoke_tokens();
    CHECK(answered(client.token) == 401);
}

TEST_CASE("auth: a missing permission is named")
{
    Client client{{.roles = {"CloudPC.ReadWrite.All"}}};
    CHECK(client.get("cloudPCs").status == 200);
    CHECK(client.error_code("cloudApps") == "403 Forbidden");
    CHECK(client.get("cloudApps").body.find("CloudPC.Read.All") != std::string::npos);
    client.tenant.set_roles({});
    CHECK(client.get("cloudPCs").status == 200);
    client.sign_in();
    CHECK(client.get("cloudPCs").status == 403);
}

TEST_CASE("auth: errors carry the ids of the request")
{
    Client client;
    const auto response = client.get("cloudPCs/none", {{"client-request-id", "mine"}});
    const auto inner = json::parse(response.body).at("error").at("innerError");
    CHECK(inner.at("client-request-id") == "mine");
    CHECK(response.header("client-request-id") == "mine");
    CHECK(response.header("request-id") == text(inner.at("request-id")));
    CHECK(response.header("Date") == "Sun, 01 Mar 2026 00:00:00 GMT");
    CHECK(response.header("x-ms-ags-diagnostic"));
}

TEST_CASE("auth: the log shows which token, and never the token")
{
    Client client;
    client.get("cloudPCs");
    client.get("cloudPCs/none");
    const auto& log = client.tenant.requests();
    REQUIRE(log.entries().size() == 3);
    const auto& entry = log.entries().back();
    CHECK(entry.status == 404);
    CHECK(entry.path_template == "/beta/deviceManagement/virtualEndpoint/cloudPCs/{id}");
    for (const auto& [name, value] : entry.headers)
        CHECK(value == "Bearer token-1");
    CHECK(log.count("GET", "/beta/deviceManagement/virtualEndpoint/cloudPCs") == 1);
    CHECK(log.count("POST", "/{tenant}/oauth2/v2.0/token") == 1);
}

TEST_CASE("auth: quotas are per class and minute")
{
    Client client{{.quota = Quota::documented()}};
    int answered = 0;
    while (client.get("cloudPCs?$top=1").status == 200)
        ++answered;
    CHECK(answered == 90);
    client.advance(std::chrono::milliseconds{500});
    const auto refused = client.get("cloudPCs?$top=1");
    CHECK(refused.status == 429);
    CHECK(refused.header("Retry-After") == "60");
    CHECK(client.get("cloudPCs/none").status == 404);
    CHECK(client.get("snapshots").status == 200);
    client.advance(std::chrono::seconds{60});
    CHECK(client.get("cloudPCs?$top=1").status == 200);
    answered = 1;
    while (client.get("cloudPCs/none").status == 404)
        ++answered;
    CHECK(answered == 271);
}
