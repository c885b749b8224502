#include "sync/graph/certificate.hpp"

#include "sync/graph/base64.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <utility>

namespace cloudpcd::graph {

namespace {

using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

/// Chains are short; what goes on for longer is none.
constexpr int certificates_max = 32;

Error unusable(std::string_view why)
{
    ERR_clear_error();  // else the next user of OpenSSL on this thread finds our failure
    return {.code = Errc::configuration, .message = std::string{why}};
}

Memory reader_of(std::string_view text)
{
    return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

/// OpenSSL asks for a passphrase at the terminal unless it gets an answer.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked)
{
    *static_cast<bool*>(asked) = true;
    return -1;
}

std::optional<UtcTime> time_of(const ASN1_TIME* time)
{
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return std::nullopt;
    const std::chrono::year_month_day day{
        std::chrono::year{parts.tm_year + 1900},
        std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
        std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
    return std::chrono::sys_days{day} + std::chrono::hours{parts.tm_hour} +
           std::chrono::minutes{parts.tm_min} + std::chrono::seconds{parts.tm_sec};
}

/// The certificate of `key` among those of `pem`; `any` tells whether there was one at all.
Certificate certificate_of(EVP_PKEY* key, std::string_view pem, bool& any)
{
    const auto memory = reader_of(pem);
    for (int i = 0; i < certificates_max; ++i) {
        Certificate found{PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr), &X509_free};
        if (!found)
            break;
        any = true;
        if (X509_check_private_key(found.get(), key) == 1)
            return found;
    }
    return {nullptr, &X509_free};
}

std::string_view bytes(const unsigned char* data, std::size_t size)
{
    return {reinterpret_cast<const char*>(data), size};
}

std::string minute_text(UtcTime time)
{
    return format_sql_time(time).substr(0, std::string_view{"2026-03-01 08:00"}.size()) + " UTC";
}

std::int64_t epoch_seconds(UtcTime time)
{
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string_view name_of(AssertionAlgorithm algorithm)
{
    return algorithm == AssertionAlgorithm::ps256 ? "PS256" : "RS256";
}

}  // namespace

void ClientCertificate::FreeKey::operator()(evp_pkey_st* key) const noexcept
{
    EVP_PKEY_free(key);  // OpenSSL wipes private numbers when it frees them
}

Result<ClientCertificate> ClientCertificate::parse(std::string_view pem)
{
    bool encrypted = false;
    const auto memory = reader_of(pem);
    ClientCertificate made;
    made.x_key.reset(PEM_read_bio_PrivateKey(memory.get(), nullptr, &no_passphrase, &encrypted));
    if (encrypted)
        return unusable("its private key is encrypted; give it without a passphrase");
    if (!made.x_key)
        return unusable("no private key (PEM) in it");
    if (EVP_PKEY_get_base_id(made.x_key.get()) != EVP_PKEY_RSA)
        return unusable("its private key is no RSA key");
    if (EVP_PKEY_get_bits(made.x_key.get()) < rsa_bits_min)
        return unusable(fmt::format("its RSA key is shorter than {} bits", rsa_bits_min));
    bool any = false;
    const auto certificate = certificate_of(made.x_key.get(), pem, any);
    if (!certificate)
        return unusable(any ? "its private key does not belong to the certificate"
                            : "no certificate (PEM) in it");
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const auto from = time_of(X509_get0_notBefore(certificate.get()));
    const auto to = time_of(X509_get0_notAfter(certificate.get()));
    if (!from || !to || X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1)
        return unusable("its certificate cannot be read");
    ERR_clear_error();  // the end of the text is an error to OpenSSL
    made.x_thumbprint = base64url_encode(bytes(digest.data(), size));
    made.x_not_before = *from;
    made.x_not_after = *to;
    return made;
}

Result<std::string> ClientCertificate::sign(std::string_view text,
                                            AssertionAlgorithm algorithm) const
{
    const DigestContext context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    EVP_PKEY_CTX* settings = nullptr;  // the context's
    if (!context ||
        EVP_DigestSignInit(context.get(), &settings, EVP_sha256(), nullptr, x_key.get()) != 1)
        return unusable("its private key cannot sign");
    if (algorithm == AssertionAlgorithm::ps256 &&
        (EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) != 1 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) != 1))
        return unusable("its private key cannot sign PS256");
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    if (EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) != 1)
        return unusable("its private key cannot sign");
    std::string signature(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       data, text.size()) != 1)
        return unusable("its private key cannot sign");
    signature.resize(size);
    return signature;
}

std::optional<std::string> expired(const ClientCertificate& certificate, UtcTime now)
{
    if (now <= certificate.not_after())
        return std::nullopt;
    return fmt::format("the certificate expired at {}; give the application a new one",
                       minute_text(certificate.not_after()));
}

std::optional<std::string> expiry_notice(const ClientCertificate& certificate, UtcTime now)
{
    if (auto problem = expired(certificate, now))
        return problem;
    if (now < certificate.not_before())
        return fmt::format("the certificate is not valid before {}; check it and the local clock",
                           minute_text(certificate.not_before()));
    const auto left = certificate.not_after() - now;
    if (left >= certificate_notice_span)
        return std::nullopt;
    return fmt::format("the certificate expires at {}, in {} days; give the application a new one",
                       minute_text(certificate.not_after()),
                       std::chrono::floor<std::chrono::days>(left).count());
}

Result<std::string> sign_assertion(const ClientCertificate& certificate,
                                   AssertionAlgorithm algorithm, const AssertionClaims& claims)
{
    const auto begins = epoch_seconds(claims.now - assertion_backdated);
    const auto life = std::chrono::duration_cast<std::chrono::seconds>(assertion_life).count();
    const boost::json::object header{
        {"alg", name_of(algorithm)}, {"typ", "JWT"}, {"x5t#S256", certificate.thumbprint()}};
    const boost::json::object payload{{"aud", claims.audience},  {"iss", claims.client_id},
                                      {"sub", claims.client_id}, {"jti", claims.id},
                                      {"nbf", begins},           {"iat", epoch_seconds(claims.now)},
                                      {"exp", begins + life}};
    auto assertion = base64url_encode(boost::json::serialize(header)) + '.' +
                     base64url_encode(boost::json::serialize(payload));
    auto signature = certificate.sign(assertion, algorithm);
    if (!signature)
        return std::move(signature).error();
    assertion += '.';
    assertion += base64url_encode(*signature);
    return assertion;
}

}  // namespace cloudpcd::graph
