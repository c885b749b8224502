// Reading of certificates, and assertions held against an implementation that is not ours: that of
// the simulated tenant.

#include "sync/graph/certificate.hpp"

#include "sync/graph/base64.hpp"
#include "tests/simulator/certificates.hpp"
#include "tests/simulator/client_assertion.hpp"
#include "tests/simulator/tenant.hpp"
#include "tests/unit/graph/fixture.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

using namespace cloudpcd;
using namespace cloudpcd::graph;
using namespace std::chrono_literals;

namespace {

constexpr auto epoch = test::VirtualClock::epoch;
const auto epoch_seconds = std::chrono::floor<std::chrono::seconds>(epoch);

graphsim::ClientIdentity identity(graphsim::ClientIdentityOptions options = {})
{
    options.now = epoch_seconds;
    return graphsim::make_client_identity(options);
}

ClientCertificate read(const graphsim::ClientIdentity& from)
{
    return test::value_of(ClientCertificate::parse(from.key + from.certificate));
}

std::string refusal_of(const std::string& pem)
{
    const auto read = ClientCertificate::parse(pem);
    REQUIRE(read.has_error());
    CHECK(read.error().code == Errc::configuration);
    return read.error().message;
}

/// The same key under a passphrase.
std::string encrypted(const std::string& key_pem)
{
    using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;
    const Memory in{BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())), &BIO_free};
    const Memory out{BIO_new(BIO_s_mem()), &BIO_free};
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
        PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
    constexpr unsigned char passphrase[] = "passphrase";
    REQUIRE(PEM_write_bio_PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), passphrase,
                                     sizeof passphrase - 1, nullptr, nullptr) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

AssertionClaims claims(UtcTime now)
{
    return {.audience = "https://login.example/tenant/oauth2/v2.0/token",
            .client_id = "app",
            .id = "jti-1",
            .now = now};
}

graphsim::TenantOptions tenant(const std::vector<std::string>& certificates, UtcTime now = epoch)
{
    return {.tenant_id = "tenant",
            .client_id = "app",
            .client_certificates = certificates,
            .base_url = "https://login.example",
            .now = [now] { return now; }};
}

}  // namespace

TEST_CASE("certificate: key and certificate in any order, and a chain around them")
{
    const auto own = identity();
    const auto other = identity();
    const auto thumbprint = read(own).thumbprint();
    CHECK(thumbprint.size() == 43);
    CHECK(thumbprint.find_first_of("+/=") == std::string::npos);
    for (const auto& pem :
         {own.certificate + own.key, other.certificate + own.key + own.certificate,
          "a comment\n" + own.certificate + other.certificate + own.key}) {
        const auto certificate = ClientCertificate::parse(pem);
        REQUIRE(certificate.has_value());
        CHECK(certificate->thumbprint() == thumbprint);
        CHECK(certificate->not_after() == epoch_seconds + 90 * 24h);
        CHECK(certificate->not_before() == epoch_seconds - 1h);
    }
}

TEST_CASE("certificate: what cannot be used is said, and the key is not")
{
    const auto own = identity();
    const auto short_key = identity({.rsa_bits = 1024});
    const auto curve = identity({.rsa_bits = 0});
    CHECK(refusal_of("") == "no private key (PEM) in it");
    CHECK(refusal_of(own.certificate) == "no private key (PEM) in it");
    CHECK(refusal_of(own.key) == "no certificate (PEM) in it");
    CHECK(refusal_of(identity().certificate + own.key) ==
          "its private key does not belong to the certificate");
    CHECK(refusal_of(short_key.certificate + short_key.key) ==
          "its RSA key is shorter than 2048 bits");
    CHECK(refusal_of(curve.certificate + curve.key) == "its private key is no RSA key");
    CHECK(refusal_of(own.certificate + encrypted(own.key)) ==
          "its private key is encrypted; give it without a passphrase");
    CHECK(refusal_of(own.certificate + own.key.substr(0, own.key.size() / 2)) ==
          "no private key (PEM) in it");
}

TEST_CASE("certificate: its end is announced for thirty days")
{
    const auto at = [&](std::chrono::seconds ends_in) {
        const auto certificate = read(identity({.ends_in = ends_in}));
        return expiry_notice(certificate, epoch).value_or("");
    };
    CHECK(at(31 * 24h).empty());
    CHECK(at(30 * 24h).empty());
    CHECK(at(30 * 24h - 1s) ==
          "the certificate expires at 2026-01-30 23:59 UTC, in 29 days; give the application a new "
          "one");
    CHECK(at(0s).find("in 0 days") != std::string::npos);
    CHECK(at(-1s).find("the certificate expired at 2025-12-31 23:59 UTC") == 0);
    CHECK_FALSE(expired(read(identity({.ends_in = 0s})), epoch));
    CHECK(expired(read(identity({.ends_in = 0s})), epoch + 1ms));
    CHECK(expiry_notice(read(identity({.begins_in = 1h})), epoch)
              .value_or("")
              .find("is not valid before 2026-01-01 01:00 UTC") != std::string::npos);
}

TEST_CASE("certificate: the assertion is the documented one")
{
    const auto own = identity();
    const auto certificate = read(own);
    for (const auto algorithm : {AssertionAlgorithm::ps256, AssertionAlgorithm::rs256}) {
        const auto assertion =
            test::value_of(sign_assertion(certificate, algorithm, claims(epoch)));
        const auto dot = assertion.find('.');
        const auto last = assertion.rfind('.');
        const auto header =
            boost::json::parse(base64_decode(assertion.substr(0, dot)).value()).as_object();
        const auto payload =
            boost::json::parse(base64_decode(assertion.substr(dot + 1, last - dot - 1)).value())
                .as_object();
        CHECK(header.at("alg") == (algorithm == AssertionAlgorithm::ps256 ? "PS256" : "RS256"));
        CHECK(header.at("typ") == "JWT");
        CHECK(header.at("x5t#S256").as_string() == certificate.thumbprint());
        CHECK(header.size() == 3);
        CHECK(payload.at("aud") == "https://login.example/tenant/oauth2/v2.0/token");
        CHECK(payload.at("iss") == "app");
        CHECK(payload.at("sub") == "app");
        CHECK(payload.at("jti") == "jti-1");
        const auto now = epoch_seconds.time_since_epoch().count();
        CHECK(payload.at("iat").as_int64() == now);
        CHECK(payload.at("nbf").as_int64() < now);
        CHECK(payload.at("exp").as_int64() > now + 300);
        CHECK(payload.at("exp").as_int64() - payload.at("nbf").as_int64() <= 600);

        graphsim::AssertionCheck check;
        const auto refused = check.refuse(assertion, tenant({own.certificate}));
        CHECK_FALSE(refused);
        CHECK(check.refuse(assertion, tenant({own.certificate}))->code == 50027);  // replayed
        CHECK(check.refuse(assertion, tenant({identity().certificate}))->code == 700027);
        const auto other_algorithm = algorithm == AssertionAlgorithm::ps256 ? "RS256" : "PS256";
        const auto forged =
            base64url_encode(fmt::format(R"({{"alg":"{}","x5t#S256":"{}"}})", other_algorithm,
                                         certificate.thumbprint())) +
            assertion.substr(dot);
        CHECK(check.refuse(forged, tenant({own.certificate}))->code == 700027);
    }
}

TEST_CASE("certificate: the assertion bears clocks that differ a little in both directions")
{
    const auto own = identity();
    const auto certificate = read(own);
    int number = 0;
    for (const auto& [skew, accepted] : std::vector<std::pair<Duration, bool>>{
             {0s, true}, {6min, true}, {-6min, true}, {20min, false}, {-20min, false}}) {
        auto said = claims(epoch + skew);
        said.id = fmt::format("jti-{}", ++number);
        const auto assertion =
            test::value_of(sign_assertion(certificate, AssertionAlgorithm::ps256, said));
        graphsim::AssertionCheck check;
        const auto refused = check.refuse(assertion, tenant({own.certificate}));
        CHECK(refused.has_value() != accepted);
        CHECK((!refused || refused->code == 700024));
    }
}

TEST_CASE("base64: encodes what it decodes, in both alphabets")
{
    CHECK(base64_encode("user:pass") == "dXNlcjpwYXNz");
    CHECK(base64_encode("a") == "YQ==");
    CHECK(base64_encode("\xFB\xFF") == "+/8=");
    CHECK(base64url_encode("\xFB\xFF") == "-_8");
    CHECK(base64url_encode("") == "");
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        CHECK(base64_decode(base64_encode(bytes)) == bytes);
        CHECK(base64_decode(base64url_encode(bytes)) == bytes);
        bytes += static_cast<char>(i * 7);
    }
}
