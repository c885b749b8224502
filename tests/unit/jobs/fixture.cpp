#include "tests/unit/jobs/fixture.hpp"

#include "sync/core/error.hpp"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>

namespace cloudpcd::jobs {

doctest::String toString(State state)
{
    return std::string{to_string(state)}.c_str();
}

doctest::String toString(Hold hold)
{
    return std::string{to_string(hold)}.c_str();
}

doctest::String toString(Submitted::Outcome outcome)
{
    constexpr std::array names{"added", "repeated", "conflict", "refused"};
    return names.at(static_cast<std::size_t>(outcome));
}

doctest::String toString(IntentRefusal refusal)
{
    constexpr std::array names{"not_queued", "not_due", "expired", "target_busy", "sent_before"};
    return names.at(static_cast<std::size_t>(refusal));
}

}  // namespace cloudpcd::jobs

namespace cloudpcd::jobs::test {

Stranger::Stranger(const std::filesystem::path& path)
    : x_database{path.string(), SQLite::OPEN_READWRITE, 5000}
{
    x_database.exec("PRAGMA trusted_schema = OFF");
}

std::string Stranger::try_to(const std::string& sql)
{
    try {
        x_database.exec(sql);
    } catch (const SQLite::Exception& refusal) {
        return refusal.what();
    }
    return {};
}

void Stranger::run(const std::string& sql)
{
    REQUIRE(try_to(sql) == "");
}

Rows Stranger::rows(const std::string& sql)
{
    Rows result;
    SQLite::Statement query{x_database, sql};
    while (query.executeStep()) {
        std::string row;
        for (int i = 0; i < query.getColumnCount(); ++i) {
            row += i == 0 ? "" : "|";
            row += query.isColumnNull(i) ? "-" : query.getColumn(i).getString();
        }
        result.push_back(std::move(row));
    }
    return result;
}

std::string Stranger::value(const std::string& sql)
{
    const auto all = rows(sql);
    REQUIRE(all.size() == 1);
    return all.front();
}

void Queue::reopen()
{
    // Another database takes its place first: the file is closed before it is opened again.
    database = store::Database::open({.path = directory.path() / "other.db", .application_id = 1});
    database = open();
}

std::string Queue::daemon_tries(const std::string& sql)
{
    try {
        database.execute(sql);
    } catch (const SQLite::Exception& refusal) {
        return refusal.what();
    }
    return {};
}

JobId Queue::add(Submission submission)
{
    const auto submitted = submit(database, submission, "alice (uid 1000)", start);
    REQUIRE(submitted.outcome == Submitted::Outcome::added);
    return submitted.job_id;
}

JobId Queue::add_in(State state, int risk)
{
    const auto id =
        add({.kind = state == State::checked ? "user_setting.delete" : "cloud_pc.reboot",
             .target_id = machine,
             .dry_run = state == State::checked});
    fill(database, id, {.risk = risk, .touches = 1}, start);
    switch (state) {
        case State::submitted:
            break;
        case State::held:
            move(id, State::held, {.held_by = Hold::budget});
            break;
        case State::awaiting_approval:
        case State::queued:
        case State::rejected:
        case State::cancelled:
        case State::expired:
        case State::checked:
            move(id, state);
            break;
        case State::sending:
        case State::accepted:
        case State::in_doubt:
        case State::succeeded:
        case State::failed:
            move(id, State::queued);
            const auto attempt = send(intent(id, risk));
            if (state == State::sending)
                break;
            record_verdict(database, attempt.attempt_id,
                           state == State::in_doubt ? Verdict::unknown : Verdict::executed, {},
                           start);
            move(id, state);
            break;
    }
    REQUIRE(this->state(id) == state);
    return id;
}

void Queue::move(JobId job, State to, Change change)
{
    REQUIRE(transition(database, job, state(job), to, change, "daemon", start));
}

Job Queue::job(JobId id)
{
    auto found = find(database, id);
    REQUIRE(found.has_value());
    return *found;
}

Intent Queue::intent(JobId job, int risk)
{
    return {
        .job_id = job,
        .client_request_id = rng.uuid(),
        .method = "POST",
        .path = "/v1.0/deviceManagement/virtualEndpoint/cloudPCs/x/reboot",
        .acted_as = "application",
        .boot_id = "boot",
        .risk = risk,
        .targets = {{.resource = "cloud_pcs", .id = fmt::format("machine of job {}", job)}},
        .debit = risk == 2 ? 1 : 0,
    };
}

Attempt Queue::send(const Intent& intent, UtcTime now)
{
    const auto intended = record_intent(database, intent, now);
    REQUIRE(intended.attempt.has_value());
    return *intended.attempt;
}

}  // namespace cloudpcd::jobs::test
