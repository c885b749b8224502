#include "tests/unit/daemon/jobs_api.hpp"

#include "sync/core/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <variant>

namespace cloudpcd::daemon::control::test {

namespace json = boost::json;

namespace {

config::Roles groups_of_roles()
{
    return {.read = {"r"}, .submit = {"s"}, .approve = {"a"}, .operate = {"o"}};
}

std::optional<gid_t> find_group(const std::string& name)
{
    const auto at = std::string_view{"-rsao"}.find(name);
    return static_cast<gid_t>(at);
}

const json::value* member(const json::object& object, std::string_view name)
{
    return object.if_contains(name);
}

}  // namespace

std::string Answer::text(std::string_view name) const
{
    const auto* found = member(body, name);
    if (found == nullptr)
        return "(absent)";
    return found->is_string() ? std::string{found->get_string()} : json::serialize(*found);
}

std::int64_t Answer::number(std::string_view name) const
{
    const auto* found = member(body, name);
    REQUIRE(found != nullptr);
    REQUIRE(found->is_int64());
    return found->get_int64();
}

std::string Answer::each(std::string_view array, std::string_view name) const
{
    const auto* found = member(body, array);
    REQUIRE(found != nullptr);
    REQUIRE(found->is_array());
    std::string texts;
    for (const auto& entry : found->get_array()) {
        const auto* value = member(entry.as_object(), name);
        texts += texts.empty() ? "" : " ";
        texts += value == nullptr     ? "(absent)"
                 : value->is_string() ? std::string{value->get_string()}
                                      : json::serialize(*value);
    }
    return texts;
}

std::string Answer::serialized() const
{
    return json::serialize(body);
}

Api::Api(config::Approval approval)
    : api{queue.clock, store, settings, freeze,
          [this](uid_t uid) -> std::optional<std::string> {
              const auto user = users.find(uid);
              return user == users.end() ? std::nullopt : std::optional{user->second};
          }},
      routes{api.routes()},
      router{routes},
      roles{groups_of_roles(), /*own=*/500, queue.clock, find_group}
{
    // A line for each request is too much of a good thing.
    log::configure(log::Level::error, log::Format::text);
    settings.jobs.enabled = true;
    settings.jobs.approval = approval;
    settings.jobs.secrets = {{"ad-join-password", "/nowhere"}};
    api.attach([this] { ++kicks; });
}

Answer Api::ask(const Caller& caller, boost::beast::http::verb method, std::string_view target,
                std::string_view body)
{
    std::optional<Reply> reply;
    auto found = router.find(method, target);
    if (auto* match = std::get_if<Router::Match>(&found)) {
        if (auto refusal = admit(roles, caller, *match)) {
            reply = *std::move(refusal);
        } else {
            Request request{.caller = caller,
                            .path = match->path,
                            .query = match->query,
                            .body = json::parse(body).as_object(),
                            .has_wider_role = match->has_wider_role};
            boost::asio::co_spawn(io, match->route->handler(std::move(request)),
                                  [&](const std::exception_ptr& failure, Reply answer) {
                                      REQUIRE_FALSE(failure);
                                      reply = std::move(answer);
                                  });
            queue.clock.run_until(io, [&] { return reply.has_value(); });
        }
    } else {
        reply = std::get<Problem>(found);
    }
    REQUIRE(reply.has_value());
    if (const auto* problem = std::get_if<Problem>(&*reply)) {
        const auto prefix = problem_type("").size();
        return {.status = problem->status,
                .body = json::parse(problem->json()).as_object(),
                .type = problem->type == "about:blank" ? "" : problem->type.substr(prefix)};
    }
    const auto& response = std::get<Response>(*reply);
    return {.status = response.status, .body = json::parse(response.body).as_object()};
}

jobs::JobId Api::submit(const Caller& caller, std::string_view body)
{
    const auto answer = post(caller, "/v1/jobs", body);
    REQUIRE_MESSAGE(answer.status == 201, answer.serialized());
    return answer.body.at("job").at("job_id").as_int64();
}

jobs::JobId Api::reboot()
{
    return submit(alice, R"({"kind": "cloud_pc.reboot", "target_id": ")" + jobs::test::machine +
                             R"(", "reason": "INC-1"})");
}

jobs::JobId Api::awaiting()
{
    const auto job = reboot();
    jobs::fill(queue.database, job, {.risk = 2, .touches = 1}, jobs::test::start);
    queue.move(job, jobs::State::awaiting_approval, {.reason = "class 2"});
    return job;
}

}  // namespace cloudpcd::daemon::control::test
