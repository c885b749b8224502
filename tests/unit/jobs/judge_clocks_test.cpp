// What the guards make of two clocks: this machine's, and Graph's as its answers tell it.

#include "tests/unit/jobs/world.hpp"

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;
using namespace std::chrono_literals;

namespace {

struct TwoClocks : World {
    TwoClocks()
    {
        have_cloud_pcs(3);
        sync();
    }
};

}  // namespace

TEST_CASE_FIXTURE(TwoClocks, "judge: a time that was asked for is Graph's time too, to the second")
{
    const auto at = now + 2h;
    const auto asked = submit_now(
        {.kind = "cloud_pc.reboot", .target_id = id_of(1), .not_before = format_sql_time(at)});
    take_in();
    now = at;
    const auto at_once = submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(2)});
    const auto destructive = reprovision(id_of(3));
    take_in();
    skew = 4min;  // Graph's clock is behind, and its Date has no more than seconds
    CHECK(judge_fresh(asked).held_by == Hold::not_before);
    CHECK(judge_fresh(asked).due_at == now + 1min);
    CHECK(judge_fresh(at_once).state == State::queued);
    CHECK(judge_fresh(destructive).state == State::queued);
    skew = 900ms;
    CHECK(judge_fresh(asked).due_at == now + 900ms);
    CHECK(judge_fresh(at_once).state == State::queued);
    now = at + 900ms;
    CHECK(judge_fresh(asked).state == State::queued);
    skew = -4min;  // ours is
    now = at - 1ms;
    CHECK(judge_fresh(asked).held_by == Hold::not_before);
    now = at;
    CHECK(judge_fresh(asked).state == State::queued);
}

TEST_CASE_FIXTURE(TwoClocks, "judge: what came in while the time was being looked at need not wait")
{
    const auto job = submit_now({.kind = "cloud_pc.reboot", .target_id = id_of(1)});
    now -= 40ms;
    take_in();
    now += 40ms;
    skew = 900ms;
    CHECK(judge_fresh(job).state == State::queued);
}
