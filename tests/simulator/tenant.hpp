#pragma once
// A Windows 365 tenant as a client of Microsoft Graph meets it: its objects, the token endpoint and
// the Cloud PC collections, in one deterministic, single-threaded object.

#include "tests/simulator/cursors.hpp"
#include "tests/simulator/delta_tokens.hpp"
#include "tests/simulator/facts.hpp"
#include "tests/simulator/faults.hpp"
#include "tests/simulator/generator.hpp"
#include "tests/simulator/http.hpp"
#include "tests/simulator/query.hpp"
#include "tests/simulator/random.hpp"
#include "tests/simulator/request_log.hpp"
#include "tests/simulator/store.hpp"
#include "tests/simulator/throttle.hpp"
#include "tests/simulator/times.hpp"
#include "tests/simulator/token_endpoint.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace graphsim {

/// What a $top above page_size_max does. Graph's paging guide leaves all three open.
enum class TopAboveMax { clamp, ignore, reject };

/// What a page link refers to while objects come and go. Graph promises neither.
enum class CursorKind {
    live,     ///< a position: what is removed before it makes later objects slip past the reader
    snapshot  ///< the list as it was at the first page
};

struct TenantOptions {
    std::string tenant_id = "11111111-2222-3333-4444-555555555555";
    std::string client_id = "66666666-7777-8888-9999-000000000000";
    std::string client_secret = "secret";
    std::vector<std::string> client_certificates{};  ///< registered with the application, PEM
    /// What the application's trusted issuer hands out, word for word; of JWTs `nbf` and `exp`
    /// count.
    std::vector<std::string> federated_tokens{};
    /// The application that users sign in to; empty: the one above.
    std::string public_client_id{};
    bool public_client_flows = true;  ///< "Allow public client flows" of that application
    SignInPolicy sign_in_policy = SignInPolicy::admit;
    std::chrono::seconds device_code_lifetime{900};
    std::chrono::seconds device_code_interval{5};
    /// Polls that come before the interval has passed get slow_down (RFC 8628); Entra's
    /// documentation does not mention it.
    bool device_code_slow_down = false;
    bool system_identity = true;                 ///< the machine has one, with the client id above
    std::vector<std::string> user_identities{};  ///< client ids of user-assigned identities
    std::vector<std::string> roles = {"CloudPC.Read.All",
                                      "CloudPC.ReadWrite.All",
                                      "DeviceManagementManagedDevices.Read.All",
                                      "User.Read.All",
                                      "GroupMember.Read.All",
                                      "Device.Read.All",
                                      "LicenseAssignment.Read.All"};
    std::chrono::seconds token_lifetime{3599};
    /// Origin that nextLink and @odata.context begin with.
    std::string base_url = "https://graph.microsoft.com";

    std::size_t cloud_pcs = 100;
    std::size_t audit_events = 500;
    std::size_t snapshots = 100;
    std::size_t users = 20;
    std::size_t groups = 5;
    std::size_t devices = 20;  ///< in the directory, and as many in Intune
    std::uint64_t seed = 1;
    /// Odd but legal values among the objects: see odd_data.hpp.
    bool odd_data = true;

    std::size_t page_size_default = 100;
    std::size_t page_size_max = 1000;
    TopAboveMax top_above_max = TopAboveMax::clamp;
    CursorKind cursors = CursorKind::live;
    std::chrono::seconds cursor_lifetime = std::chrono::hours{1};
    /// The link out of a page that is read a second time is dead, as Graph's paging guide warns of
    /// (DirectoryPageTokenNotFoundException); whoever goes back once more gets one that works.
    bool retried_page_link_dies = false;
    /// Query options that the documentation does not list for a set get 400.
    bool reject_undocumented_query = false;
    /// Sets whose lists ignore $filter and give everything, as services do that do not know it.
    std::vector<std::string> unfiltered{};
    /// Audit events listed newest first; else oldest first. Graph documents no order.
    bool audit_newest_first = true;

    DeltaBehaviour delta{};

    Quota quota{};
    std::function<TimePoint()> now = system_now;
};

/// An object as a full read returns it.
struct TruthObject {
    std::string id;
    std::string text;  ///< JSON, byte for byte as in a response
};

struct ChurnOptions {
    double modified = 0.02;  ///< of the objects of each set
    double removed = 0.005;
    double added = 0.005;
    std::size_t hidden = 0;  ///< objects of each set that the next list leaves out
    std::size_t audit_events = 0;
    /// Empty: churn_sets.
    std::vector<std::string> sets{};
};

/// What people change during a day: no catalog data, no audit events.
inline constexpr std::string_view churn_sets[] = {
    "cloudPCs",     "provisioningPolicies",  "userSettings",
    "deviceImages", "onPremisesConnections", "bulkActions",
    "snapshots"};

/// What people change in the directory and in Intune.
inline constexpr std::string_view directory_churn_sets[] = {"devices", "groups", "managedDevices",
                                                            "users"};

/// Ids by set segment.
struct ChurnResult {
    std::map<std::string, std::vector<std::string>> added, modified, removed, hidden;
};

class Tenant {
public:
    explicit Tenant(TenantOptions options);

    /// Answers one request, to the login host (`/{tenant}/oauth2/v2.0/token` and `.../devicecode`,
    /// `/devicelogin` for people), the metadata service (`/metadata/identity/oauth2/token`) or
    /// Graph
    /// (`/v1.0/...`, `/beta/...`). Never throws for what a client sends.
    Response handle(const Request& request);

    const TenantOptions& options() const noexcept { return x_options; }
    TimePoint now() const { return x_options.now(); }
    void set_base_url(std::string url) { x_options.base_url = std::move(url); }
    /// Concern tokens that are asked for from now on.
    void set_roles(std::vector<std::string> roles) { x_options.roles = std::move(roles); }
    void set_client_secret(std::string secret) { x_options.client_secret = std::move(secret); }
    void set_client_certificates(std::vector<std::string> pems)
    {
        x_options.client_certificates = std::move(pems);
    }
    void set_federated_tokens(std::vector<std::string> tokens)
    {
        x_options.federated_tokens = std::move(tokens);
    }
    void set_unfiltered(std::vector<std::string> sets) { x_options.unfiltered = std::move(sets); }
    void set_sign_in_policy(SignInPolicy policy) { x_options.sign_in_policy = policy; }
    void set_public_client_flows(bool allowed) { x_options.public_client_flows = allowed; }
    void set_quota(Quota quota) { x_throttle = Throttle{quota}; }
    /// Every token issued so far answers 401 from now on.
    void revoke_tokens() noexcept { x_tokens.revoke_all(); }
    /// Every sign-in of a user ends: its refresh tokens answer invalid_grant.
    void revoke_sign_ins() noexcept { x_tokens.users().revoke(now()); }
    /// Every page link given out so far answers 400 from now on.
    void expire_cursors() noexcept { x_cursors.clear(); }
    /// Every link of a delta round given out so far answers 410 from now on.
    void expire_delta_tokens() noexcept { x_delta.tokens.clear(); }
    /// The next round of the set that goes on from a link says once more all that it ever said.
    void replay_delta(std::string_view set) { x_delta.replayed.emplace(set); }
    /// How delta functions answer from now on.
    void set_delta(DeltaBehaviour behaviour) { x_options.delta = std::move(behaviour); }

    /// What a user does at the verification page. `user` is an id or a user principal name; empty:
    /// the first user of the directory. False when there is no such user, or no such code waits.
    bool approve_sign_in(std::string_view user_code, std::string_view user = "");
    bool decline_sign_in(std::string_view user_code);
    std::vector<PendingSignIn> sign_ins() const { return x_tokens.users().sign_ins(now()); }

    // Ground truth. Sets are named by their last path segment: "cloudPCs". Unknown names throw
    // std::out_of_range.

    /// The collections that are served, in the order of their names.
    std::vector<std::string> collections() const;
    /// Objects that a list shows now (hidden ones too), as a read of that version with everything
    /// selected, assignments expanded and unknown enum members asked for returns them.
    ///
    /// Takes: also "organizationSettings" (one object), "getSourceImages" (objects) and
    ///        "getAuditActivityTypes" (JSON strings, id is the text); objects without an id: ""
    std::vector<TruthObject> objects(std::string_view set, Version version = Version::beta) const;
    void for_each_object(std::string_view set, Version version,
                         const std::function<void(const TruthObject&)>& visit) const;
    std::optional<TruthObject> object(std::string_view set, std::string_view id,
                                      Version version = Version::beta) const;
    std::size_t size(std::string_view set) const;

    // Changes. What the client sees follows at once.

    /// Adds `text`, a JSON object, as it is; gives its id, a new one when it names none.
    ///
    /// Errors: throws std::invalid_argument for what is no object, has an id that is no string or
    /// is
    ///         there already
    std::string add(std::string_view set, std::string_view text);
    /// Adds a generated object.
    std::string add(std::string_view set);
    /// Replaces the members that `patch` names; null stays null. `organizationSettings` has any id.
    /// False when there is no such object.
    bool modify(std::string_view set, std::string_view id, std::string_view patch);
    /// Users, groups and devices leave the groups they are in. They can be restored, unless it is
    /// `for_good`.
    bool remove(std::string_view set, std::string_view id, bool for_good = false);
    bool restore(std::string_view set, std::string_view id);
    /// False when there is no such group, or nothing to change.
    bool add_member(std::string_view group, std::string_view id, std::string_view type = "user");
    bool remove_member(std::string_view group, std::string_view id);
    /// The next `times` lists leave the object out; a read by id still finds it.
    bool hide_from_list(std::string_view set, std::string_view id, int times = 1);
    ChurnResult churn(const ChurnOptions& options);

    /// Adds `n` events of the last `spread`; gives their ids.
    std::vector<std::string> add_audit_events(std::size_t n, std::chrono::milliseconds spread = {});
    /// One event of `activity_time` that no read shows before `visible_from`.
    std::string add_late_audit_event(TimePoint activity_time, TimePoint visible_from);

    FaultSet& faults() noexcept { return x_faults; }
    const RequestLog& requests() const noexcept { return x_log; }
    void clear_requests() { x_log.clear(); }

private:
    struct ReadRequest;

    // Entry (tenant.cpp)
    Response dispatch(const Request& request, const Target& target,
                      const std::vector<FaultSet::Rule*>& hit);
    Response graph(const Request& request, const Target& target,
                   const std::vector<FaultSet::Rule*>& hit);
    std::optional<Response> refuse(const Request& request, const Target& target,
                                   const EntitySet* set);
    void add_service_headers(const Request& request, Response& response) const;
    std::string path_template(const Target& target) const;

    // Signing in of people (device_login.cpp)
    Response device_login(const Request& request);
    std::optional<DirectoryUser> find_user(std::string_view user) const;

    // Reads (graph_read.cpp)
    Response read(const Request& request, const Target& target, Version version,
                  const std::vector<FaultSet::Rule*>& hit);
    Response read_list(const ReadRequest& read, const std::vector<FaultSet::Rule*>& hit);
    Response next_page(const ReadRequest& read, const std::string& token,
                       const std::vector<FaultSet::Rule*>& hit);
    Response read_one(const ReadRequest& read, const std::string& id);
    Response read_function(const ReadRequest& read, std::string_view name,
                           const std::vector<FaultSet::Rule*>& hit);
    Response read_singleton(const ReadRequest& read);
    Response page(const ReadRequest& read, const Cursor& cursor, bool first, bool link_dies,
                  const std::vector<FaultSet::Rule*>& hit);
    Response answer(Page page, const std::vector<FaultSet::Rule*>& hit);
    const Object& listed(const EntitySet& set, std::size_t position) const;
    std::shared_ptr<const Hidden> take_hidden(const EntitySet& set, const Query& query);
    std::shared_ptr<const Snapshot> take_snapshot(const Cursor& cursor) const;
    std::int64_t count_matches(const Cursor& cursor) const;
    bool shows(const Cursor& cursor, const Object& object) const;
    std::string link(const Cursor& cursor, const std::string& token) const;

    // Delta functions (graph_delta.cpp)
    Response read_delta(const Request& request, const Target& target, const EntitySet& set,
                        Version version, const std::vector<FaultSet::Rule*>& hit);
    Response go_on(const Request& request, const Target& target, const EntitySet& set,
                   Version version, const std::vector<FaultSet::Rule*>& hit);
    Response begin_round(const Request& request, DeltaToken round, bool empty,
                         const std::vector<FaultSet::Rule*>& hit);
    Response delta_page(const Request& request, const DeltaToken& round,
                        const std::vector<FaultSet::Rule*>& hit);

    // Writes (graph_write.cpp)
    Response write(const Request& request, const Target& target, Version version);

    // Errors (graph_error.cpp): the envelope of Graph's "errors" guide
    Response error(const Request& request, int status, std::string_view code,
                   std::string_view message) const;
    Response no_segment(const Request& request, std::string_view segment) const;

    ObjectSet& set(std::string_view name);
    const ObjectSet& set(std::string_view name) const;
    void leave_groups(std::string_view id);
    void churn_members(const std::string& group);
    void churn_set(const std::string& name, const ChurnOptions& options, ChurnResult& result);
    std::unordered_set<std::string> pick(const ObjectSet& from, double fraction,
                                         const std::unordered_set<std::string>& except);

    TenantOptions x_options;
    const Facts& x_facts = Facts::instance();
    Store x_store;
    Generator x_generator;
    TokenEndpoint x_tokens;
    Cursors x_cursors;
    DeltaTokens x_delta;
    Throttle x_throttle;
    FaultSet x_faults;
    RequestLog x_log;
    Random x_ids;              ///< request ids: never change the data
    Random x_dice;             ///< churn
    std::string x_request_id;  ///< of the request being handled
};

}  // namespace graphsim
