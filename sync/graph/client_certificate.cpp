#include "sync/graph/client_certificate.hpp"

#include <utility>

namespace cloudpcd::graph {

namespace {

class CertificateSource final : public TokenSource {
public:
    CertificateSource(Transport& transport, Clock& clock, Rng& rng,
                      ClientCertificateOptions options)
        : x_clock{clock},
          x_rng{rng},
          x_endpoint{transport, clock, rng, options.endpoint},
          x_options{std::move(options)}
    {}

    boost::asio::awaitable<Result<TokenGrant>> fetch(std::string claims) override
    {
        return x_endpoint.request([this] { return fields(); }, std::move(claims));
    }

private:
    Result<FormFields> fields() const
    {
        const auto certificate = x_options.certificate();
        if (!certificate)
            return certificate.error();
        const auto now = x_clock.utc_now();
        if (auto problem = expired(*certificate, now))
            return Error{.code = Errc::configuration, .message = *std::move(problem)};
        auto assertion = sign_assertion(*certificate, x_options.algorithm,
                                        {.audience = x_endpoint.url().to_string(),
                                         .client_id = x_options.endpoint.client_id,
                                         .id = x_rng.uuid(),
                                         .now = now});
        if (!assertion)
            return std::move(assertion).error();
        return assertion_fields(*std::move(assertion));
    }

    Clock& x_clock;
    Rng& x_rng;
    TokenEndpoint x_endpoint;
    ClientCertificateOptions x_options;
};

}  // namespace

FormFields assertion_fields(std::string assertion)
{
    FormFields form;
    form.emplace_back("client_assertion_type",
                      "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    form.emplace_back("client_assertion", assertion);
    wipe(assertion);
    return form;
}

ClientCertificateCredentials::ClientCertificateCredentials(Transport& transport, Clock& clock,
                                                           Rng& rng,
                                                           const ClientCertificateOptions& options)
    : CachedCredentials{
          std::make_unique<CertificateSource>(transport, clock, rng, options),
          TokenChecks{.tenant_id = options.endpoint.tenant_id, .audiences = options.audiences},
          clock, rng}
{}

}  // namespace cloudpcd::graph
