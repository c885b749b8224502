#pragma once
// A queue beside a mirror, and a tenant that both look at: Graph as it is now, the mirror as it was
// at the last sync().

#include "config/config.hpp"
#include "sync/jobs/claim.hpp"
#include "sync/jobs/facts.hpp"
#include "sync/jobs/guards.hpp"
#include "sync/jobs/intake.hpp"
#include "sync/jobs/plan.hpp"
#include "sync/mirror/mirror_database.hpp"
#include "tests/unit/jobs/fixture.hpp"
#include "tests/unit/mirror/fixture.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudpcd::jobs::test {

/// "662009bc-0000-4000-8000-000000000007"
std::string id_of(int number);

struct World : Queue {
    World();

    /// Puts an object into the tenant: `members` is JSON without braces.
    void have(std::string_view table, const std::string& id, const std::string& members);
    /// A provisioned Cloud PC of a user.
    void have_cloud_pc(const std::string& id, const std::string& user = "ada@contoso.example",
                       const std::string& more = "");
    /// So many of them, id_of(first) and following.
    void have_cloud_pcs(int count, const std::string& more = "", int first = 1);
    void lose(std::string_view table, const std::string& id);
    /// Brings the mirror to what the tenant is, a second of its time later than the last.
    void sync();

    /// Adds a job at `now`, through the control API.
    JobId submit_now(Submission submission);
    JobId reprovision(const std::string& id = machine) { return destroy({.target_id = id}); }
    JobId destroy(Submission submission);
    /// Inserts a row as anybody could; `now` is the time at which it did.
    JobId insert(const std::string& columns, const std::string& values);

    Circumstances known();
    /// Takes in what was not looked at yet.
    Taken take_in();
    std::int64_t look_again(const Relook& relook = {}, int max = 1000);
    Plan plan(JobId job);
    /// As Graph is now.
    Facts fresh(JobId job);
    Facts mirrored(JobId job) { return mirrored_facts(mirror.database, plan(job), this->job(job)); }
    Ruling judge_fresh(JobId job);
    std::optional<Attempt> claim(JobId job) { return claim(job, fresh(job)); }
    std::optional<Attempt> claim(JobId job, const Facts& facts);
    /// The request of a job that was claimed was executed, and that was its end.
    void succeed(JobId job);

    std::string reason(JobId id) { return job(id).state_reason.value_or(""); }
    std::vector<JobId> open_on(const std::string& id);

    mirror::test::Mirror mirror;
    std::vector<mirror::Table> tables = mirror::make_tables();
    std::map<std::pair<std::string, std::string>, boost::json::object> tenant_objects;
    config::Jobs settings{.enabled = true};
    KnownCredential credentials = [](std::string_view name) { return name == "ad-join"; };
    UtcTime now = start + std::chrono::hours{1};
    std::optional<Duration> skew;
    std::string frozen_because;
    std::optional<std::string> user = "operator@contoso.example";
    std::string login_error;
    std::optional<std::int64_t> fleet;  ///< absent: the Cloud PCs of the tenant
    JobId taken = 0;
};

/// The guard of that name in a ruling.
const Guard& guard(const Ruling& ruling, std::string_view name);

}  // namespace cloudpcd::jobs::test
