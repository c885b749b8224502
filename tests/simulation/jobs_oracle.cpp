#include "tests/simulation/jobs_oracle.hpp"

#include "sync/graph/clock_skew.hpp"
#include "sync/jobs/facts.hpp"
#include "tests/simulation/sim_disk.hpp"

#include <SQLiteCpp/Statement.h>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace cloudpcd::simulation {

namespace bj = boost::json;
using namespace std::chrono_literals;

namespace {

/// A read on its way when things changed may still be believed.
constexpr Duration read_slack = 2s;
/// Between an intent and its execution: what a window of the budgets may be off.
constexpr Duration execution_slack = 3min;

std::unique_ptr<SQLite::Database> open(const std::filesystem::path& file)
{
    return std::make_unique<SQLite::Database>(fmt::format("file:{}?mode=ro", file.string()),
                                              SQLite::OPEN_READONLY | SQLite::OPEN_URI);
}

std::string header_of(const graph::HttpRequest& request, std::string_view name)
{
    const auto found = std::ranges::find(request.headers, name, &graph::Header::name);
    return found == request.headers.end() ? "" : found->value;
}

std::string text_in(std::string_view object, std::string_view member)
{
    boost::system::error_code failed;
    const auto value = bj::parse(object, failed);
    if (failed || !value.is_object())
        return {};
    const auto* found = value.get_object().if_contains(member);
    return found != nullptr && found->is_string() ? std::string{found->get_string()} : "";
}

bool is_delete(std::string_view kind)
{
    return kind.ends_with(".delete");
}

}  // namespace

/// What a stranger reads of the request that is leaving.
struct JobsOracle::Row {
    std::int64_t attempt_id = 0;
    bool has_verdict = false;
    jobs::JobId job_id = 0;
    std::string request_id{};
    std::string kind{};
    int risk = 0;
    std::string state{};
    std::string not_before{};
    std::string expires_at{};
    bool asked_to_wait = false;  ///< for not_before
    std::optional<std::string> approved_by{};
    std::string requested_by{};
    std::vector<std::string> cloud_pcs{};

    std::string who() const { return fmt::format("job {} ({})", job_id, kind); }
};

void JobsOracle::look_at(std::filesystem::path file)
{
    x_reader.reset();
    x_file = std::move(file);
}

Rows JobsOracle::rows(const std::string& sql) const
{
    if (!x_reader)
        x_reader = open(x_file);
    return rows_of(*x_reader, sql);
}

void JobsOracle::complain(std::string problem)
{
    constexpr std::size_t problems_max = 20;
    if (x_problems.size() < problems_max)
        x_problems.push_back(std::move(problem));
}

void JobsOracle::asked(const jobs::Submission& submission, std::map<std::string, std::string> users)
{
    Asked asked{.users = std::move(users), .target = submission.target_id.value_or("")};
    if (submission.expect) {
        const auto user = text_in(*submission.expect, "userPrincipalName");
        if (!user.empty())
            asked.expected_user = user;
    }
    x_asked.insert_or_assign(submission.request_id.value_or(""), std::move(asked));
}

void JobsOracle::freezes()
{
    if (!x_frozen_at)
        x_frozen_at = x_clock.steady_now();
}

bool JobsOracle::replaced_by(const std::filesystem::path& queue, bool on_other_machine)
{
    const auto other = open(queue);
    const auto highest = rows_of(*other, "SELECT coalesce(max(attempt_id), 0) FROM job_attempts");
    const auto database = rows_of(*other, "SELECT value FROM meta WHERE key = 'database_id'");
    const auto known = anchor();
    const auto sent = known ? known->attempt : 0;
    const bool behind =
        std::stoll(highest.front()) < sent || (known && known->database_id != database.front());
    if (queue != x_file) {
        ++x_era;
        x_era_began = graph_now();
    }
    if (!behind && !(on_other_machine && known))
        return false;
    freezes();
    for (auto& request_id :
         rows_of(*other,
                 "SELECT request_id FROM jobs WHERE finished_at IS NULL AND dry_run = 0 "
                 "AND state NOT IN ('sending', 'accepted', 'in_doubt')"))
        x_restored.insert(std::move(request_id));
    for (auto& request_id : rows_of(*other,
                                    "SELECT request_id FROM jobs "
                                    "WHERE state IN ('sending', 'accepted', 'in_doubt')"))
        x_looked_at.insert(std::move(request_id));
    return true;
}

std::optional<JobsOracle::Anchor> JobsOracle::anchor() const
{
    boost::system::error_code failed;
    const auto value = bj::parse(file_contents(x_file.string() + ".anchor"), failed);
    if (failed)
        return std::nullopt;
    return Anchor{.database_id = std::string{value.at("database_id").as_string()},
                  .attempt = value.at("attempt").as_int64()};
}

void JobsOracle::leaving(const graph::HttpRequest& request)
{
    if (request.method == "GET" || !header_of(request, "Authorization").starts_with("Bearer "))
        return;
    const auto id = header_of(request, "client-request-id");
    if (x_sent.contains(id))
        return complain(fmt::format("{} {} leaves twice", request.method, request.url.target));
    if (!x_reader)
        x_reader = open(x_file);
    SQLite::Statement query{
        *x_reader,
        "SELECT a.attempt_id, a.verdict IS NOT NULL, j.job_id, j.request_id, j.kind, j.risk, "
        "j.state, j.not_before, j.expires_at, j.approved_by, j.requested_by, "
        "j.not_before <> j.created_at "
        "FROM job_attempts a JOIN jobs j ON j.job_id = a.job_id WHERE a.client_request_id = ?"};
    query.bind(1, id);
    if (!query.executeStep()) {
        x_sent[id] = {};
        return complain(fmt::format("{} {} leaves, and the queue knows nothing of it",
                                    request.method, request.url.target));
    }
    Row row{.attempt_id = query.getColumn(0).getInt64(),
            .has_verdict = query.getColumn(1).getInt() != 0,
            .job_id = query.getColumn(2).getInt64(),
            .request_id = query.getColumn(3).getString(),
            .kind = query.getColumn(4).getString(),
            .risk = query.getColumn(5).getInt(),
            .state = query.getColumn(6).getString(),
            .not_before = query.getColumn(7).getString(),
            .expires_at = query.getColumn(8).getString(),
            .asked_to_wait = query.getColumn(11).getInt() != 0,
            .requested_by = query.getColumn(10).getString()};
    if (!query.isColumnNull(9))
        row.approved_by = query.getColumn(9).getString();
    row.cloud_pcs =
        rows(fmt::format("SELECT target_id FROM job_targets WHERE job_id = {} AND "
                         "resource = 'cloud_pcs' AND open = 1 ORDER BY 1",
                         row.job_id));
    x_sent[id] = {.request_id = row.request_id,
                  .kind = row.kind,
                  .risk = row.risk,
                  .approved = row.approved_by.has_value(),
                  .era = x_era};
    check_intent(row);
    check_times(row);
    check_users(row);
}

void JobsOracle::check_intent(const Row& row)
{
    if (row.state != "sending" || row.has_verdict)
        complain(fmt::format("{} leaves while it is {}", row.who(), row.state));
    if (const auto known = anchor(); !known || known->attempt < row.attempt_id)
        complain(fmt::format("{} leaves before the anchor knows it", row.who()));
    if (x_frozen_at && *x_frozen_at < x_clock.steady_now())
        complain(fmt::format("{} leaves while writes are frozen", row.who()));
    if (x_restored.contains(row.request_id) || x_looked_at.contains(row.request_id))
        complain(fmt::format("{} of a restored queue acts", row.who()));
    using config::Approval;
    const bool needed = x_settings.approval == Approval::all ||
                        (x_settings.approval == Approval::destructive && row.risk == 2);
    if (needed && (!row.approved_by || row.approved_by == row.requested_by))
        complain(fmt::format("{} leaves without an approval by somebody else", row.who()));
}

void JobsOracle::check_times(const Row& row)
{
    const auto ours = x_clock.utc_now();
    const auto expires = parse_sql_time(row.expires_at);
    const auto begins = parse_sql_time(row.not_before);
    if (!expires || !begins)
        return complain(fmt::format("{} leaves without its times", row.who()));
    const auto least = graph_now() - graph::clock_skew_max - read_slack;
    const auto most = graph_now() + graph::clock_skew_max + read_slack;
    if (ours >= *expires || least >= *expires)
        complain(fmt::format("{} leaves after it has expired", row.who()));
    if (ours < *begins || most < *begins || (row.asked_to_wait && graph_now() < *begins))
        complain(fmt::format("{} leaves before its time", row.who()));
}

void JobsOracle::check_users(const Row& row)
{
    const auto asked = x_asked.find(row.request_id);
    if (asked == x_asked.end())
        return complain(fmt::format("{} was asked for by nobody", row.who()));
    for (const auto& cloud_pc : row.cloud_pcs) {
        const auto change = x_reassigned.find(cloud_pc);
        if (change != x_reassigned.end() &&
            change->second + jobs::facts_age_max + read_slack >= x_clock.steady_now())
            continue;
        const auto object = x_tenant.object("cloudPCs", cloud_pc);
        const auto user = object ? text_in(object->text, "userPrincipalName") : "";
        const auto before = asked->second.users.find(cloud_pc);
        if (row.risk == 2 && before != asked->second.users.end() && before->second != user)
            complain(fmt::format("{} wipes the Cloud PC of {}, when it was asked for that of {}",
                                 row.who(), user, before->second));
        if (asked->second.expected_user && *asked->second.expected_user != user &&
            cloud_pc == asked->second.target)
            complain(fmt::format("{} leaves against its expectation", row.who()));
    }
}

std::size_t JobsOracle::executions(std::string_view request_id) const
{
    const auto& entries = x_tenant.executions().entries();
    return static_cast<std::size_t>(std::ranges::count_if(entries, [&](const auto& execution) {
        const auto sent = x_sent.find(execution.client_request_id);
        return sent != x_sent.end() && sent->second.request_id == request_id;
    }));
}

std::string JobsOracle::problems(bool resting) const
{
    std::string report;
    for (const auto& problem : x_problems)
        report += problem + '\n';
    return report + check_executions() + check_budgets() + check_events() + check_overlaps() +
           check_rest(resting);
}

/// At most one for each job of class 1 or 2, and as many as its state says.
std::string JobsOracle::check_executions() const
{
    std::string report;
    std::map<std::string, std::size_t, std::less<>> counts;
    std::set<std::string, std::less<>> repeatable;
    for (const auto& execution : x_tenant.executions().entries()) {
        const auto sent = x_sent.find(execution.client_request_id);
        if (sent == x_sent.end()) {
            report += fmt::format("{} was carried out, and never left\n", execution.verb);
            continue;
        }
        if (sent->second.risk == 0)
            repeatable.insert(sent->second.request_id);
        if (++counts[sent->second.request_id] > 1 && sent->second.risk > 0)
            report += fmt::format("{} was carried out {} times for one job\n", execution.verb,
                                  counts[sent->second.request_id]);
    }
    if (!x_reader)
        x_reader = open(x_file);
    SQLite::Statement query{
        *x_reader,
        fmt::format(
            "SELECT job_id, request_id, kind, state, coalesce(state_reason, ''),"
            " (SELECT verdict FROM job_attempts a WHERE a.job_id = jobs.job_id "
            "  ORDER BY attempt DESC LIMIT 1),"
            " EXISTS (SELECT 1 FROM job_events e WHERE e.job_id = jobs.job_id AND e.actor = '{}')"
            " FROM jobs ORDER BY job_id",
            judge)};
    while (query.executeStep()) {
        const auto request_id = query.getColumn(1).getString();
        const auto state = query.getColumn(3).getString();
        const auto reason = query.getColumn(4).getString();
        const auto verdict = query.isColumnNull(5) ? "" : query.getColumn(5).getString();
        const bool by_person = query.getColumn(6).getInt() != 0;
        const auto count = counts.contains(request_id) ? counts.at(request_id) : 0;
        const bool may_repeat = repeatable.contains(request_id);
        // A copy of the queue does not know what the original sent.
        if (x_restored.contains(request_id) || by_person)
            continue;
        const auto kind = query.getColumn(2).getString();
        const bool gone = is_delete(kind) && count == 0;
        std::optional<std::size_t> wanted;
        if ((state == "succeeded" && !gone) || (state == "failed" && verdict == "executed") ||
            state == "accepted")
            wanted = 1;
        else if (state != "succeeded" && state != "sending" && state != "in_doubt" &&
                 state != "accepted")
            wanted = 0;
        if (wanted && count != *wanted && !may_repeat)
            report += fmt::format("job {} ({}) is {} ({}), and was carried out {} times\n",
                                  query.getColumn(0).getInt64(), kind, state, reason, count);
        if (wanted == 1 && may_repeat && count == 0)
            report += fmt::format("job {} ({}) is {}, and was never carried out\n",
                                  query.getColumn(0).getInt64(), kind, state);
    }
    return report;
}

/// Cloud PCs that destructive requests acted upon, in any window.
std::string JobsOracle::check_budgets() const
{
    struct Debit {
        UtcTime at{};
        std::int64_t cloud_pcs = 0;
    };
    std::vector<Debit> debits;
    for (const auto& execution : x_tenant.executions().entries()) {
        const auto sent = x_sent.find(execution.client_request_id);
        // A restored ledger knows nothing of what was sent after the copy.
        if (sent == x_sent.end() || sent->second.era != x_era || sent->second.risk != 2 ||
            sent->second.approved || execution.time < x_era_began)
            continue;
        debits.push_back({execution.time, std::ssize(execution.cloud_pcs)});
    }
    const auto within = [&](Duration window) {
        std::int64_t most = 0;
        for (const auto& last : debits) {
            std::int64_t sum = 0;
            for (const auto& one : debits)
                sum += one.at <= last.at && one.at > last.at - window ? one.cloud_pcs : 0;
            most = std::max(most, sum);
        }
        return most;
    };
    const auto fleet = static_cast<double>(x_tenant.options().cloud_pcs);
    const auto per_day =
        std::max(3.0, std::floor(x_settings.destructive_fraction_per_day * fleet + 1e-9));
    std::string report;
    if (const auto most = within(1h - execution_slack); most > x_settings.destructive_per_hour)
        report += fmt::format("{} Cloud PCs within an hour, the budget is {}\n", most,
                              x_settings.destructive_per_hour);
    if (const auto most = within(24h - execution_slack); static_cast<double>(most) > per_day)
        report += fmt::format("{} Cloud PCs within a day, the budget is {}\n", most, per_day);
    return report;
}

/// Each change of state is one event, and they follow from one another.
std::string JobsOracle::check_events() const
{
    std::string report;
    for (const auto& row :
         rows("SELECT e.job_id, e.event_id, e.from_state, e.to_state, coalesce("
              " (SELECT p.to_state FROM job_events p WHERE p.job_id = e.job_id"
              "   AND p.event_id < e.event_id ORDER BY p.event_id DESC LIMIT 1), 'submitted') "
              "FROM job_events e WHERE coalesce(e.from_state, 'submitted') <> coalesce("
              " (SELECT p.to_state FROM job_events p WHERE p.job_id = e.job_id"
              "   AND p.event_id < e.event_id ORDER BY p.event_id DESC LIMIT 1), 'submitted')"))
        report += fmt::format("an event that does not follow: {}\n", row);
    for (const auto& row :
         rows("SELECT job_id, state FROM jobs WHERE state <> coalesce((SELECT to_state FROM "
              "job_events e WHERE e.job_id = jobs.job_id ORDER BY event_id DESC LIMIT 1), "
              "'submitted')"))
        report += fmt::format("a state without its event: {}\n", row);
    return report;
}

/// One active job for each object.
std::string JobsOracle::check_overlaps() const
{
    const auto is_active = [](std::string_view state) {
        return state == "sending" || state == "accepted" || state == "in_doubt";
    };
    std::string report;
    std::map<std::string, std::string> holders;
    SQLite::Statement query{
        *x_reader,
        "SELECT t.resource || ' ' || t.target_id, e.job_id, e.from_state, e.to_state "
        "FROM job_events e JOIN job_targets t ON t.job_id = e.job_id ORDER BY e.event_id, 1"};
    while (query.executeStep()) {
        const auto object = query.getColumn(0).getString();
        const auto job = query.getColumn(1).getString();
        const bool before = is_active(query.getColumn(2).getString());
        const bool after = is_active(query.getColumn(3).getString());
        const auto holder = holders.find(object);
        if (after && holder != holders.end() && holder->second != job)
            report += fmt::format("jobs {} and {} are active on {}\n", holder->second, job, object);
        if (after)
            holders[object] = job;
        else if (before && holder != holders.end() && holder->second == job)
            holders.erase(holder);
    }
    return report;
}

std::string JobsOracle::check_rest(bool resting) const
{
    std::string report;
    const auto expect_none = [&](std::string_view what, const std::string& sql) {
        for (const auto& row : rows(sql))
            report += fmt::format("{}: {}\n", what, row);
    };
    if (resting) {
        expect_none("a job is stuck",
                    "SELECT job_id, kind, state FROM jobs WHERE state = 'sending'");
        expect_none("an attempt has no verdict",
                    "SELECT job_id, attempt FROM job_attempts WHERE verdict IS NULL");
    }
    expect_none("a job that was sent twice, and may not be",
                "SELECT job_id, kind, count(*) FROM job_attempts JOIN jobs USING (job_id) "
                "WHERE risk > 0 AND verdict IS NOT 'not_executed' GROUP BY job_id "
                "HAVING count(*) > 1");
    expect_none("integrity", "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'");
    expect_none("foreign keys", "SELECT * FROM pragma_foreign_key_check");
    return report;
}

}  // namespace cloudpcd::simulation
