#include "sync/mirror/endless.hpp"

#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using std::chrono::minutes;

namespace {

const SteadyTime start{std::chrono::hours{1000}};

}  // namespace

TEST_CASE("endless: pages that bring something new may go on for ever")
{
    EndlessWatch watch;
    for (int page = 0; page < 5 * barren_pages_max; ++page)
        CHECK_FALSE(watch.is_endless(1, start + minutes{page}));
}

TEST_CASE("endless: ten minutes of pages without a new id are enough, a long wait alone is not")
{
    EndlessWatch watch;
    CHECK_FALSE(watch.is_endless(5, start));
    CHECK_FALSE(watch.is_endless(0, start + minutes{60}));  // a wait for the quota before it
    CHECK_FALSE(watch.is_endless(0, start + minutes{70}));
    CHECK(watch.is_endless(0, start + minutes{70} + Duration{1}));
    CHECK_FALSE(watch.is_endless(1, start + minutes{71}));
    CHECK_FALSE(watch.is_endless(0, start + minutes{72}));
}

TEST_CASE("endless: a service that answers at once is stopped by the number of pages")
{
    EndlessWatch watch;
    for (int page = 1; page < barren_pages_max; ++page)
        REQUIRE_FALSE(watch.is_endless(0, start));
    CHECK(watch.is_endless(0, start));
}
