#include "sync/graph/client_secret.hpp"

#include <utility>

namespace cloudpcd::graph {

namespace {

class ClientSecretSource final : public TokenSource {
public:
    ClientSecretSource(TokenEndpoint endpoint, std::function<Result<std::string>()> secret)
        : x_endpoint{std::move(endpoint)}, x_secret{std::move(secret)}
    {}

    boost::asio::awaitable<Result<TokenGrant>> fetch(std::string claims) override
    {
        return x_endpoint.request([this] { return fields(); }, std::move(claims));
    }

private:
    Result<FormFields> fields() const
    {
        auto secret = x_secret();
        if (!secret)
            return std::move(secret).error();
        FormFields form;
        form.emplace_back("client_secret", *secret);
        wipe(*secret);
        return form;
    }

    TokenEndpoint x_endpoint;
    std::function<Result<std::string>()> x_secret;
};

}  // namespace

ClientSecretCredentials::ClientSecretCredentials(Transport& transport, Clock& clock, Rng& rng,
                                                 ClientSecretOptions options)
    : CachedCredentials{
          std::make_unique<ClientSecretSource>(
              TokenEndpoint{transport, clock, rng, options.endpoint}, std::move(options.secret)),
          TokenChecks{.tenant_id = options.endpoint.tenant_id,
                      .audiences = std::move(options.audiences)},
          clock, rng}
{}

}  // namespace cloudpcd::graph
