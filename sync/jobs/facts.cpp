#include "sync/jobs/facts.hpp"

#include "sync/jobs/facts_build.hpp"
#include "sync/jobs/members.hpp"
#include "sync/jobs/reads.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace cloudpcd::jobs {

namespace asio = boost::asio;
namespace bj = boost::json;

using schema::Precondition;

namespace {

constexpr std::string_view cloud_pcs_table = "cloud_pcs";

/// What a precondition is judged by has to be known: silence is no answer.
bool leaves_precondition_open(const schema::Action& action, const bj::object& target)
{
    return action.precondition == Precondition::unassigned &&
           array_of(target, "assignments") == nullptr;
}

/// Reads of one job's facts; what fails is noted in them.
class FactReader {
public:
    FactReader(Estate& estate, const Plan& plan, const Job& job, Facts& facts)
        : x_estate{estate}, x_plan{plan}, x_job{job}, x_facts{facts}
    {}

    asio::awaitable<void> read()
    {
        if (!x_plan.action->target.empty())
            co_await read_target();
        const auto reach = reach_of(x_plan, x_job, x_facts.target);
        if (x_plan.action->touches == schema::Touches::target)
            take_target();
        else if (!x_facts.target_gone && !x_facts.incomplete)
            co_await read_cloud_pcs(reach);
        // A list may take minutes. What a policy assigns decides how dangerous the job is: it is
        // read again, so that it is not older than the end of the list.
        if (x_listed && x_facts.target)
            co_await read_target();
    }

private:
    asio::awaitable<void> read_target()
    {
        auto read = co_await x_estate.object(x_plan.action->target, x_job.target_id.value_or(""));
        if (!read) {
            x_facts.incomplete = read.error().describe();
            co_return;
        }
        x_facts.target = *std::move(read);
        x_facts.target_gone = !x_facts.target;
        if (x_facts.target && leaves_precondition_open(*x_plan.action, *x_facts.target))
            x_facts.incomplete = "Graph does not say which groups the policy is assigned to";
    }

    /// The target is the Cloud PC.
    void take_target()
    {
        if (x_facts.target || x_facts.target_gone)
            x_facts.cloud_pcs.push_back(cloud_pc_fact(x_plan, x_job.target_id.value_or(""),
                                                      x_facts.target ? &*x_facts.target : nullptr));
        else  // not read: still it is what the job touches
            x_facts.cloud_pcs.push_back({.id = x_job.target_id.value_or(""), .present = true});
    }

    asio::awaitable<void> read_cloud_pcs(const Reach& reach)
    {
        switch (reach.by) {
            case Reach::By::nothing:
                co_return;
            case Reach::By::ids:
                if (reach.ids.size() <= facts_gets_max)
                    co_return co_await get_each(reach.ids);
                co_return co_await list_these(reach.ids);
            case Reach::By::policy:
                co_return co_await list_of_policy();
            case Reach::By::unknown:
                x_facts.incomplete = "Graph does not say which Cloud PCs the bulk action is about";
                co_return;
        }
    }

    asio::awaitable<void> get_each(const std::vector<std::string>& ids)
    {
        auto reads = co_await read_objects(x_estate, cloud_pcs_table, ids);
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const auto& read = reads[i];
            if (!read) {
                x_facts.incomplete = read.error().describe();
                x_facts.cloud_pcs.push_back({.id = ids[i], .present = true});
                continue;
            }
            x_facts.cloud_pcs.push_back(
                cloud_pc_fact(x_plan, ids[i], read->has_value() ? &**read : nullptr));
        }
    }

    asio::awaitable<void> list_these(const std::vector<std::string>& ids)
    {
        const std::set<std::string> wanted{ids.begin(), ids.end()};
        auto found = co_await list([&](const bj::object& cloud_pc) {
            return wanted.contains(std::string(text_of(cloud_pc, "id")));
        });
        std::vector<std::string> missing;
        for (const auto& id : ids) {
            if (const auto at = found.find(id); at != found.end())
                x_facts.cloud_pcs.push_back(std::move(at->second));
            else
                missing.push_back(id);
        }
        if (x_facts.incomplete)
            co_return add_unread(missing);
        // A list may leave out what is there. One Cloud PC that is gone is enough to know, so that
        // many are not asked for.
        const auto asked = std::min(missing.size(), facts_gets_max);
        co_await get_each({missing.begin(), missing.begin() + static_cast<std::ptrdiff_t>(asked)});
        for (auto i = asked; i < missing.size(); ++i)
            x_facts.cloud_pcs.push_back({.id = missing[i]});
    }

    asio::awaitable<void> list_of_policy()
    {
        auto found = co_await list([&](const bj::object& cloud_pc) {
            return is_of_policy(cloud_pc, x_job.target_id.value_or(""));
        });
        for (auto& [id, cloud_pc] : found)
            x_facts.cloud_pcs.push_back(std::move(cloud_pc));
    }

    void add_unread(const std::vector<std::string>& ids)
    {
        for (const auto& id : ids)
            x_facts.cloud_pcs.push_back({.id = id, .present = true});
    }

    /// Those of all Cloud PCs that are `wanted`, by key; each once, whatever the pages say.
    template <class Wanted>
    asio::awaitable<std::map<std::string, CloudPcFact>> list(const Wanted& wanted)
    {
        auto read = co_await x_estate.objects(
            cloud_pcs_table, std::nullopt, [&](const bj::object& cloud_pc) {
                return wanted(cloud_pc) ? std::optional{kept_of_cloud_pc(x_plan, cloud_pc)}
                                        : std::nullopt;
            });
        x_listed = true;
        std::map<std::string, CloudPcFact> found;
        if (!read)
            x_facts.incomplete = read.error().describe();
        else
            for (const auto& kept : *read) {
                auto fact = cloud_pc_fact(x_plan, text_of(kept, "id"), &kept);
                found.insert_or_assign(fact.id, std::move(fact));
            }
        co_return found;
    }

    Estate& x_estate;
    const Plan& x_plan;
    const Job& x_job;
    Facts& x_facts;
    bool x_listed = false;
};

}  // namespace

asio::awaitable<Facts> read_facts(Estate& estate, Clock& clock, const Plan& plan, const Job& job)
{
    // The oldest of the reads is what their age counts from.
    Facts facts{.fresh = true, .read_at = clock.steady_now()};
    FactReader reader{estate, plan, job, facts};
    co_await reader.read();
    conclude_facts(facts, plan, job);
    co_return facts;
}

}  // namespace cloudpcd::jobs
