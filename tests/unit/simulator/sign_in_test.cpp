// Assertions and the metadata service as Entra's documentation has them. The JWTs are made here,
// with OpenSSL, claim by claim.

#include "client.hpp"
#include "tests/simulator/certificates.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <memory>

using namespace graphsim;
using namespace graphsim::test;

namespace {

constexpr std::chrono::sys_seconds start{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

struct Signer {
    explicit Signer(ClientIdentityOptions options = {})
    {
        options.now = start;
        identity = make_client_identity(options);
        const std::unique_ptr<BIO, decltype(&BIO_free)> in{
            BIO_new_mem_buf(identity.certificate.data(),
                            static_cast<int>(identity.certificate.size())),
            &BIO_free};
        const std::unique_ptr<X509, decltype(&X509_free)> certificate{
            PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), &X509_free};
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned int size = 0;
        X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size);
        const auto thumbprint = base64url({reinterpret_cast<const char*>(digest.data()), size});
        header = {{"alg", "PS256"}, {"typ", "JWT"}, {"x5t#S256", thumbprint}};
        const auto now = start.time_since_epoch().count();
        const std::string client_id = TenantOptions{}.client_id;
        payload = {{"aud", fmt::format("https://login.microsoftonline.com/{}/oauth2/v2.0/token",
                                       TenantOptions{}.tenant_id)},
                   {"iss", client_id},
                   {"sub", client_id},
                   {"jti", "jti-1"},
                   {"nbf", now},
                   {"exp", now + 600}};
    }

    std::string assertion() const
    {
        const auto text =
            base64url(json::serialize(header)) + '.' + base64url(json::serialize(payload));
        return text + '.' + base64url(sign(text, header.at("alg") == "PS256"));
    }

    std::string sign(const std::string& text, bool pss) const
    {
        const std::unique_ptr<BIO, decltype(&BIO_free)> in{
            BIO_new_mem_buf(identity.key.data(), static_cast<int>(identity.key.size())), &BIO_free};
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
            PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                              &EVP_MD_CTX_free};
        EVP_PKEY_CTX* settings = nullptr;
        REQUIRE(EVP_DigestSignInit(context.get(), &settings, EVP_sha256(), nullptr, key.get()) ==
                1);
        if (pss) {
            EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
            EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST);
        }
        std::string signature(512, '\0');
        std::size_t size = signature.size();
        REQUIRE(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                               &size, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size()) == 1);
        signature.resize(size);
        return signature;
    }

    ClientIdentity identity;
    json::object header;
    json::object payload;
};

/// "200", or status and number of the refusal.
std::string answer(
    Client& client, const std::string& assertion,
    const std::string& type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
{
    const auto response = client.post_token(
        fmt::format("grant_type=client_credentials&client_id={}&scope={}&client_assertion_type={}"
                    "&client_assertion={}",
                    client.tenant.options().client_id,
                    "https%3A%2F%2Fgraph.microsoft.com%2F.default", type, assertion));
    if (response.status == 200)
        return "200";
    const auto body = json::parse(response.body).as_object();
    const auto code = body.at("error_codes").at(0).as_int64();
    CHECK(text(body.at("error_description")).starts_with(fmt::format("AADSTS{}: ", code)));
    return fmt::format("{} {} {}", response.status, text(body.at("error")), code);
}

}  // namespace

TEST_CASE("sign in: an assertion of a registered certificate gets a token, once")
{
    Signer signer;
    Client client{
        {.client_certificates = {Signer{}.identity.certificate, signer.identity.certificate}}};
    CHECK(answer(client, signer.assertion()) == "200");
    CHECK(answer(client, signer.assertion()) == "400 invalid_request 50027");
    signer.payload["jti"] = "jti-2";
    signer.header["alg"] = "RS256";
    CHECK(answer(client, signer.assertion()) == "200");
    signer.payload["jti"] = "jti-3";
    CHECK(answer(client, signer.assertion(), "other") == "400 invalid_request 900144");
    signer.payload["aud"] = client.tenant.options().base_url + "/" +
                            client.tenant.options().tenant_id + "/oauth2/v2.0/token";
    CHECK(answer(client, signer.assertion()) == "200");
}

TEST_CASE("sign in: each fault of an assertion is refused in Entra's words")
{
    static const Signer own;  // keys take their time to make
    static const Signer other;
    Signer signer = own;
    Client client{{.client_certificates = {signer.identity.certificate}}};
    std::string expected;
    SUBCASE("another certificate")
    {
        signer.header["x5t#S256"] = other.header.at("x5t#S256");
        expected = "401 invalid_client 700027";
    }
    SUBCASE("no thumbprint")
    {
        signer.header.erase("x5t#S256");
        expected = "401 invalid_client 700027";
    }
    SUBCASE("another key")
    {
        signer.identity.key = other.identity.key;
        expected = "401 invalid_client 700027";
    }
    SUBCASE("unsigned")
    {
        signer.header["alg"] = "none";
        expected = "400 invalid_request 5002738";
    }
    SUBCASE("another audience")
    {
        signer.payload["aud"] = "https://graph.microsoft.com";
        expected = "401 invalid_client 700023";
    }
    SUBCASE("another application as issuer")
    {
        signer.payload["iss"] = "x";
        expected = "401 invalid_client 700021";
    }
    SUBCASE("another application as subject")
    {
        signer.payload["sub"] = "x";
        expected = "401 invalid_client 700021";
    }
    SUBCASE("over")
    {
        client.advance(std::chrono::seconds{900});
        expected = "401 invalid_client 700024";
    }
    SUBCASE("not yet begun")
    {
        signer.payload["nbf"] = start.time_since_epoch().count() + 301;
        expected = "401 invalid_client 700024";
    }
    SUBCASE("without end")
    {
        signer.payload.erase("exp");
        expected = "400 invalid_request 50027";
    }
    SUBCASE("without id")
    {
        signer.payload.erase("jti");
        expected = "400 invalid_request 50027";
    }
    CHECK(answer(client, signer.assertion()) == expected);
}

TEST_CASE("sign in: what is no JWT is malformed, and clocks have five minutes of grace")
{
    Signer signer;
    Client client{{.client_certificates = {signer.identity.certificate}}};
    const auto good = signer.assertion();
    for (const auto& bad : {std::string{"x"}, std::string{"a.b"}, std::string{"..."},
                            good.substr(0, good.rfind('.')), good + "*", "e30.e30." + good})
        CHECK(answer(client, bad) == "400 invalid_request 50027");
    CHECK(answer(client, good.substr(0, good.size() - 4) + "AAAA") == "401 invalid_client 700027");
    client.advance(std::chrono::seconds{899});
    CHECK(answer(client, good) == "200");
}

TEST_CASE("sign in: a certificate out of its time, or taken away, does not do")
{
    Signer signer{{.ends_in = std::chrono::seconds{60}}};
    Client client{{.client_certificates = {signer.identity.certificate}}};
    CHECK(answer(client, signer.assertion()) == "200");
    client.advance(std::chrono::seconds{61});
    signer.payload["jti"] = "jti-2";
    CHECK(answer(client, signer.assertion()) == "401 invalid_client 1000502");
    client.tenant.set_client_certificates({});
    CHECK(answer(client, signer.assertion()) == "401 invalid_client 700027");
}

TEST_CASE("sign in: tokens of the trusted issuer count word for word")
{
    const auto now = start.time_since_epoch().count();
    const auto jwt = [&](std::int64_t expires) {
        return base64url(R"({"alg":"RS256","kid":"k"})") + '.' +
               base64url(fmt::format(R"({{"iss":"https://issuer","exp":{}}})", expires)) + ".c2ln";
    };
    Client client{{.federated_tokens = {"opaque", jwt(now + 60)}}};
    CHECK(answer(client, "opaque") == "200");
    CHECK(answer(client, "opaque") == "200");
    CHECK(answer(client, jwt(now + 60)) == "200");
    CHECK(answer(client, jwt(now + 61)) == "401 invalid_client 700211");
    CHECK(answer(client, "unknown") == "400 invalid_request 50027");
    client.advance(std::chrono::seconds{60 + 300});
    CHECK(answer(client, jwt(now + 60)) == "401 invalid_client 700024");
    client.tenant.set_federated_tokens({});
    CHECK(answer(client, "opaque") == "400 invalid_request 50027");
}

TEST_CASE("sign in: the metadata service gives tokens that Graph takes")
{
    const std::string user = "aaaaaaaa-0000-0000-0000-000000000000";
    Client client{{.user_identities = {user}}};
    const auto ask = [&](const std::string& query, const Headers& headers) {
        return client.tenant.handle(
            {.target = "/metadata/identity/oauth2/token?" + query, .headers = headers});
    };
    const std::string query = "api-version=2018-02-01&resource=https%3A%2F%2Fgraph.microsoft.com";
    const Headers metadata{{"Metadata", "true"}};
    for (const auto& more : {std::string{}, "&client_id=" + user}) {
        const auto response = ask(query + more, metadata);
        REQUIRE(response.status == 200);
        const auto body = json::parse(response.body).as_object();
        CHECK(body.at("expires_in") == "3599");
        CHECK(text(body.at("expires_on")) ==
              std::to_string(start.time_since_epoch().count() + 3599));
        CHECK(body.at("resource") == "https://graph.microsoft.com");
        client.token = text(body.at("access_token"));
        CHECK(client.get("cloudPCs").status == 200);
    }
    const auto refused = [&](const std::string& asked, const Headers& headers) {
        const auto response = ask(asked, headers);
        CHECK(text(json::parse(response.body).at("error")) == "invalid_request");
        return response.status;
    };
    CHECK(refused(query, {}) == 400);
    CHECK(refused(query, {{"Metadata", "True"}}) == 400);
    CHECK(refused(query, {{"Metadata", "true"}, {"X-Forwarded-For", "10.0.0.1"}}) == 400);
    CHECK(refused(query + "&client_id=other", metadata) == 400);
    CHECK(refused("resource=x", metadata) == 400);
    CHECK(refused("api-version=2018-02-01", metadata) == 400);
    client.tenant.faults().add(faults::bare_status("metadata/identity", 410));
    CHECK(ask(query, metadata).status == 410);
    client.tenant.faults().add(faults::throttled("metadata/identity", "7"));
    const auto throttled = ask(query, metadata);
    CHECK(throttled.status == 429);
    CHECK(throttled.header("Retry-After") == "7");
    CHECK(ask(query, metadata).status == 200);
    CHECK(client.tenant.requests().count("GET", "/metadata/identity/oauth2/token") == 11);

    Client without{{.system_identity = false}};
    const auto none = without.tenant.handle(
        {.target = "/metadata/identity/oauth2/token?" + query, .headers = metadata});
    CHECK(none.status == 400);
    CHECK(none.body.find("Identity not found") != std::string::npos);
}
