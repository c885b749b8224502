#pragma once
// The certificate that an application signs in with, and its private key.

#include "sync/core/error.hpp"
#include "sync/core/time.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace cloudpcd::graph {

/// How an assertion is signed (RFC 7518 section 3). Entra recommends PS256.
enum class AssertionAlgorithm { ps256, rs256 };

/// Shorter RSA keys are refused.
inline constexpr int rsa_bits_min = 2048;
/// From so long before its end on, a certificate is warned of.
inline constexpr Duration certificate_notice_span = std::chrono::hours{30 * 24};

class ClientCertificate {
public:
    /// Reads a private key and the certificate that belongs to it out of PEM text, in any order;
    /// further certificates (a chain) are left out.
    ///
    /// Errors: Errc::configuration when there is no key or certificate, the key is encrypted, too
    ///         short or no RSA key, or belongs to none of the certificates
    static Result<ClientCertificate> parse(std::string_view pem);

    /// `x5t#S256`: SHA-256 of the certificate's DER, base64url.
    const std::string& thumbprint() const noexcept { return x_thumbprint; }
    UtcTime not_before() const noexcept { return x_not_before; }
    UtcTime not_after() const noexcept { return x_not_after; }

    /// Signature of `text`, bytes. Errors: Errc::configuration when OpenSSL refuses.
    Result<std::string> sign(std::string_view text, AssertionAlgorithm algorithm) const;

private:
    struct FreeKey {
        void operator()(evp_pkey_st* key) const noexcept;  ///< wipes it
    };
    using PrivateKey = std::unique_ptr<evp_pkey_st, FreeKey>;

    ClientCertificate() = default;

    PrivateKey x_key;
    std::string x_thumbprint;
    UtcTime x_not_before{};
    UtcTime x_not_after{};
};

/// Why the certificate cannot be used any more at `now`; nullopt while it can.
std::optional<std::string> expired(const ClientCertificate& certificate, UtcTime now);

/// What is to be said of the certificate's time at `now`: that it ends within
/// certificate_notice_span, has ended or has not begun. Nullopt when there is nothing to say.
std::optional<std::string> expiry_notice(const ClientCertificate& certificate, UtcTime now);

struct AssertionClaims {
    std::string audience;   ///< URL of the token endpoint
    std::string client_id;  ///< issuer and subject
    std::string id;         ///< `jti`, never used twice
    UtcTime now;
};

/// An assertion is backdated so much, for login hosts whose clock is behind ours, ...
inline constexpr Duration assertion_backdated = std::chrono::minutes{2};
/// ... and good for so long in all, the most that Entra recommends.
inline constexpr Duration assertion_life = std::chrono::minutes{10};

/// A signed client assertion (JWT).
/// Source: Microsoft identity platform "Application authentication certificate credentials"
///
/// Errors: those of ClientCertificate::sign
Result<std::string> sign_assertion(const ClientCertificate& certificate,
                                   AssertionAlgorithm algorithm, const AssertionClaims& claims);

}  // namespace cloudpcd::graph
