#include "sync/jobs/plan.hpp"

#include "schema/catalog.hpp"
#include "sync/jobs/params_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace cloudpcd::jobs {

namespace bj = boost::json;

using schema::Action;

namespace {

/// "expect" or "expect.NAME" with what is wrong with it; names and types only, no values.
std::string about_expect(std::string_view path, std::string_view what)
{
    constexpr std::string_view plural = "are ";  // as params are
    if (path.empty() && what.starts_with(plural))
        return fmt::format("expect is {}", what.substr(plural.size()));
    return path.empty() ? fmt::format("expect {}", what) : fmt::format("expect.{} {}", path, what);
}

/// The table whose columns `expect` may name: of the target, or of the Cloud PCs of a bulk action.
const schema::Collection* compared_with(const Action& action)
{
    if (!action.target.empty())
        return schema::find_collection(action.target);
    const schema::Touches touches = action.touches;
    return touches == schema::Touches::listed ? schema::find_collection(action.listed) : nullptr;
}

/// Properties that are not in the catalog are not asked for either: a misspelt one would be absent
/// for ever, and one that is expected to be null would always hold.
bool has_property(const schema::Collection& collection, std::string_view name)
{
    if (name == "id")
        return true;
    const auto found = std::ranges::find(collection.columns, name, &schema::Column::property);
    return found != collection.columns.end() && found->type != schema::ColumnType::json;
}

void check_expected(const schema::Collection& collection, const bj::object& expect,
                    std::vector<std::string>& problems)
{
    if (expect.size() > expect_members_max) {
        problems.push_back(about_expect("", fmt::format("has {} members; accepted: at most {}",
                                                        expect.size(), expect_members_max)));
        return;
    }
    for (const auto& member : expect) {
        const auto name = shown_name(member.key());
        const auto& value = member.value();
        if (value.is_object() || value.is_array())
            problems.push_back(about_expect(
                name, fmt::format("is {}; accepted: a string, a number, true, false or null",
                                  type_of(value))));
        else if (!has_property(collection, member.key()))
            problems.push_back(about_expect(
                name, fmt::format("is no property of {} that has one value", collection.table)));
    }
}

bj::object read_expect(const Action& action, std::string_view text,
                       std::vector<std::string>& problems)
{
    auto read = parse_params(action, text);
    if (read.problem) {
        const auto& problem = *read.problem;
        const auto accepted =
            problem.accepted.empty() ? "" : fmt::format("; accepted: {}", problem.accepted);
        problems.push_back(about_expect(problem.path, problem.what + accepted));
        return {};
    }
    if (read.object.empty())
        return {};
    const auto* collection = compared_with(action);
    if (collection == nullptr)
        problems.push_back(about_expect(
            "", "is given, but this kind has no target that it could be compared with"));
    else
        check_expected(*collection, read.object, problems);
    return std::move(read.object);
}

/// Of a kind that nobody knows: whether its params look as if they held a secret, by the rules of a
/// kind that takes one.
bool may_hold_secret(std::string_view params)
{
    const auto strictest = std::ranges::find_if(schema::actions(), schema::takes_secret);
    return strictest != schema::actions().end() && parse_params(*strictest, params).may_hold_secret;
}

Unplannable unknown_kind(const Job& job)
{
    return {.why = fmt::format("kind \"{}\" is unknown; it has to be written as `cloudpcctl jobs "
                               "kinds` lists it",
                               shown_name(job.kind)),
            .erase_params = may_hold_secret(job.params.value_or(""))};
}

std::optional<std::string_view> view(const std::optional<std::string>& text)
{
    return text ? std::optional<std::string_view>{*text} : std::nullopt;
}

}  // namespace

std::variant<Plan, Unplannable> make_plan(const Job& job, const KnownCredential& known_credential)
{
    const auto* action = schema::find_action(job.kind);
    if (action == nullptr)
        return unknown_kind(job);

    std::vector<std::string> problems;
    if (const auto problem = check_target(*action, view(job.target_id)))
        problems.push_back(problem->describe());
    auto parameters = read_parameters(*action, job.params.value_or(""), known_credential);
    if (!parameters.valid())
        problems.push_back(parameters.describe());
    auto expect = read_expect(*action, job.expect.value_or(""), problems);
    if (!problems.empty())
        return Unplannable{.why = fmt::format("{}", fmt::join(problems, ". ")),
                           .erase_params = parameters.may_hold_secret};

    auto request = build_request(*action, view(job.target_id), parameters.values,
                                 fmt::format("cloudpcd {}", job.request_id));
    if (!request)
        return Unplannable{.why = request.error().message};
    return Plan{.action = action,
                .params = std::move(parameters.values),
                .expect = std::move(expect),
                .request = std::move(*request),
                .notes = std::move(parameters.notes)};
}

}  // namespace cloudpcd::jobs
