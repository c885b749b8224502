#include "tests/simulator/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace graphsim {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr long lifetime_seconds = 30L * 24 * 60 * 60;

void require(bool condition)
{
    if (!condition)
        throw std::runtime_error{"OpenSSL cannot make the certificate of the simulated tenant"};
}

Key make_key()
{
    Key key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
    require(key != nullptr);
    return key;
}

void extend(X509* certificate, X509* issuer, int nid, const char* value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
        X509V3_EXT_conf_nid(nullptr, &context, nid, value), &X509_EXTENSION_free};
    require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

/// Without an issuer: one that signs itself.
Certificate blank(long serial, const std::string& name, EVP_PKEY* key, X509* issuer)
{
    Certificate made{X509_new(), &X509_free};
    require(made != nullptr && X509_set_version(made.get(), X509_VERSION_3) == 1 &&
            ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial) == 1 &&
            X509_set_pubkey(made.get(), key) == 1);
    // An hour of grace for clocks that are behind.
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), lifetime_seconds);
    const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME* subject = X509_get_subject_name(made.get());
    require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1);
    const X509* signer = issuer == nullptr ? made.get() : issuer;
    require(X509_set_issuer_name(made.get(), X509_get_subject_name(signer)) == 1);
    return made;
}

template <class Write>
std::string pem(const Write& write)
{
    const Memory memory{BIO_new(BIO_s_mem()), &BIO_free};
    require(memory != nullptr && write(memory.get()) == 1);
    char* data = nullptr;
    const long length = BIO_get_mem_data(memory.get(), &data);
    return {data, static_cast<std::size_t>(length)};
}

std::string certificate_pem(X509* certificate)
{
    return pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

std::string key_pem(EVP_PKEY* key)
{
    return pem([&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
}

}  // namespace

ServerIdentity make_identity()
{
    const Key ca_key = make_key();
    const Certificate ca = blank(1, "graph-sim test authority", ca_key.get(), nullptr);
    extend(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
    require(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0);

    const Key key = make_key();
    const Certificate server = blank(2, "localhost", key.get(), ca.get());
    extend(server.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE");
    extend(server.get(), ca.get(), NID_key_usage, "critical,digitalSignature");
    extend(server.get(), ca.get(), NID_ext_key_usage, "serverAuth");
    extend(server.get(), ca.get(), NID_subject_key_identifier, "hash");
    extend(server.get(), ca.get(), NID_authority_key_identifier, "keyid:always");
    extend(server.get(), ca.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    require(X509_sign(server.get(), ca_key.get(), EVP_sha256()) > 0);

    return {.ca = certificate_pem(ca.get()),
            .certificate = certificate_pem(server.get()),
            .key = key_pem(key.get())};
}

ClientIdentity make_client_identity(const ClientIdentityOptions& options)
{
    const Key key =
        options.rsa_bits == 0 ? make_key() : Key{EVP_RSA_gen(options.rsa_bits), &EVP_PKEY_free};
    require(key != nullptr);
    const Certificate made = blank(1, "graph-sim client", key.get(), nullptr);
    const auto at = [&](std::chrono::seconds offset) {
        return (options.now + offset).time_since_epoch().count();
    };
    require(ASN1_TIME_set(X509_getm_notBefore(made.get()), at(options.begins_in)) != nullptr &&
            ASN1_TIME_set(X509_getm_notAfter(made.get()), at(options.ends_in)) != nullptr);
    require(X509_sign(made.get(), key.get(), EVP_sha256()) > 0);
    return {.certificate = certificate_pem(made.get()), .key = key_pem(key.get())};
}

}  // namespace graphsim
