#include "sync/graph/federated_token.hpp"

#include "sync/graph/client_certificate.hpp"

#include <utility>

namespace cloudpcd::graph {

namespace {

std::string trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r\n";
    const auto from = text.find_first_not_of(blanks);
    if (from == std::string_view::npos)
        return {};
    return std::string{text.substr(from, text.find_last_not_of(blanks) - from + 1)};
}

class FederatedTokenSource final : public TokenSource {
public:
    FederatedTokenSource(TokenEndpoint endpoint, std::function<Result<std::string>()> token)
        : x_endpoint{std::move(endpoint)}, x_token{std::move(token)}
    {}
    ~FederatedTokenSource() override { wipe(x_sent); }
    FederatedTokenSource(const FederatedTokenSource&) = delete;
    FederatedTokenSource& operator=(const FederatedTokenSource&) = delete;

    boost::asio::awaitable<Result<TokenGrant>> fetch(std::string claims) override
    {
        auto result = co_await x_endpoint.request([this] { return fields(); }, claims);
        if (!result && result.error().code == Errc::unauthorized && renewed())
            result = co_await x_endpoint.request([this] { return fields(); }, claims);
        wipe(x_sent);
        co_return result;
    }

private:
    Result<std::string> read() const
    {
        auto content = x_token();
        if (!content)
            return std::move(content).error();
        auto token = trimmed(*content);
        wipe(*content);
        if (token.empty())
            return Error{.code = Errc::configuration, .message = "the federated token is empty"};
        return token;
    }

    Result<FormFields> fields()
    {
        auto token = read();
        if (!token)
            return std::move(token).error();
        wipe(x_sent);
        x_sent = *token;
        return assertion_fields(*std::move(token));
    }

    bool renewed() const
    {
        auto token = read();
        if (!token)
            return false;
        const bool other = *token != x_sent;
        wipe(*token);
        return other;
    }

    TokenEndpoint x_endpoint;
    std::function<Result<std::string>()> x_token;
    std::string x_sent;  ///< of the fetch in flight
};

}  // namespace

FederatedTokenCredentials::FederatedTokenCredentials(Transport& transport, Clock& clock, Rng& rng,
                                                     FederatedTokenOptions options)
    : CachedCredentials{
          std::make_unique<FederatedTokenSource>(
              TokenEndpoint{transport, clock, rng, options.endpoint}, std::move(options.token)),
          TokenChecks{.tenant_id = options.endpoint.tenant_id,
                      .audiences = std::move(options.audiences)},
          clock, rng}
{}

}  // namespace cloudpcd::graph
