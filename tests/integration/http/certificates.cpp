#include "certificates.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

namespace cloudpcd::test {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

void require(bool condition)
{
    if (!condition)
        throw std::runtime_error{"OpenSSL cannot make a test certificate"};
}

Key make_key()
{
    Key key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
    require(key != nullptr);
    return key;
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), &X509_EXTENSION_free};
    require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

/// Without an issuer the certificate is an authority's own, or just self-signed.
Certificate make_certificate(const Subject& subject, EVP_PKEY* key, X509* issuer,
                             EVP_PKEY* issuer_key, bool authority)
{
    static std::atomic<long> serial = 1;
    Certificate made{X509_new(), &X509_free};
    X509* certificate = made.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    constexpr long day = 24L * 60 * 60;
    X509_gmtime_adj(X509_getm_notBefore(certificate), subject.starts_in_days * day);
    X509_gmtime_adj(X509_getm_notAfter(certificate), subject.ends_in_days * day);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>(subject.common_name.c_str());
    require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1);
    X509* signer = issuer != nullptr ? issuer : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer));
    extend(certificate, signer, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    extend(certificate, signer, NID_subject_key_identifier, "hash");
    if (!subject.alternative_names.empty())
        extend(certificate, signer, NID_subject_alt_name, subject.alternative_names);
    require(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
    return made;
}

std::string text_of(BIO* memory)
{
    char* data = nullptr;
    const long length = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(length)};
}

Identity identity(X509* certificate, EVP_PKEY* key)
{
    const std::unique_ptr<BIO, decltype(&BIO_free)> first{BIO_new(BIO_s_mem()), &BIO_free};
    const std::unique_ptr<BIO, decltype(&BIO_free)> second{BIO_new(BIO_s_mem()), &BIO_free};
    require(PEM_write_bio_X509(first.get(), certificate) == 1);
    require(PEM_write_bio_PrivateKey(second.get(), key, nullptr, nullptr, 0, nullptr, nullptr) ==
            1);
    return {.certificate = text_of(first.get()), .key = text_of(second.get())};
}

}  // namespace

struct Authority::Keys {
    /// Two authorities of one name would be told apart by their signatures only.
    static std::string unique_name()
    {
        static std::atomic<int> count = 0;
        return fmt::format("Test Authority {}", count++);
    }

    Key key = make_key();
    Certificate certificate =
        make_certificate({.alternative_names = "", .common_name = unique_name()}, key.get(),
                         nullptr, key.get(), true);
};

Authority::Authority() : x_keys{std::make_unique<Keys>()}
{
    static std::atomic<int> count = 0;
    x_file = std::filesystem::temp_directory_path() /
             fmt::format("cloudpcd-test-ca-{}-{}.pem", ::getpid(), count++);
    std::ofstream{x_file} << identity(x_keys->certificate.get(), x_keys->key.get()).certificate;
}

Authority::~Authority()
{
    std::error_code ignored;
    std::filesystem::remove(x_file, ignored);
}

Identity Authority::issue(const Subject& subject) const
{
    const Key key = make_key();
    const Certificate certificate =
        make_certificate(subject, key.get(), x_keys->certificate.get(), x_keys->key.get(), false);
    return identity(certificate.get(), key.get());
}

Identity Authority::self_signed(const Subject& subject)
{
    const Key key = make_key();
    const Certificate certificate = make_certificate(subject, key.get(), nullptr, key.get(), false);
    return identity(certificate.get(), key.get());
}

}  // namespace cloudpcd::test
