// What people do in a world of jobs, and what is seen of it in the end.

#include "sync/core/log.hpp"
#include "sync/jobs/freeze.hpp"
#include "tests/simulation/jobs_process.hpp"
#include "tests/simulation/trace_hash.hpp"

#include <SQLiteCpp/Statement.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <fstream>
#include <stdexcept>
#include <utility>

namespace cloudpcd::simulation {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

std::string text_in(const std::string& object, std::string_view member)
{
    boost::system::error_code failed;
    const auto value = boost::json::parse(object, failed);
    if (failed || !value.is_object())
        return {};
    const auto* found = value.get_object().if_contains(member);
    return found != nullptr && found->is_string() ? std::string{found->get_string()} : "";
}

}  // namespace

/// Gives nothing when it cannot be written: the disk is full, or the process dies of it.
template <class Result, class F>
std::optional<Result> JobsWorld::change(F&& body)
{
    come_to_life();
    if (!x_process)
        return std::nullopt;
    try {
        auto result = body(x_process->queue.database());
        x_process->runner.kick();
        return result;
    } catch (const SQLite::Exception& failure) {
        if (failure.getErrorCode() != SQLITE_FULL)
            throw;
        return std::nullopt;
    }
}

void JobsWorld::note_submission(jobs::Submission& submission)
{
    come_to_life();
    if (!submission.request_id)
        submission.request_id = x_rng.uuid();
    std::map<std::string, std::string> users;
    if (x_process) {
        auto row = x_process->mirror_reader.database().prepared(
            "SELECT id, user_principal_name FROM cloud_pcs WHERE user_principal_name IS NOT NULL");
        while (row.step())
            users.emplace(row.string(0), row.string(1));
    }
    x_oracle.asked(submission, std::move(users));
}

jobs::JobId JobsWorld::submit(jobs::Submission submission)
{
    note_submission(submission);
    if (!submission.requested_by)
        submission.requested_by = "alice";
    const auto done = change<jobs::Submitted>([&](store::Database& queue) {
        return jobs::submit(queue, submission, *submission.requested_by, x_clock.utc_now());
    });
    return done ? done->job_id : 0;
}

jobs::JobId JobsWorld::insert(jobs::Submission submission)
{
    note_submission(submission);
    try {
        SQLite::Database stranger{x_file.string(), SQLite::OPEN_READWRITE, 1000};
        SQLite::Statement row{stranger,
                              "INSERT INTO jobs (request_id, kind, target_id, params, expect, "
                              "requested_by, batch_id, priority, not_before, expires_at, dry_run, "
                              "allow_duplicate) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
        int at = 0;
        const auto bind = [&](const std::optional<std::string>& text) {
            if (++at; text)
                row.bind(at, *text);
        };
        bind(submission.request_id);
        bind(submission.kind);
        bind(submission.target_id);
        bind(submission.params);
        bind(submission.expect);
        bind(submission.requested_by);
        bind(submission.batch_id);
        row.bind(++at, submission.priority.value_or(5));
        bind(submission.not_before);
        bind(submission.expires_at);
        row.bind(++at, submission.dry_run ? 1 : 0);
        row.bind(++at, submission.allow_duplicate ? 1 : 0);
        row.exec();
        if (x_process)
            x_process->runner.kick();
        return stranger.getLastInsertRowid();
    } catch (const SQLite::Exception&) {
        return 0;  // the disk is full, or the row says what it must not
    }
}

std::optional<jobs::CancelOutcome> JobsWorld::cancel(jobs::JobId job)
{
    return change<jobs::CancelOutcome>([&](store::Database& queue) {
        return jobs::cancel(queue, job, "not wanted any more", "alice", x_clock.utc_now());
    });
}

std::optional<jobs::ApproveOutcome> JobsWorld::approve(jobs::JobId job, std::string_view approver)
{
    return change<jobs::ApproveOutcome>([&](store::Database& queue) {
        return jobs::approve(queue, job,
                             {.approver = std::string{approver},
                              .actor = std::string{approver},
                              .own_allowed = x_options.settings.approval == config::Approval::none},
                             x_clock.utc_now());
    });
}

std::optional<jobs::ResolveOutcome> JobsWorld::resolve(jobs::JobId job, bool executed)
{
    return change<jobs::ResolveOutcome>([&](store::Database& queue) {
        return jobs::resolve(queue, job, executed, "looked at the machine", judge,
                             x_clock.utc_now());
    });
}

void JobsWorld::freeze()
{
    come_to_life();
    jobs::Freeze{x_file}.turn_on("a change freeze");
    x_oracle.freezes();
    if (x_process)
        x_process->runner.kick();
}

void JobsWorld::thaw()
{
    come_to_life();
    jobs::Freeze{x_file}.turn_off();
    x_oracle.thaws();
    if (x_process)
        x_process->runner.kick();
}

bool JobsWorld::frozen() const
{
    return jobs::Freeze{x_file}.is_on();
}

/// Nothing comes of it when the login host is out of order.
void JobsWorld::sign_in()
{
    come_to_life();
    if (!x_process)
        return;
    const auto& tenant = x_tenant.options();
    const auto post = [&](std::string_view what, const std::string& form) {
        return x_tenant.handle({.method = "POST",
                                .target = fmt::format("/{}/oauth2/v2.0/{}", tenant.tenant_id, what),
                                .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                .body = form});
    };
    const auto code =
        post("devicecode", fmt::format("client_id={}&scope=https%3A%2F%2Fgraph.microsoft.com%2F"
                                       "CloudPC.ReadWrite.All+offline_access+openid+profile",
                                       tenant.client_id));
    const auto user_code = text_in(code.body, "user_code");
    if (!x_tenant.approve_sign_in(user_code))
        return;
    const auto token =
        post("token", fmt::format("grant_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                                  "grant-type%3Adevice_code&client_id={}"
                                  "&device_code={}",
                                  tenant.client_id, text_in(code.body, "device_code")));
    auto grant = graph::parse_token_grant(token.body, x_clock.utc_now());
    if (!grant)
        return;
    grant->requested_at = x_clock.steady_now();
    if (x_process->user->sign_in(*std::move(grant)))
        x_process->runner.kick();
}

void JobsWorld::reassign(const std::string& cloud_pc)
{
    const auto user = fmt::format("newcomer{}@contoso.com", ++x_reassignments);
    if (x_tenant.modify("cloudPCs", cloud_pc, fmt::format(R"({{"userPrincipalName":"{}"}})", user)))
        x_oracle.reassigned(cloud_pc);
}

void JobsWorld::pull(std::string_view table)
{
    if (!x_process)
        return;
    for (const auto& one : x_tables) {
        if (one.collection().table != table)
            continue;
        const auto pull = [](Process& process, const mirror::Table& of) -> asio::awaitable<void> {
            co_await process.puller.pull(of);
        };
        asio::co_spawn(x_process->io, pull(*x_process, one), [](const std::exception_ptr&) {});
    }
}

void JobsWorld::back_up()
{
    come_to_life();
    const auto copy = next_place();
    for (const std::string_view suffix : {"", "-wal"}) {
        if (fs::exists(beside(suffix)))
            fs::copy_file(beside(suffix), copy.string() + std::string{suffix});
    }
    x_backup = copy;
}

void JobsWorld::restore()
{
    end_in_order();
    x_oracle.replaced_by(*x_backup, false);
    const auto next = next_place();
    for (const std::string_view suffix : {"", "-wal"}) {
        const auto from = x_backup->string() + std::string{suffix};
        if (fs::exists(from))
            fs::copy_file(from, next.string() + std::string{suffix});
    }
    for (const auto& [from, to] :
         {std::pair{fs::path{beside(".anchor")}, fs::path{next.string() + ".anchor"}},
          std::pair{jobs::Freeze{x_file}.path(), jobs::Freeze{next}.path()}}) {
        if (fs::exists(from))
            fs::copy_file(from, to);
    }
    x_file = next;
    if (x_anchor_broken)
        break_anchor(true);
    try_to_start();
}

void JobsWorld::move_to_other_machine()
{
    end_in_order();
    std::ofstream{x_directory.path() / "machine-id"} << fmt::format("machine-{}\n", ++x_machine);
    x_oracle.replaced_by(x_file, true);
    try_to_start();
}

std::string JobsWorld::value(const std::string& sql) const
{
    const auto all = rows(sql);
    if (all.size() != 1)
        throw std::logic_error{fmt::format("{} rows: {}", all.size(), sql)};
    return all.front();
}

std::string JobsWorld::state(jobs::JobId job) const
{
    return value(fmt::format("SELECT state FROM jobs WHERE job_id = {}", job));
}

std::string JobsWorld::any_id(std::string_view set) const
{
    const auto all = x_tenant.objects(set);
    if (all.empty())
        throw std::logic_error{fmt::format("the tenant has no {}", set)};
    return all.front().id;
}

std::size_t JobsWorld::executions(jobs::JobId job) const
{
    return x_oracle.executions(
        value(fmt::format("SELECT request_id FROM jobs WHERE job_id = {}", job)));
}

std::string JobsWorld::problems()
{
    auto report = x_oracle.problems(x_process != nullptr && x_next.empty());
    const std::string said = file_contents(x_file) + file_contents(beside("-wal")) + log();
    std::vector<std::string> secrets{std::string{canary_secret}, std::string{canary_password}};
    auto tokens = x_tokens;
    if (x_process)
        tokens.insert(tokens.end(), x_process->network.tokens().begin(),
                      x_process->network.tokens().end());
    for (const auto& token : tokens)
        secrets.push_back(token.substr(token.rfind('.') + 1));  // header and claims are none
    for (const auto& secret : secrets) {
        if (said.find(secret) != std::string::npos)
            report += "a secret is in queue or log\n";
    }
    return report;
}

std::uint64_t JobsWorld::trace_hash() const
{
    TraceHash hash;
    auto exchanges = x_exchanges;
    if (x_process)
        exchanges.insert(exchanges.end(), x_process->network.exchanges().begin(),
                         x_process->network.exchanges().end());
    for (const auto& exchange : exchanges) {
        hash.add(exchange.sent_at.time_since_epoch().count());
        hash.add(exchange.method);
        hash.add(exchange.url);
        hash.add(exchange.status);
    }
    for (const auto* table :
         {"jobs ORDER BY job_id", "job_attempts ORDER BY attempt_id",
          "job_events ORDER BY event_id", "job_targets ORDER BY job_id, resource, target_id",
          "guard_ledger ORDER BY attempt_id"}) {
        for (auto row : rows(fmt::format("SELECT * FROM {}", table))) {
            // Messages name files, whose directory is another one each time.
            const auto directory = x_directory.path().string();
            for (auto at = row.find(directory); at != std::string::npos; at = row.find(directory))
                row.erase(at, directory.size());
            hash.add(row);
        }
    }
    return hash.value();
}

}  // namespace cloudpcd::simulation
