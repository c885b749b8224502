#include "daemon/ctl/job_text.hpp"

#include "daemon/ctl/answer.hpp"
#include "daemon/ctl/text.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

namespace cloudpcd::ctl {

namespace json = boost::json;

namespace {

std::string cloud_pcs(const std::string& number)
{
    return fmt::format("{} Cloud PC{}", number, number == "1" ? "" : "s");
}

/// Whether people have to do with it: it waits for something, or came to nothing.
bool is_remarkable(const json::object& job)
{
    const auto state = jobs::parse_state(text_of(job, "state"));
    const auto outcome = outcome_of(job);
    return outcome == ExitStatus::failed || outcome == ExitStatus::in_doubt ||
           state == jobs::State::held || state == jobs::State::awaiting_approval;
}

/// Of job_targets; a bulk action may name hundreds.
constexpr std::size_t targets_shown_max = 20;
/// Jobs named for one reason in a summary.
constexpr std::size_t jobs_named_max = 10;

std::string target_of(const json::object& job)
{
    auto name = text_of(job, "target_name");
    return name.empty() ? text_of(job, "target_id") : name;
}

std::string target_with_id(const json::object& job)
{
    const auto name = text_of(job, "target_name");
    const auto id = text_of(job, "target_id");
    return name.empty() || name == id ? id : fmt::format("{} ({})", name, id);
}

/// A member of any type as text; empty for null and for what is not there.
std::string any_of(const json::object& object, std::string_view name)
{
    const auto* member = object.if_contains(name);
    if (member == nullptr || member->is_null())
        return {};
    if (member->is_string())
        return printable(member->get_string());
    return printable(json::serialize(*member));
}

void add_line(std::string& text, std::string_view label, const std::string& value)
{
    if (!value.empty())
        text += fmt::format("{:<16}{}\n", label, value);
}

std::string requester_of(const json::object& job)
{
    auto name = text_of(job, "requested_by");
    if (flag_of(job, "actor_verified"))
        return name;
    return fmt::format("{} (claimed, the row came by SQL)", name.empty() ? "nobody" : name);
}

std::string approval_of(const json::object& job)
{
    const auto by = text_of(job, "approved_by");
    return by.empty() ? by : fmt::format("{}, {}", by, text_of(job, "approved_at"));
}

std::string risk_of(const json::object& job)
{
    const auto risk = any_of(job, "risk");
    const auto touches = any_of(job, "touches");
    if (risk.empty())
        return {};
    return fmt::format("class {}, touches {}", risk,
                       touches.empty() ? "nobody knows how many" : cloud_pcs(touches));
}

std::string answer_of(const json::object& job)
{
    auto text = any_of(job, "http_status");
    for (const auto* member : {"error_code", "error_message"}) {
        if (const auto value = text_of(job, member); !value.empty())
            text += fmt::format("{}{}", text.empty() ? "" : ", ", value);
    }
    return text;
}

std::string head_of(const json::object& job)
{
    std::string text;
    add_line(text, "job", any_of(job, "job_id"));
    add_line(text, "kind", text_of(job, "kind"));
    add_line(text, "target", target_with_id(job));
    add_line(text, "state", standing_of(job));
    add_line(text, "looked at again", text_of(job, "due_at"));
    add_line(text, "params", any_of(job, "params"));
    add_line(text, "expect", any_of(job, "expect"));
    add_line(text, "reason", text_of(job, "reason"));
    add_line(text, "requested by", requester_of(job));
    add_line(text, "approved by", approval_of(job));
    add_line(text, "batch", text_of(job, "batch_id"));
    add_line(text, "risk", risk_of(job));
    add_line(text, "priority", any_of(job, "priority"));
    add_line(text, "dry run", flag_of(job, "dry_run") ? "yes" : "");
    add_line(text, "created at", text_of(job, "created_at"));
    add_line(text, "not before", text_of(job, "not_before"));
    add_line(text, "expires at", text_of(job, "expires_at"));
    add_line(text, "finished at", text_of(job, "finished_at"));
    add_line(text, "answer", answer_of(job));
    add_line(text, "result", any_of(job, "result"));
    add_line(text, "request id", text_of(job, "request_id"));
    return text;
}

std::string line_of_attempt(const json::object& attempt)
{
    const auto verdict = text_of(attempt, "verdict");
    auto line = fmt::format("  {} {} {} as {}: {}", text_of(attempt, "intent_at"),
                            text_of(attempt, "method"), text_of(attempt, "path"),
                            text_of(attempt, "acted_as"), verdict.empty() ? "on its way" : verdict);
    if (const auto answer = answer_of(attempt); !answer.empty())
        line += fmt::format(" ({})", answer);
    if (const auto evidence = text_of(attempt, "evidence"); !evidence.empty())
        line += fmt::format(", proved by {}", evidence);
    return line +
           fmt::format("\n    client-request-id {}\n", text_of(attempt, "client_request_id"));
}

std::string line_of_event(const json::object& event)
{
    const auto from = text_of(event, "from_state");
    const auto to = text_of(event, "to_state");
    auto line = fmt::format("  {} {}", text_of(event, "at"),
                            from.empty() || from == to ? to : fmt::format("{} → {}", from, to));
    line += fmt::format(", {}", text_of(event, "actor"));
    if (const auto reason = text_of(event, "reason"); !reason.empty())
        line += fmt::format(": {}", reason);
    return line + "\n";
}

template <class LineOf>
std::string section(const json::object& job, std::string_view member, std::string_view title,
                    std::size_t max, LineOf line_of)
{
    const auto* array = array_of(job, member);
    if (array == nullptr || array->empty())
        return {};
    auto text = fmt::format("\n{}\n", title);
    for (std::size_t i = 0; i < array->size() && i < max; ++i) {
        if (const auto* entry = (*array)[i].if_object())
            text += line_of(*entry);
    }
    if (array->size() > max)
        text += fmt::format("  and {} more\n", array->size() - max);
    return text;
}

std::string line_of_guard(const json::object& guard)
{
    const auto why = text_of(guard, "why");
    return fmt::format("  {:<14}{}{}{}\n", text_of(guard, "name"),
                       flag_of(guard, "passes") ? "passes" : "does not pass",
                       why.empty() ? "" : ": ", why);
}

}  // namespace

std::string name_of(const json::object& job)
{
    const auto target = target_of(job);
    return fmt::format("job {} {}{}{}", number_of(job, "job_id"), text_of(job, "kind"),
                       target.empty() ? "" : " ", target);
}

std::string standing_of(const json::object& job)
{
    const auto reason = text_of(job, "state_reason");
    return reason.empty() ? text_of(job, "state")
                          : fmt::format("{}: {}", text_of(job, "state"), reason);
}

void write_job_table(std::span<const json::object> jobs, Output& output, const TableLimits& limits)
{
    const auto table = make_row_writer(Format::table, output, limits);
    table->begin({"job", "state", "kind", "target", "requested by", "created at", "why"});
    for (const auto& job : jobs) {
        const std::array texts{
            text_of(job, "state"),        text_of(job, "kind"),       target_of(job),
            text_of(job, "requested_by"), text_of(job, "created_at"), text_of(job, "state_reason")};
        std::vector<Value> row{Value::of(number_of(job, "job_id"))};
        for (const auto& text : texts)
            row.push_back(text.empty() ? Value::null() : Value::of(std::string_view{text}));
        table->row(row);
    }
    table->end();
}

void write_job(const json::object& job, Output& output)
{
    constexpr std::size_t all = jobs::list_max;
    output.write(head_of(job));
    output.write(section(job, "job_attempts", "attempts", all, line_of_attempt));
    output.write(
        section(job, "job_targets", "targets", targets_shown_max, [](const json::object& target) {
            return fmt::format("  {} {}\n", text_of(target, "resource"),
                               text_of(target, "target_id"));
        }));
    output.write(section(job, "job_events", "events", all, line_of_event));
}

void write_check(const json::object& job, Output& output)
{
    output.write(fmt::format("{}: {}\n", name_of(job), standing_of(job)));
    const auto* result = job.if_contains("result");
    const auto* found = result == nullptr ? nullptr : result->if_object();
    if (found == nullptr)
        return;
    if (const auto* member = found->if_contains("request"); member && member->is_object()) {
        const auto& request = member->get_object();
        output.write(fmt::format("{} {}\n", text_of(request, "method"), text_of(request, "url")));
        if (const auto body = any_of(request, "body"); !body.empty())
            output.write(body + "\n");
    }
    output.write(
        fmt::format("touches {}\n", cloud_pcs(std::to_string(number_of(*found, "touches")))));
    if (const auto earliest = text_of(*found, "earliest"); !earliest.empty())
        output.write(fmt::format("fits the budgets at {}\n", earliest));
    output.write(section(*found, "guards", "guards", jobs::list_max, line_of_guard));
}

void write_summary(const Seen& seen, Output& output)
{
    // By state in the order of their life, then by reason: the same one is said once.
    std::map<std::pair<int, std::string>, std::vector<const json::object*>> groups;
    for (const auto& [id, job] : seen) {
        const auto state = jobs::parse_state(text_of(job, "state"));
        const auto order = state ? static_cast<int>(*state) : static_cast<int>(jobs::state_count);
        groups[{order, standing_of(job)}].push_back(&job);
    }
    for (const auto& [group, members] : groups) {
        output.write(fmt::format("{} {}\n", members.size(), group.second));
        if (!is_remarkable(*members.front()))
            continue;
        for (std::size_t i = 0; i < members.size() && i < jobs_named_max; ++i)
            output.write(fmt::format("  {}\n", name_of(*members[i])));
        if (members.size() > jobs_named_max)
            output.write(fmt::format("  and {} more\n", members.size() - jobs_named_max));
    }
}

}  // namespace cloudpcd::ctl
