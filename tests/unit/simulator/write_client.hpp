#pragma once
// A Client that writes, as an application and as a user, to a tenant in which everything takes the
// same short time unless a test says otherwise.

#include "client.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>

namespace graphsim::test {

using namespace std::chrono_literals;

inline TenantOptions quick(std::size_t cloud_pcs = 12)
{
    TenantOptions options{.token_lifetime = 24h * 30, .cloud_pcs = cloud_pcs, .odd_data = false};
    options.writes.start_delay = always(1s);
    options.writes.audit_delay = always(30s);
    options.writes.pace = 0.1;
    return options;
}

class WriteClient : public Client {
public:
    explicit WriteClient(TenantOptions options = quick()) : Client{std::move(options)} {}

    /// `what` as in get(); the body is left out when empty.
    Response send(std::string_view method, const std::string& what, const std::string& body = "",
                  Headers headers = {})
    {
        Request request{
            .method = std::string{method},
            .target = "/" + std::string{to_string(version)} + std::string{endpoint} + what,
            .headers = std::move(headers),
            .body = body};
        request.headers.emplace_back("Authorization", "Bearer " + token);
        if (!body.empty() && !request.header("Content-Type"))
            request.headers.emplace_back("Content-Type", "application/json");
        return tenant.handle(request);
    }
    Response post(const std::string& what, const std::string& body = "", Headers headers = {})
    {
        return send("POST", what, body, std::move(headers));
    }
    /// "409 Conflict"; a success is its status alone.
    std::string answer(const Response& response) const
    {
        if (response.status < 400)
            return std::to_string(response.status);
        const auto body = json::parse(response.body);
        return std::to_string(response.status) + " " + text(body.at("error").at("code"));
    }
    std::string tried(const std::string& what, const std::string& body = "")
    {
        return answer(post(what, body));
    }
    std::string changed(const std::string& what, const std::string& body)
    {
        return answer(send("PATCH", what, body));
    }
    std::string deleted(const std::string& what) { return answer(send("DELETE", what)); }

    /// From now on a user of the directory asks.
    void be_user()
    {
        const auto user = json::parse(tenant.objects("users").front().text).as_object();
        user_name = text(user.at("userPrincipalName"));
        token = tenant.user_token(user_name, {"CloudPC.ReadWrite.All"});
    }
    /// As it is in the tenant.
    json::object truth(std::string_view set, std::string_view id) const
    {
        return json::parse(tenant.object(set, id).value().text).as_object();
    }
    std::string status(std::string_view cloud_pc) const
    {
        return text(truth("cloudPCs", cloud_pc).at("status"));
    }
    /// The `number`th Cloud PC, in that state.
    std::string cloud_pc(std::size_t number, std::string_view state = "provisioned",
                         std::string_view type = "dedicated")
    {
        auto id = tenant.objects("cloudPCs").at(number).id;
        tenant.modify("cloudPCs", id,
                      json::serialize(json::object{{"status", state}, {"provisioningType", type}}));
        return id;
    }
    json::array results(const std::string& cloud_pc)
    {
        return read("cloudPCs/" + cloud_pc + "/retrieveCloudPCRemoteActionResults")
            .at("value")
            .as_array();
    }
    /// State of the newest action.
    std::string state(const std::string& cloud_pc)
    {
        return text(results(cloud_pc).at(0).at("actionState"));
    }
    const ExecutionLog& log() const { return tenant.executions(); }

    std::string user_name;
};

}  // namespace graphsim::test
