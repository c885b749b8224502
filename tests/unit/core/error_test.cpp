#include "sync/core/error.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

using namespace cloudpcd;

TEST_CASE("error: a description has what is known, in one order")
{
    CHECK(Error{.code = Errc::transient, .message = "connection reset"}.describe() ==
          "transient: connection reset");
    CHECK(Error{.code = Errc::forbidden,
                .context = "GET cloudPCs, page 17",
                .message = "no",
                .http_status = 403,
                .graph_code = "Authorization_RequestDenied",
                .request_id = "r",
                .client_request_id = "c"}
              .describe() ==
          "GET cloudPCs, page 17: HTTP 403 Authorization_RequestDenied: no (request-id r)");
    CHECK(Error{.code = Errc::throttled, .http_status = 429, .client_request_id = "c"}.describe() ==
          "HTTP 429 (client-request-id c)");
}

TEST_CASE("error: each code has a name of its own")
{
    CHECK(to_string(Errc::throttled) == "throttled");
    CHECK(to_string(Errc::configuration) == "configuration");
    CHECK(to_string(Errc{}) == "unknown");
}

TEST_CASE("error: a broken invariant ends the process with 70")
{
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(STDERR_FILENO);
        assertion_failed("1 == 2", "file.cpp", 3);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 70);
}
