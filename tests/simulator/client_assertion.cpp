#include "tests/simulator/client_assertion.hpp"

#include "tests/simulator/http.hpp"
#include "tests/simulator/tenant.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>

namespace graphsim {

namespace {

namespace json = boost::json;

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

/// Clocks that differ by less are one clock to Entra.
constexpr std::chrono::minutes clock_tolerance{5};
constexpr std::string_view review =
    "Review the documentation at "
    "https://learn.microsoft.com/entra/identity-platform/certificate-credentials .";

TokenRefusal invalid_client(int code, std::string description)
{
    return {401, "invalid_client", code, std::move(description)};
}

TokenRefusal malformed(std::string_view why)
{
    return {400, "invalid_request", 50027,
            fmt::format("JWT token is invalid or malformed. {}", why)};
}

std::string text_member(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : "";
}

std::optional<TimePoint> time_member(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_int64())
        return std::nullopt;
    return TimePoint{std::chrono::seconds{value->get_int64()}};
}

/// What `text` encodes; nothing for other characters.
std::optional<std::string> decode_base64url(std::string_view text)
{
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    unsigned buffer = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos)
            return std::nullopt;
        buffer = (buffer << 6U) | static_cast<unsigned>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>((buffer >> bits) & 255U);
            buffer &= (1U << bits) - 1;
        }
    }
    return out;
}

std::optional<json::object> json_part(std::string_view part)
{
    const auto text = decode_base64url(part);
    boost::system::error_code failure;
    auto value = text ? json::parse(*text, failure) : json::value{};
    if (failure || !value.is_object())
        return std::nullopt;
    return std::move(value.get_object());
}

std::string thumbprint(X509* certificate)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    X509_digest(certificate, EVP_sha256(), digest.data(), &size);
    return base64url({reinterpret_cast<const char*>(digest.data()), size});
}

Certificate read_certificate(const std::string& pem)
{
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory{
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
    return {PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr), &X509_free};
}

bool verifies(X509* certificate, std::string_view algorithm, std::string_view text,
              std::string_view signature)
{
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free};
    EVP_PKEY_CTX* settings = nullptr;
    if (EVP_DigestVerifyInit(context.get(), &settings, EVP_sha256(), nullptr,
                             X509_get0_pubkey(certificate)) != 1)
        return false;
    const bool pss = algorithm == "PS256";
    if (EVP_PKEY_CTX_set_rsa_padding(settings, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) !=
            1 ||
        (pss && EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) != 1))
        return false;
    return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                            text.size()) == 1;
}

/// True while the certificate is valid at `now`.
bool in_its_time(X509* certificate, TimePoint now)
{
    auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    return X509_cmp_time(X509_get0_notBefore(certificate), &seconds) < 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &seconds) > 0;
}

std::optional<TokenRefusal> refuse_time(const json::object& payload, TimePoint now)
{
    const auto expires = time_member(payload, "exp");
    if (!expires)
        return malformed("It has no exp claim.");
    const auto begins = time_member(payload, "nbf").value_or(TimePoint{});
    if (now + clock_tolerance >= begins && now - clock_tolerance < *expires)
        return std::nullopt;
    return invalid_client(
        700024, fmt::format("Client assertion is not within its valid time range. Current time: "
                            "{}, assertion valid from {}, expiry time of assertion {}. {}",
                            rfc3339(now), rfc3339(begins), rfc3339(*expires), review));
}

}  // namespace

struct AssertionCheck::Token {
    std::string_view signed_text;  ///< header and payload, as sent
    json::object header;
    json::object payload;
    std::string signature;
};

std::optional<TokenRefusal> AssertionCheck::refuse(std::string_view assertion,
                                                   const TenantOptions& options)
{
    const bool trusted =
        std::ranges::find(options.federated_tokens, assertion) != options.federated_tokens.end();
    const auto dot = assertion.find('.');
    const auto last = assertion.rfind('.');
    const bool three_parts =
        dot != std::string_view::npos && std::ranges::count(assertion, '.') == 2;
    auto header = three_parts ? json_part(assertion.substr(0, dot)) : std::nullopt;
    auto payload =
        three_parts ? json_part(assertion.substr(dot + 1, last - dot - 1)) : std::nullopt;
    if (trusted)  // a text that is no JWT will do: whose signature should be checked?
        return payload ? refuse_time(*payload, options.now()) : std::nullopt;
    auto signature = three_parts ? decode_base64url(assertion.substr(last + 1)) : std::nullopt;
    if (!header || !payload || !signature)
        return malformed("It does not have three parts, or one of them cannot be decoded.");
    if (!header->contains("x5t#S256") && !header->contains("x5t") && payload->contains("iss") &&
        text_member(*payload, "iss") != options.client_id)
        return invalid_client(700211, fmt::format("No matching federated identity record found for "
                                                  "presented assertion issuer '{}'.",
                                                  text_member(*payload, "iss")));
    return refuse_signed({.signed_text = assertion.substr(0, last),
                          .header = *std::move(header),
                          .payload = *std::move(payload),
                          .signature = *std::move(signature)},
                         options);
}

std::optional<TokenRefusal> AssertionCheck::refuse_signed(const Token& token,
                                                          const TenantOptions& options)
{
    const auto now = options.now();
    const auto algorithm = text_member(token.header, "alg");
    if (algorithm != "PS256" && algorithm != "RS256")
        return TokenRefusal{400, "invalid_request", 5002738,
                            fmt::format("Invalid JWT token. '{}' is not a supported signature "
                                        "algorithm. Supported signing algorithms are: 'RS256, "
                                        "PS256'",
                                        algorithm)};
    const auto key = text_member(token.header, "x5t#S256");
    Certificate certificate{nullptr, &X509_free};
    for (const auto& pem : options.client_certificates) {
        auto registered = read_certificate(pem);
        if (registered && thumbprint(registered.get()) == key)
            certificate = std::move(registered);
    }
    if (!certificate)
        return invalid_client(
            700027, fmt::format("The certificate with identifier used to sign the client assertion "
                                "is not registered on application. [Reason - The key was not "
                                "found., Thumbprint of key used by client: '{}'] {}",
                                key, review));
    if (!verifies(certificate.get(), algorithm, token.signed_text, token.signature))
        return invalid_client(
            700027, fmt::format("Client assertion failed signature validation. {}", review));
    if (!in_its_time(certificate.get(), now))
        return invalid_client(1000502,
                              "The provided certificate is not within its specified validity "
                              "window.");
    const auto path = fmt::format("/{}/oauth2/v2.0/token", options.tenant_id);
    const auto audience = text_member(token.payload, "aud");
    if (audience != options.base_url + path &&
        audience != "https://login.microsoftonline.com" + path)
        return invalid_client(700023,
                              "Client assertion audience claim does not match Realm "
                              "issuer.");
    if (!equal_without_case(text_member(token.payload, "iss"), options.client_id) ||
        !equal_without_case(text_member(token.payload, "sub"), options.client_id))
        return invalid_client(700021,
                              "Client assertion application identifier doesn't match "
                              "'client_id' parameter.");
    if (auto refusal = refuse_time(token.payload, now))
        return refusal;
    std::erase_if(x_seen, [&](const auto& entry) { return entry.second < now; });
    const auto id = text_member(token.payload, "jti");
    if (id.empty())
        return malformed("It has no jti claim.");
    const auto until = time_member(token.payload, "exp").value_or(now) + clock_tolerance;
    if (!x_seen.emplace(id, until).second)
        return malformed("An assertion with this jti was used before.");
    return std::nullopt;
}

}  // namespace graphsim
