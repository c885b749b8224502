#include "daemon/ctl/login_command.hpp"

#include "daemon/ctl/answer.hpp"
#include "daemon/ctl/failure.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>

namespace cloudpcd::ctl {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds look_interval{1};
/// Of an answer that waits for nobody.
constexpr std::chrono::seconds look_limit{10};

void pause()
{
    boost::asio::io_context io;
    boost::asio::steady_timer timer{io, look_interval};
    timer.wait();
}

/// The daemon's answer once the attempt is over.
std::string wait_for_end(const ControlClient& client)
{
    while (true) {
        pause();
        auto answer = expect_success(client.get("/v1/login", look_limit));
        const auto state = object_of(answer);
        const auto* member = state.if_contains("attempt");
        const auto attempt =
            member != nullptr && member->is_object() ? member->get_object() : json::object{};
        const auto phase = text_of(attempt, "state");
        if (phase == "pending" || phase == "starting")
            continue;
        if (phase == "signed_in")
            return answer;
        if (phase == "failed")
            throw Failure{ExitStatus::failed, text_of(attempt, "reason")};
        throw Failure{ExitStatus::failed,
                      "the attempt was given up: somebody signed out, or the daemon read its "
                      "configuration again"};
    }
}

}  // namespace

void login(const ControlClient& client, bool as_json, Output& output, Output& progress)
{
    const auto begun = expect_success(client.post("/v1/login", "{}"));
    const auto attempt = object_of(begun);
    output.write(as_json ? begun : text_of(attempt, "message") + "\n");
    output.flush();
    progress.write(
        fmt::format("cloudpcctl: waiting until {}; the code stays good when this is "
                    "interrupted\n",
                    text_of(attempt, "expires_at")));
    progress.flush();
    const auto ended = wait_for_end(client);
    if (as_json)
        output.write(ended);
    else
        output.write(
            fmt::format("signed in as {}\n", text_of(object_of(ended), "user_principal_name")));
}

void logout(const ControlClient& client, bool as_json, Output& output)
{
    const auto answer = expect_success(client.post("/v1/logout", "{}"));
    const auto user = text_of(object_of(answer), "signed_out");
    if (as_json)
        output.write(answer);
    else
        output.write(user.empty() ? "nobody was signed in\n"
                                  : fmt::format("signed out {}\n", user));
}

}  // namespace cloudpcd::ctl
