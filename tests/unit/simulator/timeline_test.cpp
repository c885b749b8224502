#include "tests/simulator/timeline.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace graphsim;
using namespace std::chrono_literals;

TEST_CASE("timeline: in the order of times and of additions, what follows included")
{
    const TimePoint start{};
    Timeline timeline;
    std::string seen;
    const auto say = [&](const char* what) { return [&seen, what](TimePoint) { seen += what; }; };
    timeline.at(start + 3s, say("d"));
    timeline.at(start + 1s, [&](TimePoint due) {
        seen += "a";
        CHECK(due == start + 1s);
        timeline.at(due + 1s, say("c"));
        timeline.at(due + 10s, say("e"));
    });
    timeline.at(start + 1s, say("b"));
    timeline.advance(start + 1s - 1ms);
    CHECK(seen.empty());
    timeline.advance(start + 5s);
    CHECK(seen == "abcd");
    CHECK(timeline.pending() == 1);
    timeline.advance(start + 11s);
    CHECK(seen == "abcde");
}
