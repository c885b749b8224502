#include "tests/simulation/jobs_scenario.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cloudpcd::simulation {

using namespace std::chrono_literals;
using graphsim::Effect;
using graphsim::Fault;
using graphsim::Random;

namespace {

/// More often what wipes a machine.
constexpr std::array kinds{
    std::string_view{"cloud_pc.reprovision"},
    std::string_view{"cloud_pc.reprovision"},
    std::string_view{"cloud_pc.reprovision"},
    std::string_view{"cloud_pc.reboot"},
    std::string_view{"cloud_pc.reboot"},
    std::string_view{"cloud_pc.rename"},
    std::string_view{"cloud_pc.resize"},
    std::string_view{"cloud_pc.restore"},
    std::string_view{"cloud_pc.end_grace_period"},
    std::string_view{"cloud_pc.create_snapshot"},
    std::string_view{"cloud_pc.set_review_status"},
    std::string_view{"cloud_pc.bulk_reprovision"},
    std::string_view{"cloud_pc.bulk_reprovision"},
    std::string_view{"cloud_pc.bulk_restart"},
    std::string_view{"provisioning_policy.create"},
    std::string_view{"provisioning_policy.update"},
    std::string_view{"provisioning_policy.delete"},
    std::string_view{"provisioning_policy.assign"},
    std::string_view{"provisioning_policy.apply"},
    std::string_view{"user_setting.create"},
    std::string_view{"user_setting.update"},
    std::string_view{"user_setting.delete"},
    std::string_view{"device_image.delete"},
    std::string_view{"organization_settings.update"},
    std::string_view{"on_premises_connection.update"},
    std::string_view{"on_premises_connection.run_health_checks"},
    std::string_view{"on_premises_connection.update_ad_domain_password"},
};

constexpr std::array requesters{"alice", "bob"};

constexpr std::array breaks{Effect::reset_before_response,
                            Effect::close_before_response,
                            Effect::hang,
                            Effect::status,
                            Effect::status,
                            Effect::status,
                            Effect::html_page,
                            Effect::redirect,
                            Effect::truncate_body,
                            Effect::delay};
constexpr std::array statuses{400, 401, 403, 404, 408, 409, 423, 429, 429, 500, 502, 503, 504, 504};
constexpr std::array waits{"", "1", "2.128", "17", "400", "600", "soon"};

std::string set_of(std::string_view kind)
{
    if (kind.starts_with("cloud_pc."))
        return "cloudPCs";
    if (kind.starts_with("provisioning_policy."))
        return "provisioningPolicies";
    if (kind.starts_with("user_setting."))
        return "userSettings";
    if (kind.starts_with("device_image."))
        return "deviceImages";
    return "onPremisesConnections";
}

bool has_target(std::string_view kind)
{
    return !kind.ends_with(".create") && kind.find(".bulk_") == std::string_view::npos &&
           !kind.starts_with("organization_settings");
}

std::string text_in(const std::string& object, std::string_view name)
{
    const auto value = boost::json::parse(object);
    const auto* found = value.as_object().if_contains(name);
    return found != nullptr && found->is_string() ? std::string{found->get_string()} : "";
}

}  // namespace

JobsOptions JobsScenario::options_of(Random& random)
{
    JobsOptions options;
    auto& jobs = options.settings;
    jobs.destructive_per_hour = random.between(1, 5);
    jobs.destructive_fraction_per_day = random.pick(std::array{0.1, 0.25, 0.5});
    if (random.chance(0.35)) {
        jobs.approval = random.chance(0.6) ? config::Approval::destructive : config::Approval::all;
        jobs.sql_submit = false;
    }
    auto& writes = options.writes;
    writes.pace = random.pick(std::array{0.01, 0.05, 0.2});
    writes.failure_rate = random.pick(std::array{0.0, 0.0, 0.2});
    writes.never_starts_rate = random.pick(std::array{0.0, 0.0, 0.1});
    writes.flap_rate = random.pick(std::array{0.0, 0.3});
    if (random.chance(0.3)) {
        writes.audit_late_rate = 0.3;
        writes.audit_missing_rate = 0.1;
        writes.correlation_rate = random.pick(std::array{1.0, 0.5, 0.0});
    }
    writes.consistency_lag = random.pick(std::array{0s, 0s, 20s});
    if (random.chance(0.2))
        writes.acknowledgement = random.chance(0.5) ? graphsim::Acknowledgement::ok
                                                    : graphsim::Acknowledgement::accepted;
    options.signed_in = random.chance(0.8);
    return options;
}

JobsScenario::JobsScenario(std::uint64_t seed)
    : x_random{seed}, x_options{options_of(x_random)}, x_world{Seed{seed}, x_options}
{}

Duration JobsScenario::some(Duration least, Duration most)
{
    return Duration{x_random.between(least.count(), most.count())};
}

jobs::JobId JobsScenario::any_job(std::string_view condition)
{
    const auto found =
        x_world.rows(fmt::format("SELECT job_id FROM jobs WHERE {} ORDER BY job_id", condition));
    return found.empty() ? 0 : std::stoll(x_random.pick(found));
}

std::string JobsScenario::target_of(std::string_view kind)
{
    if (kind.starts_with("cloud_pc.")) {
        const auto all = x_world.cloud_pcs();
        // Some are in their grace period; few enough that jobs meet.
        return kind.ends_with("end_grace_period") ? all[10 + x_random.below(2)]
                                                  : all[x_random.below(6)];
    }
    const auto all = x_world.tenant().objects(set_of(kind));
    return all.empty() ? "00000000-0000-4000-8000-000000000000" : x_random.pick(all).id;
}

std::string JobsScenario::params_of(std::string_view kind, const std::string& target)
{
    const auto number = x_random.below(1000);
    auto& tenant = x_world.tenant();
    if (kind == "cloud_pc.rename")
        return fmt::format(R"({{"displayName":"PC {}"}})", number);
    if (kind == "cloud_pc.resize")
        return fmt::format(R"({{"targetServicePlanId":"{}"}})",
                           x_random.pick(tenant.objects("servicePlans")).id);
    if (kind == "cloud_pc.restore") {
        for (const auto& snapshot : tenant.objects("snapshots")) {
            if (text_in(snapshot.text, "cloudPcId") == target)
                return fmt::format(R"({{"cloudPcSnapshotId":"{}"}})", snapshot.id);
        }
        return R"({"cloudPcSnapshotId":"A00009UV000_none"})";
    }
    if (kind == "cloud_pc.set_review_status")
        return R"({"reviewStatus":{"inReview":true,"userAccessLevel":"restricted"}})";
    if (kind.starts_with("cloud_pc.bulk_")) {
        const auto all = x_world.cloud_pcs();
        std::string ids;
        const auto from = x_random.below(4);
        for (auto i = from; i <= from + x_random.below(4); ++i)
            ids += fmt::format("{}\"{}\"", ids.empty() ? "" : ",", all[i]);
        return fmt::format(R"({{"cloudPcIds":[{}]}})", ids);
    }
    if (kind == "provisioning_policy.create")
        return fmt::format(R"({{"displayName":"Policy {}",)"
                           R"("imageId":"MicrosoftWindowsDesktop_windows-ent-cpc_win11",)"
                           R"("imageDisplayName":"Windows 11","imageType":"gallery",)"
                           R"("provisioningType":"dedicated",)"
                           R"("domainJoinConfigurations":[{{"domainJoinType":"azureADJoin",)"
                           R"("regionName":"westeurope"}}]}})",
                           number % 3);
    if (kind == "provisioning_policy.update")
        return fmt::format(R"({{"description":"{}"}})", number);
    if (kind == "provisioning_policy.assign") {
        if (x_random.chance(0.5))
            return R"({"assignments":[]})";
        return fmt::format(R"({{"assignments":[{{"target":{{"groupId":"{}"}}}}]}})",
                           x_random.pick(tenant.objects("groups")).id);
    }
    if (kind == "provisioning_policy.apply")
        return R"({"policySettings":"region"})";
    if (kind == "user_setting.create")
        return fmt::format(R"({{"displayName":"Setting {}","localAdminEnabled":false}})",
                           number % 3);
    if (kind == "user_setting.update")
        return fmt::format(R"({{"displayName":"Setting {}"}})", number);
    if (kind == "organization_settings.update")
        return R"({"enableSingleSignOn":true})";
    if (kind == "on_premises_connection.update")
        return fmt::format(R"({{"displayName":"Connection {}"}})", number);
    if (kind == "on_premises_connection.update_ad_domain_password")
        return R"({"adDomainPassword":{"credential":"ad-join-password"}})";
    return {};
}

jobs::Submission JobsScenario::request()
{
    const auto kind = x_random.pick(kinds);
    jobs::Submission made{.kind = std::string{kind}};
    if (has_target(kind))
        made.target_id = target_of(kind);
    if (auto params = params_of(kind, made.target_id.value_or("")); !params.empty())
        made.params = std::move(params);
    made.requested_by = x_random.pick(requesters);
    made.priority = static_cast<int>(x_random.below(10));
    made.allow_duplicate = x_random.chance(0.3);
    made.dry_run = x_random.chance(0.06);
    const auto wall = x_world.clock().utc_now();
    if (x_random.chance(0.15))
        made.not_before = format_sql_time(wall + some(1s, 40min));
    if (x_random.chance(0.12))
        made.expires_at = format_sql_time(wall + some(41min, 2h));
    if (x_random.chance(0.1))
        made.batch_id = "batch";
    if (made.target_id && kind.starts_with("cloud_pc.") && x_random.chance(0.25)) {
        const auto object = x_world.tenant().object("cloudPCs", *made.target_id);
        const auto user = x_random.chance(0.2) || !object
                              ? std::string{"nobody@contoso.com"}
                              : text_in(object->text, "userPrincipalName");
        made.expect = fmt::format(R"({{"userPrincipalName":"{}"}})", user);
    }
    return made;
}

void JobsScenario::ask()
{
    auto wanted = request();
    if (x_last.request_id && x_random.chance(0.08))
        wanted = x_last;  // whoever got no answer asks again
    else
        wanted.request_id = x_random.guid();
    x_last = wanted;
    if (x_options.settings.sql_submit && x_random.chance(0.4))
        x_world.insert(std::move(wanted));
    else
        x_world.submit(std::move(wanted));
}

void JobsScenario::add_fault()
{
    Fault fault{.nth = static_cast<int>(x_random.below(5)) + 1,
                .times = static_cast<int>(x_random.below(3)) + 1,
                .effect = x_random.pick(breaks),
                .status = x_random.pick(statuses)};
    if (x_random.chance(0.7))
        fault.method = "write";
    if (x_random.chance(0.6))
        fault.path_contains = "deviceManagement";
    // A refusal is one.
    const bool tells_nothing = fault.status == 408 || fault.status >= 500;
    if (fault.effect == Effect::status && tells_nothing && x_random.chance(0.5))
        fault.execute = true;
    if (fault.effect == Effect::redirect) {
        fault.status = 307;
        fault.text = "https://graph.microsoft.com.evil.example/beta";
    }
    if (fault.status == 429 || fault.status == 503)
        fault.headers = {{"Retry-After", x_random.pick(waits)}};
    const bool shows_nothing = fault.effect == Effect::hang ||
                               fault.effect == Effect::reset_before_response ||
                               fault.effect == Effect::close_before_response;
    fault.lost = shows_nothing && x_random.chance(0.5);
    fault.delay = some(0s, 20s);
    x_world.faults().add(fault);
}

void JobsScenario::plan_accident(std::uint64_t step)
{
    auto& world = x_world;
    const auto after = some(10s, 15min);
    switch (x_random.below(8)) {
        case 0:
        case 1:
        case 2:
            world.at_step(step, [&world] { world.kill(); });
            break;
        case 3:
            world.at_step(step, [&world] { world.kill(Death::power_cut); });
            break;
        case 4:
            world.at_step(step, [&world] { world.terminate(); });
            break;
        case 5:
            world.at_step(step, [&world, after] {
                world.fill_disk(true);
                world.later(after, [&world] { world.fill_disk(false); });
            });
            break;
        case 6:
            world.at_step(step, [&world, after] {
                world.freeze();
                world.later(after, [&world] { world.thaw(); });
            });
            break;
        default:
            world.at_step(step, [&world] { world.tenant().revoke_tokens(); });
            break;
    }
}

void JobsScenario::plan_surprise()
{
    x_world.set_restart_pause(x_random.chance(0.5) ? 0s : some(0s, 5min));
    x_world.set_late_arrival(x_random.chance(0.5) ? std::optional{some(0s, 10min)} : std::nullopt);
    for (auto accidents = x_random.below(3); accidents > 0; --accidents)
        plan_accident(x_random.below(60) + 1);
}

/// Whoever looked at the machine says what is true.
void JobsScenario::judge_a_doubt()
{
    const auto job = any_job("state = 'in_doubt' OR held_by = 'restored'");
    if (job != 0)
        x_world.resolve(job, x_world.executions(job) > 0);
}

void JobsScenario::shift_clock()
{
    constexpr Duration years = std::chrono::days{3652};
    const auto by =
        x_shift != 0s
            ? -x_shift
            : x_random.pick(std::array{Duration{4min}, Duration{-4min}, Duration{20min},
                                       Duration{-20min}, Duration{5h}, Duration{-5h}, years});
    x_clock_was_wrong = true;
    x_shift += by;
    x_world.clock().shift_wall(by);
}

void JobsScenario::intervene()
{
    auto& world = x_world;
    switch (x_random.below(14)) {
        case 0:
        case 1:
            if (const auto job = any_job("finished_at IS NULL"))
                world.cancel(job);
            break;
        case 2:
        case 3:
        case 4:
            if (const auto job = any_job("state = 'awaiting_approval' OR held_by = 'budget'"))
                world.approve(job, x_random.pick(requesters));
            break;
        case 5:
        case 6:
            world.reassign(world.cloud_pcs()[x_random.below(6)]);
            break;
        case 7:
            world.pull("cloud_pcs");
            break;
        case 8:
            world.frozen() ? world.thaw() : world.freeze();
            break;
        case 9:
            world.back_up();
            break;
        case 10:
            if (world.has_backup())
                world.restore();
            break;
        case 11:
            judge_a_doubt();
            break;
        case 12:
            shift_clock();
            break;
        default:
            if (x_random.chance(0.3))
                world.move_to_other_machine();
            else
                world.sign_in();
            break;
    }
}

void JobsScenario::play()
{
    for (auto rounds = x_random.below(4) + 2; rounds > 0; --rounds) {
        for (auto wanted = x_random.below(4); wanted > 0; --wanted)
            ask();
        for (auto faults = x_random.below(3); faults > 0; --faults)
            add_fault();
        if (x_random.chance(0.7))
            plan_surprise();
        x_world.run_for(x_random.chance(0.6) ? some(100ms, 20s) : some(20s, 25min));
        for (auto people = x_random.below(3); people > 0; --people)
            intervene();
    }
    x_world.faults().clear();
    if (x_shift != 0s)
        shift_clock();
    x_world.fill_disk(false);
    x_world.run_for(1min);
    if (x_random.chance(0.8))
        x_world.thaw();
    // Doubt has time enough: a 429 pauses what looks for evidence as well, for 10 minutes at most.
    x_world.run_until_quiet(1h);
}

std::string JobsScenario::problems()
{
    auto report = x_world.problems();
    // What was taken in by a wrong clock may wait long.
    for (const auto& row : x_world.rows(fmt::format(
             "SELECT job_id, kind, state, dry_run FROM jobs WHERE state IN ('submitted', "
             "'queued') AND max(coalesce(not_before, ''), coalesce(due_at, '')) <= '{}'",
             format_sql_time(x_world.clock().utc_now()))))
        report += fmt::format("a job is left where it is: {}\n", row);
    report += unfound_evidence();
    // With a problem it helps to see how things came about.
    if (!report.empty() && direction("CLOUDPCD_SEED")) {
        for (const auto& row : x_world.rows("SELECT * FROM job_events ORDER BY event_id"))
            report += row + '\n';
    }
    return report;
}

/// Where the audit log tells everything soon, nothing that was carried out stays in doubt.
std::string JobsScenario::unfound_evidence()
{
    const auto& writes = x_options.writes;
    if (writes.audit_missing_rate > 0 || writes.audit_late_rate > 0 ||
        writes.correlation_rate < 1 || x_clock_was_wrong)
        return {};
    std::string report;
    for (const auto& row :
         x_world.rows("SELECT job_id FROM jobs WHERE state = 'in_doubt' AND (SELECT verdict FROM "
                      "job_attempts a WHERE a.job_id = jobs.job_id ORDER BY attempt DESC LIMIT 1) "
                      "= 'unknown' AND risk > 0 ORDER BY 1")) {
        if (x_world.executions(std::stoll(row)) > 0)
            report += fmt::format("job {} was carried out, and the evidence is not found\n", row);
    }
    return report;
}

std::map<std::string, std::int64_t> JobsScenario::statistics()
{
    std::map<std::string, std::int64_t> counts;
    for (const auto& row : x_world.rows("SELECT state, count(*) FROM jobs GROUP BY 1")) {
        const auto bar = row.find('|');
        counts[row.substr(0, bar)] += std::stoll(row.substr(bar + 1));
    }
    for (const auto& row : x_world.rows("SELECT held_by, count(*) FROM jobs WHERE held_by IS NOT "
                                        "NULL GROUP BY 1")) {
        const auto bar = row.find('|');
        counts["held: " + row.substr(0, bar)] += std::stoll(row.substr(bar + 1));
    }
    for (const auto* state : {"sending", "in_doubt", "awaiting_approval"})
        counts[fmt::format("ever {}", state)] += x_world.number(fmt::format(
            "SELECT count(DISTINCT job_id) FROM job_events WHERE to_state = '{}'", state));
    counts["deaths"] += static_cast<std::int64_t>(x_world.deaths());
    counts["executions"] += static_cast<std::int64_t>(x_world.tenant().executions().total());
    return counts;
}

}  // namespace cloudpcd::simulation
