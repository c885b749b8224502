#pragma once
// The credential of an application that has a certificate: each token request carries an assertion
// signed with its key.

#include "sync/graph/cached_credentials.hpp"
#include "sync/graph/certificate.hpp"
#include "sync/graph/token_endpoint.hpp"

#include <functional>
#include <string>
#include <vector>

namespace cloudpcd::graph {

struct ClientCertificateOptions {
    TokenEndpointOptions endpoint;
    std::vector<std::string> audiences;  ///< see TokenChecks; the tenant is the endpoint's
    AssertionAlgorithm algorithm = AssertionAlgorithm::ps256;
    /// The certificate, asked for with every token request, so that a renewed file is found.
    std::function<Result<ClientCertificate>()> certificate;
};

class ClientCertificateCredentials final : public CachedCredentials {
public:
    /// All three must outlive the calls.
    ///
    /// Errors besides: Errc::configuration for a certificate that has expired; no request is made
    ClientCertificateCredentials(Transport& transport, Clock& clock, Rng& rng,
                                 const ClientCertificateOptions& options);
};

/// The form fields that present an assertion (RFC 7523 section 2.2). `assertion` is wiped.
FormFields assertion_fields(std::string assertion);

}  // namespace cloudpcd::graph
