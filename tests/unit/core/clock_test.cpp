#include "sync/core/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <doctest/doctest.h>

#include <stdexcept>

using namespace cloudpcd;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

using Work = asio::awaitable<Result<int>>;

Result<int> run_with_deadline(Work work, Duration limit)
{
    asio::io_context context;
    SystemClock clock;
    auto result = asio::co_spawn(context, with_deadline<int>(clock, std::move(work), limit),
                                 asio::use_future);
    context.run();
    return result.get();
}

Work finish(Result<int> result)
{
    co_return result;
}

Work wait_forever()
{
    SystemClock clock;
    co_await clock.sleep_for(24h);
    co_return 0;
}

Work fail()
{
    co_await asio::this_coro::executor;
    throw std::runtime_error{"broken"};
}

}  // namespace

TEST_CASE("clock: what ends in time keeps its result, its error and its exception")
{
    const auto done = run_with_deadline(finish(7), 1h);
    REQUIRE(done.has_value());
    CHECK(*done == 7);
    const auto failed = run_with_deadline(finish(Error{.code = Errc::forbidden}), 1h);
    REQUIRE(failed.has_error());
    CHECK(failed.error().code == Errc::forbidden);
    CHECK_THROWS_WITH_AS(run_with_deadline(fail(), 1h), "broken", std::runtime_error);
}

TEST_CASE("clock: what does not end in time is cancelled")
{
    const auto late = run_with_deadline(wait_forever(), 1ms);
    REQUIRE(late.has_error());
    CHECK(late.error().code == Errc::transient);
    CHECK(late.error().message == "deadline exceeded");
}

TEST_CASE("clock: nobody is woken early")
{
    asio::io_context context;
    SystemClock clock;
    const auto wanted = clock.steady_now() + 3ms;
    asio::co_spawn(context, clock.sleep_until(wanted), asio::use_future);
    context.run();
    CHECK(std::chrono::steady_clock::now() >= wanted);
}
