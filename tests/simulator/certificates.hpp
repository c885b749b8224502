#pragma once
// A throw-away certificate authority and the server certificate of loopback that it signed.

#include <string>

namespace graphsim {

struct ServerIdentity {
    std::string ca;           ///< PEM: what a client has to trust
    std::string certificate;  ///< PEM, for localhost and 127.0.0.1
    std::string key;          ///< PEM
};

/// Errors: throws std::runtime_error when OpenSSL refuses
ServerIdentity make_identity();

}  // namespace graphsim
