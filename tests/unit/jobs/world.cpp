#include "tests/unit/jobs/world.hpp"

#include "sync/jobs/facts_build.hpp"
#include "sync/mirror/mirror_database.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <variant>

namespace cloudpcd::jobs::test {

namespace bj = boost::json;

std::string id_of(int number)
{
    return fmt::format("662009bc-0000-4000-8000-{:012x}", number);
}

World::World()
{
    settings.destructive_per_hour = 20;
}

void World::have(std::string_view table, const std::string& id, const std::string& members)
{
    const auto text = fmt::format(R"({{"id":"{}"{}{}}})", id, members.empty() ? "" : ",", members);
    tenant_objects[{std::string{table}, id}] = bj::parse(text).get_object();
}

void World::have_cloud_pc(const std::string& id, const std::string& user_name,
                          const std::string& more)
{
    have(
        "cloud_pcs", id,
        fmt::format(R"("displayName":"CPC {}","status":"provisioned","userPrincipalName":"{}"{}{})",
                    id.substr(id.size() - 4), user_name, more.empty() ? "" : ",", more));
}

void World::have_cloud_pcs(int count, const std::string& more, int first)
{
    for (int i = first; i < first + count; ++i)
        have_cloud_pc(id_of(i), fmt::format("user{}@contoso.example", i), more);
}

void World::lose(std::string_view table, const std::string& id)
{
    tenant_objects.erase({std::string{table}, id});
}

void World::sync()
{
    std::map<std::string, std::vector<std::string>> items;
    for (const auto& [key, object] : tenant_objects)
        items[key.first].push_back(bj::serialize(object));
    for (const auto& table : tables) {
        const std::string name{table.collection().table};
        std::vector<std::string> gone;
        for (const auto& id : mirror.rows(fmt::format("SELECT id FROM {}", name))) {
            if (!tenant_objects.contains({name, id}))
                gone.push_back(id);
        }
        if (!gone.empty())
            mirror.erase(table, gone);
        if (items.contains(name))
            mirror.pull(table, items[name]);
    }
}

JobId World::submit_now(Submission submission)
{
    const auto submitted = submit(database, submission, "alice (uid 1000)", now);
    REQUIRE_MESSAGE(submitted.outcome == Submitted::Outcome::added, submitted.why);
    return submitted.job_id;
}

JobId World::destroy(Submission submission)
{
    if (submission.kind.empty())
        submission.kind = "cloud_pc.reprovision";
    return submit_now(std::move(submission));
}

JobId World::insert(const std::string& columns, const std::string& values)
{
    Stranger stranger{path};
    stranger.run(fmt::format("INSERT INTO jobs ({}) VALUES ({})", columns, values));
    const auto id = std::stoll(value("SELECT max(job_id) FROM jobs"));
    now = *parse_sql_time(job(id).created_at);
    return id;
}

Circumstances World::known()
{
    const auto is_cloud_pc = [](const auto& entry) { return entry.first.first == "cloud_pcs"; };
    return {.settings = settings,
            .now = now,
            .clock_skew = skew,
            .frozen = !frozen_because.empty(),
            .freeze_reason = frozen_because,
            .user = user,
            .login_error = login_error,
            .fleet = fleet.value_or(std::ranges::count_if(tenant_objects, is_cloud_pc)),
            .graph_endpoint = "https://graph.example"};
}

Taken World::take_in()
{
    const auto some = jobs::take_in(database, mirror.database, known(), credentials, taken);
    taken = std::max(taken, some.last);
    return some;
}

std::int64_t World::look_again(const Relook& relook, int max)
{
    return jobs::look_again(database, mirror.database, known(), credentials, relook, max);
}

Plan World::plan(JobId id)
{
    auto planned = make_plan(job(id), credentials);
    const auto* unplannable = std::get_if<Unplannable>(&planned);
    REQUIRE_MESSAGE(unplannable == nullptr, unplannable->why);
    return std::get<Plan>(planned);
}

Facts World::fresh(JobId id)
{
    const auto the_job = job(id);
    const auto the_plan = plan(id);
    const auto find_object = [&](std::string_view table, const std::string& object) {
        const auto found = tenant_objects.find({std::string{table}, object});
        return found == tenant_objects.end() ? nullptr : &found->second;
    };
    Facts facts{.fresh = true};
    if (!the_plan.action->target.empty()) {
        const auto* target = find_object(the_plan.action->target, *the_job.target_id);
        facts.target_gone = target == nullptr;
        if (target != nullptr)
            facts.target = *target;
    }
    const auto reach = reach_of(the_plan, the_job, facts.target);
    for (const auto& cloud_pc : reach.ids)
        facts.cloud_pcs.push_back(
            cloud_pc_fact(the_plan, cloud_pc, find_object("cloud_pcs", cloud_pc)));
    for (const auto& [key, object] : tenant_objects) {
        if (reach.by == Reach::By::policy && key.first == "cloud_pcs" &&
            is_of_policy(object, *the_job.target_id))
            facts.cloud_pcs.push_back(cloud_pc_fact(the_plan, key.second, &object));
    }
    conclude_facts(facts, the_plan, the_job);
    return facts;
}

Ruling World::judge_fresh(JobId id)
{
    return judge(database, job(id), plan(id), fresh(id), known());
}

std::optional<Attempt> World::claim(JobId id, const Facts& facts)
{
    const Sender sender{
        .client_request_id = rng.uuid(), .acted_as = "application", .boot_id = "boot"};
    return jobs::claim(database, id, plan(id), facts, known(), sender);
}

void World::succeed(JobId id)
{
    const auto attempt = last_attempt(database, id);
    REQUIRE(attempt.has_value());
    record_verdict(database, attempt->attempt_id, Verdict::executed, {}, now);
    REQUIRE(transition(database, id, State::sending, State::accepted, {}, "daemon", now));
    REQUIRE(transition(database, id, State::accepted, State::succeeded, {}, "daemon", now));
}

std::vector<JobId> World::open_on(const std::string& id)
{
    std::vector<JobId> found;
    for (const auto& row : rows(
             fmt::format("SELECT job_id FROM job_targets WHERE target_id = '{}' AND open = 1", id)))
        found.push_back(std::stoll(row));
    return found;
}

const Guard& guard(const Ruling& ruling, std::string_view name)
{
    const auto found = std::ranges::find(ruling.guards, name, &Guard::name);
    REQUIRE_MESSAGE(found != ruling.guards.end(), name);
    return *found;
}

}  // namespace cloudpcd::jobs::test
