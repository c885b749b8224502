#include "sync/jobs/progress_parts.hpp"

#include "sync/graph/ascii.hpp"
#include "sync/jobs/facts.hpp"
#include "sync/jobs/facts_build.hpp"
#include "sync/jobs/members.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace cloudpcd::jobs {

namespace asio = boost::asio;
namespace bj = boost::json;

namespace {

constexpr std::string_view cloud_pcs_table = "cloud_pcs";

}  // namespace

bool is_one_of(std::string_view text, std::span<const std::string_view> values)
{
    return std::ranges::any_of(
        values, [&](std::string_view value) { return graph::ascii_iequals(text, value); });
}

bool is_before(UtcTime time, UtcTime since) noexcept
{
    return time < std::chrono::floor<std::chrono::seconds>(since);
}

bool may_have_changed(const bj::object& object, UtcTime since)
{
    const auto modified = time_of(object, "lastModifiedDateTime");
    return !modified || !is_before(*modified, since);
}

std::string status_code(const bj::object& cloud_pc)
{
    const auto* detail = object_of(cloud_pc, "statusDetail");
    return detail == nullptr ? "" : std::string{text_of(*detail, "code")};
}

std::string status_message(const bj::object& cloud_pc)
{
    const auto* detail = object_of(cloud_pc, "statusDetail");
    return detail == nullptr ? "" : std::string{text_of(*detail, "message")};
}

std::vector<std::string> cloud_pcs_of(const Accepted& accepted)
{
    if (accepted.cloud_pcs.empty() && accepted.plan.action->target == cloud_pcs_table &&
        accepted.job.target_id)
        return {*accepted.job.target_id};
    return accepted.cloud_pcs;
}

asio::awaitable<std::vector<ObjectRead>> read_cloud_pcs(Estate& estate,
                                                        const std::vector<std::string>& ids,
                                                        std::span<const std::string_view> kept)
{
    if (ids.size() <= facts_gets_max)
        co_return co_await read_objects(estate, cloud_pcs_table, ids);
    std::map<std::string, std::optional<bj::object>> found;
    for (const auto& id : ids)
        found.emplace(id, std::nullopt);
    auto list =
        co_await estate.objects(cloud_pcs_table, std::nullopt,
                                [&](const bj::object& cloud_pc) -> std::optional<bj::object> {
                                    if (!found.contains(std::string(text_of(cloud_pc, "id"))))
                                        return std::nullopt;
                                    auto some = only(cloud_pc, kept);
                                    some["id"] = text_of(cloud_pc, "id");
                                    return some;
                                });
    std::vector<ObjectRead> reads;
    reads.reserve(ids.size());
    if (!list) {
        reads.assign(ids.size(), ObjectRead{list.error()});
        co_return reads;
    }
    for (auto& cloud_pc : *list)
        found.insert_or_assign(std::string(text_of(cloud_pc, "id")), std::move(cloud_pc));
    for (const auto& id : ids)
        reads.emplace_back(found.at(id));
    co_return reads;
}

std::string made_id(const Accepted& accepted, std::string_view kind)
{
    boost::system::error_code failure;
    const auto result = bj::parse(accepted.job.result.value_or("null"), failure);
    if (!failure && result.is_object()) {
        if (const auto id = text_of(result.get_object(), "id"); !id.empty())
            return std::string{id};
    }
    const auto evidence = accepted.attempt.evidence.value_or("");
    const auto prefix = object_evidence(kind, "");
    return evidence.starts_with(prefix) ? evidence.substr(prefix.size()) : "";
}

std::string object_evidence(std::string_view kind, std::string_view id)
{
    return fmt::format("{}:{}", kind, id);
}

bj::object outcome_json(std::string_view id, std::string_view outcome, std::string_view code)
{
    return {{"id", id},
            {"outcome", outcome},
            {"code", code.empty() ? bj::value(nullptr) : bj::value(code)}};
}

Progress unread_progress(const Error& error)
{
    return {.phase = Progress::Phase::unread,
            .what = fmt::format("how far it has come cannot be read: {}", error.describe())};
}

}  // namespace cloudpcd::jobs
