#pragma once
// Throw-away certificates: an authority and the server certificate of loopback that it signed, and
// those that applications sign in with.

#include <chrono>
#include <string>

namespace graphsim {

struct ServerIdentity {
    std::string ca;           ///< PEM: what a client has to trust
    std::string certificate;  ///< PEM, for localhost and 127.0.0.1
    std::string key;          ///< PEM
};

/// Errors: throws std::runtime_error when OpenSSL refuses
ServerIdentity make_identity();

/// What an application signs in with: a certificate that signs itself, and its key.
struct ClientIdentity {
    std::string certificate;  ///< PEM: what is registered with the application
    std::string key;          ///< PEM
};

struct ClientIdentityOptions {
    std::chrono::seconds begins_in = std::chrono::hours{-1};
    std::chrono::seconds ends_in = std::chrono::hours{90 * 24};
    /// From when these count.
    std::chrono::sys_seconds now =
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    unsigned rsa_bits = 2048;  ///< 0: an EC key
};

/// Errors: throws std::runtime_error when OpenSSL refuses
ClientIdentity make_client_identity(const ClientIdentityOptions& options = {});

}  // namespace graphsim
