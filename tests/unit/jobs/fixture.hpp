#pragma once
// A queue on disk, the daemon's connection to it, and strangers who open the same file.

#include "sync/core/clock.hpp"
#include "sync/core/rng.hpp"
#include "sync/jobs/attempts.hpp"
#include "sync/jobs/jobs_database.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/jobs/queue.hpp"
#include "sync/jobs/targets.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/unit/store/fixture.hpp"

#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs::test {

using store::test::Rows;
using store::test::TemporaryDirectory;

inline constexpr UtcTime start = simulation::VirtualClock::epoch;
inline const std::string tenant = "11111111-2222-3333-4444-555555555555";
inline const std::string machine = "662009bc-0000-4000-8000-000000000001";
inline const std::string other_machine = "662009bc-0000-4000-8000-000000000002";

inline bool says(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

/// A connection such as a script has, as strict as connections get.
class Stranger {
public:
    explicit Stranger(const std::filesystem::path& path);

    /// Runs SQL; what SQLite says against it, or nothing.
    std::string try_to(const std::string& sql);
    /// As try_to, but it has to work.
    void run(const std::string& sql);
    /// Rows of a query, columns joined by '|', NULL as "-".
    Rows rows(const std::string& sql);
    std::string value(const std::string& sql);

private:
    SQLite::Database x_database;
};

struct Queue {
    TemporaryDirectory directory;
    std::filesystem::path path = directory.path() / "jobs" / "jobs.db";
    simulation::VirtualClock clock;
    SeededRng rng{7};
    store::Database database = open();

    store::Database open() { return open_queue({.path = path, .tenant_id = tenant}, clock, rng); }
    /// Closes the file, and opens it as the next start of the daemon would.
    void reopen();

    std::string value(std::string_view sql) { return store::test::value(database, sql); }
    Rows rows(std::string_view sql) { return store::test::rows(database, sql); }
    /// Runs SQL on the daemon's connection; what SQLite says against it, or nothing.
    std::string daemon_tries(const std::string& sql);

    /// A reboot of `machine`, through the control API.
    JobId add(Submission submission = {.kind = "cloud_pc.reboot", .target_id = machine});
    /// A job of this risk class that has come as far as `state` by legal steps.
    JobId add_in(State state, int risk = 2);
    /// Moves a job from wherever it is; fails the test when that is not possible.
    void move(JobId job, State to, Change change = {});
    Job job(JobId id);
    State state(JobId id) { return job(id).state; }

    /// What the runner would write before it sends the job.
    Intent intent(JobId job, int risk = 2);
    /// The attempt of an intent that has to be accepted.
    Attempt send(const Intent& intent, UtcTime now = start);
};

}  // namespace cloudpcd::jobs::test

namespace cloudpcd::jobs {
/// For doctest's messages.
doctest::String toString(State state);
doctest::String toString(Hold hold);
doctest::String toString(Submitted::Outcome outcome);
doctest::String toString(IntentRefusal refusal);
}  // namespace cloudpcd::jobs
