#include "sync/mirror/deletes.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace cloudpcd;
using namespace cloudpcd::mirror;

namespace {

std::vector<std::string> ids(std::size_t count, std::size_t first = 0)
{
    std::vector<std::string> made;
    for (std::size_t i = 0; i < count; ++i)
        made.push_back("id-" + std::to_string(first + i));
    return made;
}

MissingIds missing(std::int64_t rows, std::size_t count)
{
    return {.rows = rows, .listed = rows - static_cast<std::int64_t>(count), .ids = ids(count)};
}

}  // namespace

TEST_CASE("deletes: nothing missing, nothing to do")
{
    const auto plan = plan_deletes(missing(500, 0));
    CHECK_FALSE(plan.refused);
    CHECK(plan.confirm.empty());
    CHECK(plan.erase.empty());
    CHECK(plan.remember.empty());
}

TEST_CASE("deletes: accepted ids go unasked, and not at all with a list that is refused")
{
    auto some = missing(1000, 300);
    some.accepted = {"id-0", "id-1", "elsewhere"};
    auto plan = plan_deletes(some);
    CHECK(plan.refused);
    CHECK(plan.erase.empty());
    for (const auto& id : ids(250))
        some.accepted.insert(id);
    plan = plan_deletes(some);
    CHECK_FALSE(plan.refused);
    CHECK(plan.erase.size() == 250);
    CHECK(plan.confirm.size() == 50);
}

TEST_CASE("deletes: what is missing is asked for, up to a thousand rows or 200 ids")
{
    CHECK(plan_deletes(missing(1000, 100)).confirm.size() == 100);
    CHECK(plan_deletes(missing(100'000, 200)).confirm.size() == 200);
    CHECK(plan_deletes(missing(100'000, 201)).confirm.empty());
    CHECK(plan_deletes(missing(100'000, 201)).remember.size() == 201);
}

TEST_CASE("deletes: ten may always go, above that a fraction of the rows")
{
    CHECK_FALSE(plan_deletes(missing(20, 10)).refused);
    CHECK(plan_deletes(missing(20, 11)).refused);
    CHECK_FALSE(plan_deletes(missing(200, 20)).refused);
    const auto plan = plan_deletes(missing(200, 21));
    CHECK(plan.refused);
    CHECK(plan.why == "21 of 200 rows are missing at once, more than 20");
    CHECK(plan.confirm.empty());
    auto all_may_go = missing(200, 150);
    all_may_go.max_delete_fraction = 1;
    CHECK_FALSE(plan_deletes(all_may_go).refused);
    auto none_may_go = missing(200, 11);
    none_may_go.max_delete_fraction = 0;
    CHECK(plan_deletes(none_may_go).refused);
}

TEST_CASE("deletes: without a GET by id, the second list in a row decides")
{
    auto lacking = missing(100, 6);
    lacking.rule = schema::DeleteRule::second_list;
    CHECK(plan_deletes(lacking).erase.empty());
    CHECK(plan_deletes(lacking).remember == ids(6));
    lacking.before = ids(4);
    const auto plan = plan_deletes(lacking);
    CHECK(plan.erase == ids(4));
    CHECK(plan.remember == ids(2, 4));
    CHECK(plan.confirm.empty());
}

TEST_CASE("deletes: an empty list needs every one of at most ten rows confirmed")
{
    const auto few = plan_deletes({.rows = 10, .listed = 0, .ids = ids(10)});
    CHECK_FALSE(few.refused);
    CHECK(few.all_or_refused);
    CHECK(few.confirm.size() == 10);
    CHECK(plan_deletes({.rows = 11, .listed = 0, .ids = ids(11)}).refused);
    CHECK(plan_deletes({.rule = schema::DeleteRule::second_list,
                        .rows = 3,
                        .listed = 0,
                        .ids = ids(3),
                        .before = ids(3)})
              .refused);
}

TEST_CASE("deletes: audit events stay")
{
    const auto plan = plan_deletes({.rule = schema::DeleteRule::never,
                                    .rows = 5,
                                    .listed = 0,
                                    .ids = ids(5),
                                    .before = ids(5)});
    CHECK_FALSE(plan.refused);
    CHECK(plan.confirm.empty());
    CHECK(plan.erase.empty());
}
