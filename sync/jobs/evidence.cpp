#include "sync/jobs/evidence.hpp"

#include "schema/catalog.hpp"
#include "sync/graph/ascii.hpp"
#include "sync/jobs/activity.hpp"
#include "sync/jobs/facts_build.hpp"
#include "sync/jobs/members.hpp"
#include "sync/jobs/progress_parts.hpp"
#include "sync/jobs/remote_actions.hpp"
#include "sync/jobs/scope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace cloudpcd::jobs {

namespace asio = boost::asio;
namespace bj = boost::json;

using schema::Completion;
using Kind = Piece::Kind;

namespace {

constexpr std::string_view cloud_pcs_table = "cloud_pcs";
constexpr std::string_view bulk_actions_table = "bulk_actions";

/// One search; what is found and what cannot be asked for is noted in `x_found`.
class Searcher {
public:
    Searcher(Estate& estate, const Search& search, Found& found)
        : x_estate{estate}, x_search{search}, x_action{*search.plan.action}, x_found{found}
    {}

    asio::awaitable<void> run()
    {
        if (const auto* collection = created_in(x_action))
            co_await look_for_object(*collection);
        if (x_action.method.value == schema::Method::remove)
            co_await look_for_target();
        if (x_action.touches.value == schema::Touches::target)
            co_await look_at_cloud_pc();
        if (ending().seen_by == Completion::policy_apply)
            co_await look_at_policy();
        co_await look_into_audit_log();
    }

private:
    const schema::Ending& ending() const { return x_action.ending.value; }
    std::string target_id() const { return x_search.job.target_id.value_or(""); }

    bool in_window(std::optional<UtcTime> time) const
    {
        return time && !is_before(*time, x_search.from) && *time <= x_search.to;
    }
    /// What says no time is not excluded by it.
    bool may_be_in_window(std::optional<UtcTime> time) const { return !time || in_window(time); }

    void cannot_read(const Error& error) { x_found.unread.push_back(error.describe()); }

    // --- lists -----------------------------------------------------------------------------------

    /// An object that the request would have made.
    asio::awaitable<void> look_for_object(const schema::Collection& collection)
    {
        const auto& body = x_search.plan.request.body;
        if (!body || text_of(*body, "displayName").empty())
            co_return;  // nothing by which it would be known
        const bool bulk = collection.table == bulk_actions_table;
        const auto list = co_await x_estate.objects(
            collection.table, std::nullopt, [&](const bj::object& object) {
                constexpr std::string_view kept[] = {"id", "displayName", "createdDateTime"};
                const bool same = bulk ? is_same_bulk_action(object) : is_new_object(object);
                return same ? std::optional{only(object, kept)} : std::nullopt;
            });
        if (!list)
            co_return cannot_read(list.error());
        std::set<std::string> ids;
        for (const auto& object : *list)
            ids.emplace(text_of(object, "id"));
        for (const auto& id : ids) {
            x_made.emplace_back(id);
            x_found.pieces.push_back(
                {.kind = bulk ? Kind::bulk_action : Kind::created,
                 .key = object_evidence(bulk ? bulk_action_evidence : created_evidence, id),
                 .what = fmt::format("{} {} has the name and the time of the request",
                                     bulk ? "bulk action" : "object", id),
                 .result = {{"id", id}}});
        }
    }

    bool has_name_and_time(const bj::object& object) const
    {
        return text_of(object, "displayName") ==
                   text_of(*x_search.plan.request.body, "displayName") &&
               may_be_in_window(time_of(object, "createdDateTime"));
    }
    bool is_new_object(const bj::object& object) const
    {
        return has_name_and_time(object) &&
               std::ranges::count(x_search.known_before, text_of(object, "id")) == 0;
    }
    bool is_same_bulk_action(const bj::object& bulk) const
    {
        std::set<std::string> theirs;
        if (const auto* ids = array_of(bulk, "cloudPcIds")) {
            for (const auto& id : *ids)
                theirs.insert(id.is_string() ? std::string(id.get_string()) : "");
        }
        std::set<std::string> ours;
        for (const auto& id : listed_ids(x_action, x_search.plan.params))
            ours.insert(id);
        return is_new_object(bulk) && theirs == ours &&
               schema::find_bulk_action(text_of(bulk, "@odata.type")) == &x_action;
    }

    // --- the target ------------------------------------------------------------------------------

    void add_gone()
    {
        x_found.pieces.push_back({.kind = Kind::gone,
                                  .key = fmt::format("gone:{}:{}", x_action.target, target_id()),
                                  .what = "the target is gone"});
    }

    asio::awaitable<void> look_for_target()
    {
        const auto read = co_await x_estate.object(x_action.target, target_id());
        if (!read)
            cannot_read(read.error());
        else if (!*read)
            add_gone();
    }

    asio::awaitable<void> look_at_cloud_pc()
    {
        if (!x_action.remote_actions.empty()) {
            const auto read =
                co_await read_remote_actions(x_estate, target_id(), x_action.remote_actions);
            if (!read)
                cannot_read(read.error());
            else
                add_remote_actions(read->actions);
        }
        if (ending().busy.empty() && ending().seen_by != Completion::status)
            co_return;
        const auto read = co_await x_estate.object(cloud_pcs_table, target_id());
        if (!read)
            cannot_read(read.error());
        else if (*read)
            add_status(**read);
        else if (ending().gone_is_good)
            add_gone();
    }

    void add_remote_actions(const std::vector<RemoteAction>& actions)
    {
        for (const auto& action : actions) {
            if (!in_window(action.started))
                continue;
            x_found.pieces.push_back({.kind = Kind::remote_action,
                                      .key = action.evidence(target_id()),
                                      .what = fmt::format("{} began at {}", action.name,
                                                          format_sql_time(action.started)),
                                      .at = action.started});
        }
    }

    /// A status that only such an action brings, and that was not there long before.
    void add_status(const bj::object& cloud_pc)
    {
        const auto status = text_of(cloud_pc, "status");
        const bool tells = is_one_of(status, ending().busy) ||
                           (ending().gone_is_good && is_one_of(status, ending().good));
        const auto modified = time_of(cloud_pc, "lastModifiedDateTime");
        if (!tells || (modified && is_before(*modified, x_search.from)))
            return;
        x_found.pieces.push_back({.kind = Kind::status,
                                  .key = fmt::format("status:{}", x_search.job.job_id),
                                  .what = fmt::format("the Cloud PC is {}", status)});
    }

    asio::awaitable<void> look_at_policy()
    {
        const auto read = co_await x_estate.function(x_action.target, target_id(),
                                                     "retrievePolicyApplyActionResult");
        if (!read)
            co_return cannot_read(read.error());
        const auto* result = read->if_object();
        const auto started = result == nullptr ? std::nullopt : time_of(*result, "startDateTime");
        if (!in_window(started))
            co_return;
        x_found.pieces.push_back(
            {.kind = Kind::remote_action,
             .key = fmt::format("policy_apply:{}:{}", target_id(), format_rfc3339(*started)),
             .what = fmt::format("it was last applied at {}", format_sql_time(*started)),
             .at = started});
    }

    // --- the audit log ---------------------------------------------------------------------------

    asio::awaitable<void> look_into_audit_log()
    {
        const auto events = co_await x_estate.objects(
            "audit_events", x_search.from,
            [&](const bj::object& event) -> std::optional<bj::object> {
                constexpr std::string_view kept[] = {
                    "id",          "activity",       "activityType", "activityDateTime",
                    "displayName", "activityResult", "correlationId"};
                if (!is_own(event) && !is_candidate(event))
                    return std::nullopt;
                return only(event, kept);
            });
        if (!events)
            co_return cannot_read(events.error());
        std::set<std::string, std::less<>> ids;
        for (const auto& event : *events) {
            if (ids.emplace(text_of(event, "id")).second)
                x_found.pieces.push_back(piece_of(event));
        }
    }

    bool is_own(const bj::object& event) const
    {
        return graph::ascii_iequals(text_of(event, "correlationId"),
                                    x_search.attempt.client_request_id);
    }

    /// By our application, in the window, of that deed, on one of the objects.
    bool is_candidate(const bj::object& event) const
    {
        const auto* actor = object_of(event, "actor");
        return !x_search.application_id.empty() && actor != nullptr &&
               graph::ascii_iequals(text_of(*actor, "applicationId"), x_search.application_id) &&
               in_window(time_of(event, "activityDateTime")) && tells_of(event, x_action) &&
               is_about_us(event);
    }

    bool is_about_us(const bj::object& event) const
    {
        const auto* resources = array_of(event, "resources");
        return resources != nullptr && std::ranges::any_of(*resources, [&](const bj::value& one) {
                   const auto* resource = one.if_object();
                   return resource != nullptr && is_ours(text_of(*resource, "resourceId"));
               });
    }

    bool is_ours(std::string_view resource) const
    {
        const std::string id{resource};
        if (id.empty())
            return false;
        // What was made tells more than whom it is about.
        if (!x_made.empty())
            return std::ranges::count(x_made, id) > 0;
        if (!x_action.target.empty())
            return id == target_id();
        const auto listed = listed_ids(x_action, x_search.plan.params);
        return std::ranges::any_of(listed, [&](const std::string& one) { return one == id; });
    }

    Piece piece_of(const bj::object& event) const
    {
        constexpr std::string_view refusals[] = {"clientError", "failure"};
        const auto result = text_of(event, "activityResult");
        const auto time = time_of(event, "activityDateTime");
        return {.kind = is_own(event) ? Kind::own_id : Kind::audit_event,
                .key = fmt::format("audit_event:{}", text_of(event, "id")),
                .what = fmt::format("audit event {} of {}{}", text_of(event, "id"),
                                    time ? format_sql_time(*time) : "an unknown time",
                                    is_own(event) ? ", with the id of the request" : ""),
                .refused = is_one_of(result, refusals),
                .at = x_made.empty() ? time : std::nullopt,
                .correlation_id = std::string{text_of(event, "correlationId")}};
    }

    Estate& x_estate;
    const Search& x_search;
    const schema::Action& x_action;
    Found& x_found;
    std::vector<std::string> x_made{};  ///< keys of objects that the request may have made
};

}  // namespace

asio::awaitable<Found> search_evidence(Estate& estate, Search search)
{
    Found found;
    Searcher searcher{estate, search, found};
    co_await searcher.run();
    co_return found;
}

}  // namespace cloudpcd::jobs
