#include "daemon/control/job_requests.hpp"

#include "sync/core/time.hpp"
#include "sync/jobs/parameters.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace cloudpcd::daemon::control {

namespace json = boost::json;

namespace {

using Problems = std::vector<std::string>;

Problem bad_request(std::string detail)
{
    return {.status = 400, .detail = std::move(detail)};
}

std::string accepted(std::string_view name, std::string_view what)
{
    return fmt::format("{}: accepted: {}", name, what);
}

template <class Member>
std::string names_of(const Member& members)
{
    std::vector<std::string_view> names;
    names.reserve(members.size());
    for (const auto& member : members)
        names.push_back(member.name);
    return fmt::format("{}", fmt::join(names, ", "));
}

/// A member of a job: what reads it into the submission, and what it may be.
struct JobMember {
    std::string_view name;
    std::string_view accepted;
    bool (*read)(const json::value& value, jobs::Submission& into);
};

template <std::optional<std::string> jobs::Submission::* field>
bool read_text(const json::value& value, jobs::Submission& into)
{
    if (!value.is_string())
        return false;
    (into.*field).emplace(value.get_string());
    return true;
}

template <std::optional<std::string> jobs::Submission::* field>
bool read_object(const json::value& value, jobs::Submission& into)
{
    if (!value.is_object())
        return false;
    into.*field = json::serialize(value);
    return true;
}

/// RFC 3339 becomes what SQLite reads; of other spellings the database says what is wrong.
template <std::optional<std::string> jobs::Submission::* field>
bool read_time(const json::value& value, jobs::Submission& into)
{
    if (!value.is_string())
        return false;
    const std::string text{value.get_string()};
    const auto time = parse_graph_time(text);
    into.*field = time ? format_sql_time(*time) : text;
    return true;
}

template <bool jobs::Submission::* field>
bool read_flag(const json::value& value, jobs::Submission& into)
{
    if (!value.is_bool())
        return false;
    into.*field = value.get_bool();
    return true;
}

bool read_kind(const json::value& value, jobs::Submission& into)
{
    if (!value.is_string())
        return false;
    into.kind = value.get_string();
    return !into.kind.empty();
}

bool read_priority(const json::value& value, jobs::Submission& into)
{
    if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > 9)
        return false;
    into.priority = static_cast<int>(value.get_int64());
    return true;
}

bool read_request_id(const json::value& value, jobs::Submission& into)
{
    return read_text<&jobs::Submission::request_id>(value, into) && jobs::is_guid(*into.request_id);
}

bool read_reason(const json::value& value, jobs::Submission& into)
{
    return read_text<&jobs::Submission::reason>(value, into) &&
           into.reason->size() <= reason_bytes_max;
}

using jobs::Submission;
constexpr auto some_text = "text";
constexpr auto some_time = "a time, such as 2026-05-31T18:00:00Z";
constexpr std::array job_members{
    JobMember{"kind", "a kind, such as cloud_pc.reboot", read_kind},
    JobMember{"target_id", some_text, read_text<&Submission::target_id>},
    JobMember{"params", "an object", read_object<&Submission::params>},
    JobMember{"expect", "an object", read_object<&Submission::expect>},
    JobMember{"reason", "text of at most 1000 bytes", read_reason},
    JobMember{"batch_id", some_text, read_text<&Submission::batch_id>},
    JobMember{"priority", "0 to 9", read_priority},
    JobMember{"not_before", some_time, read_time<&Submission::not_before>},
    JobMember{"expires_at", some_time, read_time<&Submission::expires_at>},
    JobMember{"dry_run", "true or false", read_flag<&Submission::dry_run>},
    JobMember{"allow_duplicate", "true or false", read_flag<&Submission::allow_duplicate>},
    JobMember{"request_id", "a UUID", read_request_id},
};

/// What is wrong with one member of a job; empty: nothing.
std::string read_job_member(std::string_view name, const json::value& value, Submission& into)
{
    if (name == "requested_by")
        return "requested_by: it is the caller, as the kernel knows them";
    const auto* const member = std::ranges::find(job_members, name, &JobMember::name);
    if (member == job_members.end())
        return fmt::format("{}: no such member, accepted: {}", name, names_of(job_members));
    if (value.is_null() || member->read(value, into))
        return {};
    return accepted(name, member->accepted);
}

// Queries ---------------------------------------------------------------------------------------

std::optional<std::int64_t> read_number(std::string_view text, std::int64_t least,
                                        std::int64_t most)
{
    std::int64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc{} || stop != end || number < least || number > most)
        return std::nullopt;
    return number;
}

/// What is wrong with one parameter of a list; empty: nothing.
std::string read_parameter(std::string_view name, const std::string& value, jobs::Filter& filter)
{
    if (name == "state") {
        const auto states = jobs::parse_states(value);
        if (!states)
            return accepted(name, jobs::state_names());
        filter.states = *states;
        return {};
    }
    if (name == "before" || name == "max") {
        const bool is_max = name == "max";
        const auto number = read_number(value, 1, is_max ? jobs::list_max : INT64_MAX);
        if (!number)
            return accepted(name, is_max ? "1 to 1000" : "the number of a job");
        if (is_max)
            filter.max = static_cast<int>(*number);
        else
            filter.before = *number;
    } else if (name == "kind") {
        filter.kind = value;
    } else if (name == "batch_id") {
        filter.batch_id = value;
    } else if (name == "target_id") {
        filter.target_id = value;
    } else if (name == "requested_by") {
        filter.requested_by = value;
    } else {
        return fmt::format(
            "{}: no such parameter, accepted: batch_id, before, kind, max, "
            "requested_by, state, target_id",
            name);
    }
    return {};
}

// Actions ---------------------------------------------------------------------------------------

std::string read_ids(const json::value& value, std::vector<jobs::JobId>& ids)
{
    const auto* array = value.if_array();
    if (array == nullptr || array->empty() || array->size() > jobs_in_request_max ||
        !std::ranges::all_of(*array, [](const json::value& id) { return id.is_int64(); }))
        return accepted("ids", fmt::format("1 to {} numbers of jobs", jobs_in_request_max));
    for (const auto& id : *array)
        ids.push_back(id.get_int64());
    return {};
}

std::string read_hashes(const json::value& value, std::map<jobs::JobId, std::string>& hashes)
{
    auto refusal = accepted("content_hashes", "an object of job_id and content_hash");
    const auto* object = value.if_object();
    if (object == nullptr || object->empty())
        return refusal;
    for (const auto& [id, hash] : *object) {
        const auto job = read_job_id(id);
        if (!job || !hash.is_string() || hash.get_string().empty())
            return refusal;
        hashes.emplace(*job, std::string{hash.get_string()});
    }
    return {};
}

/// What is wrong with one member of an action; empty: nothing.
std::string read_action_member(std::string_view name, const json::value& value,
                               const ActionMembers& members, ActionWish& wish)
{
    if (name == "reason") {
        if (!value.is_string() || value.get_string().size() > reason_bytes_max)
            return accepted(name, fmt::format("text of at most {} bytes", reason_bytes_max));
        wish.reason = value.get_string();
        return {};
    }
    if (name == "ids" && members.selects)
        return read_ids(value, wish.ids);
    if (name == "batch_id" && members.selects) {
        if (!value.is_string() || value.get_string().empty())
            return accepted(name, some_text);
        wish.batch_id.emplace(value.get_string());
        return {};
    }
    if (name == "content_hashes" && members.hashes && members.selects)
        return read_hashes(value, wish.content_hashes);
    if (name == "content_hash" && members.hashes && !members.selects) {
        if (!value.is_string() || value.get_string().empty())
            return accepted(name, some_text);
        wish.content_hashes.emplace(0, std::string{value.get_string()});
        return {};
    }
    if (name == "executed" && members.verdict) {
        if (!value.is_bool())
            return accepted(name, "true or false");
        wish.executed = value.get_bool();
        return {};
    }
    return fmt::format("{}: no such member", name);
}

/// What an action lacks; empty: nothing.
std::string missing_of(const ActionWish& wish, const ActionMembers& members)
{
    if (members.selects && wish.ids.empty() == !wish.batch_id.has_value())
        return "either ids or batch_id says which jobs";
    if (members.verdict && !wish.executed)
        return accepted("executed", "true or false");
    if (members.verdict && wish.reason.empty())
        return "reason: a verdict needs one";
    return {};
}

}  // namespace

JobWish read_job(const json::object& body)
{
    JobWish wish;
    for (const auto& [name, value] : body) {
        auto problem = read_job_member(name, value, wish.submission);
        if (!problem.empty())
            wish.problems.push_back(std::move(problem));
    }
    if (wish.submission.kind.empty() && !body.contains("kind"))
        wish.problems.emplace_back("kind: is missing");
    return wish;
}

std::variant<std::vector<JobWish>, Problem> read_jobs(const json::object& body)
{
    const auto* array = body.at("jobs").if_array();
    if (body.size() != 1 || array == nullptr || array->empty() ||
        array->size() > jobs_in_request_max)
        return bad_request(
            accepted("jobs", fmt::format("an array of 1 to {} jobs, and no other member beside it",
                                         jobs_in_request_max)));
    std::vector<JobWish> wishes;
    for (const auto& job : *array) {
        if (!job.is_object())
            return bad_request(accepted("jobs", "an array of objects"));
        wishes.push_back(read_job(job.get_object()));
    }
    return wishes;
}

std::variant<jobs::Filter, Problem> read_filter(const Parameters& query)
{
    jobs::Filter filter;
    for (const auto& [name, value] : query) {
        auto problem = read_parameter(name, value, filter);
        if (!problem.empty())
            return bad_request(std::move(problem));
    }
    return filter;
}

std::optional<jobs::JobId> read_job_id(std::string_view text)
{
    return read_number(text, 1, INT64_MAX);
}

std::variant<ActionWish, Problem> read_action(const json::object& body,
                                              const ActionMembers& members)
{
    ActionWish wish;
    for (const auto& [name, value] : body) {
        auto problem = read_action_member(name, value, members, wish);
        if (!problem.empty())
            return bad_request(std::move(problem));
    }
    if (auto missing = missing_of(wish, members); !missing.empty())
        return bad_request(std::move(missing));
    return wish;
}

}  // namespace cloudpcd::daemon::control
