#pragma once
// Every write action of the job queue, one entry each: what it asks of Graph, what it may do there,
// and how its end is seen. Validation, requests, guards, `cloudpcctl jobs explain` and the action
// reference follow from an entry; nothing else tells kinds apart. Facts: Microsoft Graph reference,
// pages named by the entries.

#include "schema/catalog.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::schema {

/// A member that every entry has to state: leaving it out does not compile.
template <class T>
struct Stated {
    T value;

    constexpr Stated(T stated) : value{stated} {}
    constexpr operator T() const noexcept { return value; }
};

enum class Method { post, patch, remove };

/// What a second execution, or a wrong one, would cost.
enum class Risk {
    repeatable,   ///< class 0: the same request again changes nothing more
    disruptive,   ///< class 1: a disturbance or a creation; never sent twice
    destructive,  ///< class 2: data or a machine may be lost; budgets and approval count it
    /// Class 2 when a group loses the policy, else 0: the claim compares with the assignments that
    /// are there.
    by_removed_groups,
    as_repeated,  ///< the class of the bulk action that it repeats; see find_bulk_action()
};

enum class Identity {
    application,
    delegated,  ///< Graph gives the verb to users only: the token of `cloudpcctl login`
};

/// Which Cloud PCs the request can reach: what budgets count and job_targets holds.
enum class Touches {
    nothing,
    target,       ///< the Cloud PC that is the target
    listed,       ///< those in params.cloudPcIds
    policy,       ///< those of the policy that is the target
    bulk_action,  ///< those in params.cloudPcIds, or all of the bulk action that is the target
};

/// When a destructive job counts as the same again, on one of the Cloud PCs it touches.
enum class Duplicates {
    never,        ///< not looked for
    same_params,  ///< same verb, and same values of the parameters that distinguish()
    any_params,   ///< same verb
};

/// How the end of an accepted action is seen.
enum class Completion {
    answer,         ///< the answer is the end; of a creation it holds the new object
    gone,           ///< the target's GET by id says 404
    remote_action,  ///< a remote action result of the Cloud PC, by name and start time
    status,         ///< the status of each Cloud PC touched
    /// A snapshot of the Cloud PC, made since, that is ready; or the remote action result.
    snapshot,
    bulk_summary,   ///< actionSummary of the bulk action; of a retry, of its target
    health_check,   ///< healthCheckStatus of the connection: any that is final is success
    image_status,   ///< status of the device image
    app_status,     ///< appStatus of every cloud app listed
    policy_apply,   ///< retrievePolicyApplyActionResult of the policy
    partner_agent,  ///< installStatus in partnerAgentInstallResults of the Cloud PC
};

/// Values are compared without case; one that is in no list means that it goes on. Names of remote
/// actions may carry the prefix `CloudPc`.
struct Ending {
    Completion seen_by{};
    std::chrono::minutes deadline{};  ///< without an end by then: in doubt
    std::span<const std::string_view> good{};
    std::span<const std::string_view> bad{};
    /// Statuses of the Cloud PC that it has only while such an action runs: not the end whatever
    /// else is seen, and evidence that it began.
    std::span<const std::string_view> busy{};
    bool gone_is_good = false;  ///< of `status`: a Cloud PC that is no more has ended well
    /// Bulk actions wait for the maintenance window when told to; 0: no such parameter.
    std::chrono::minutes deadline_in_window{};
};

/// What Graph refuses anyhow, so that the daemon rejects it before any request.
enum class Precondition {
    none,
    unassigned,  ///< a policy without assignments
    unused,      ///< a connection with inUse = false
};

enum class ParameterType {
    text,        ///< a string without control characters
    identifier,  ///< an opaque id or name of Graph's: 1-256 printable ASCII characters, no blank
    guid,        ///< xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx
    boolean,
    integer,
    date_time,    ///< RFC 3339, or date and time without zone: UTC
    enumeration,  ///< open: a value unknown today is sent as it is, and noted
    secret,       ///< {"credential": NAME}, never a literal
    object,       ///< with `members`
    type_name,    ///< an @odata.type: one of `types`, with or without #microsoft.graph.
};

/// A member of the body, in Graph's spelling. Null is accepted where the member is not required.
struct Parameter {
    std::string_view name;
    std::string_view description;  ///< a sentence
    ParameterType type = ParameterType::text;
    bool required = false;        ///< at creation; a PATCH requires no member of its own
    bool list = false;            ///< an array of `type`
    std::size_t min = 0;          ///< characters of a text, elements of a list
    std::size_t max = 256;        ///< characters of a text (also in lists)
    std::size_t items_max = 100;  ///< elements of a list
    std::int64_t least = 0;       ///< of an integer
    std::int64_t most = 0;
    const Enumeration* enumeration = nullptr;
    std::span<const std::string_view> types = {};
    std::span<const Parameter> members = {};
    std::string_view graph_type = "";  ///< of an object: "cloudPcWindowsSetting"
    std::string_view annotation = "";  ///< of an object: the @odata.type that the daemon adds
    std::span<const std::string_view> beta_values = {};  ///< members of the enum only beta knows
    bool fixed_at_creation = false;                      ///< a PATCH that names it is rejected
    /// Only beta knows it. A body with it, or with a beta value, goes to beta whatever the entry's
    /// version.
    bool beta = false;
    bool delegated = false;     ///< a body with it needs the token of a user
    bool distinguishes = true;  ///< two jobs of one verb that differ in it are not duplicates
    bool filled = false;        ///< the daemon fills it when it is absent: the name of the job
};

struct Action {
    std::string_view kind;   ///< "cloud_pc.reprovision"
    std::string_view title;  ///< "Reprovision": begins the name of a bulk action
    /// "reprovision": single and bulk form of one deed have the same.
    std::string_view verb;
    std::string_view description;
    std::string_view documentation;  ///< page of the Graph reference: "cloudpc-reprovision"

    Stated<Method> method;
    /// Below the version; `{id}` is the target's id, percent-encoded.
    std::string_view path;
    Stated<ApiVersion> version;
    std::span<const int> statuses;  ///< documented; any other 2xx is success all the same

    std::string_view target = "";     ///< table of the target; empty: the kind takes no target_id
    std::string_view listed = "";     ///< table of the objects that a parameter lists
    std::string_view listed_by = "";  ///< that parameter: "cloudPcIds", "cloudAppIds"

    std::string_view graph_type = "";  ///< of the body; empty: an action's own parameters
    std::string_view annotation = "";  ///< the @odata.type that the daemon adds to the body
    std::span<const Parameter> parameters = {};

    Stated<Risk> risk;
    Stated<Identity> identity;
    std::span<const std::string_view> permissions;  ///< any one suffices
    Stated<Touches> touches;
    Stated<Duplicates> duplicates;
    Precondition precondition = Precondition::none;
    Stated<Ending> ending;
    /// Names under which remote action results know it, for `ending` and for evidence in doubt.
    std::span<const std::string_view> remote_actions = {};
    std::string_view example = "";  ///< params of the example in the reference; empty: none needed
};

/// All entries, in the order of the reference.
std::span<const Action> actions() noexcept;

/// Entry of a kind, byte for byte, or null. `device_image.reupload` is `device_image.retry_upload`.
const Action* find_action(std::string_view kind) noexcept;

/// Entry that makes bulk actions of this type ("#microsoft.graph.cloudPcBulkReprovision", with or
/// without the prefix, without case), or null: what `bulk_action.retry` repeats.
const Action* find_bulk_action(std::string_view odata_type) noexcept;

/// The class as a number; nullopt where the claim has to find it out.
std::optional<int> risk_class(Risk risk) noexcept;

/// True for class 2 and for what may turn out to be: such a job gets the short expiry and the
/// expectations of a destructive one.
bool may_destroy(Risk risk) noexcept;

std::string_view to_string(Method method) noexcept;  ///< "POST", "PATCH", "DELETE"

/// Whether a body of this kind has a secret in it anywhere.
bool takes_secret(const Action& action) noexcept;

/// Names of members that are secrets, over all kinds: what the trigger on `jobs` looks for.
std::span<const std::string_view> secret_members() noexcept;

/// Why such a job is rejected, and what to do first; empty for none.
std::string_view refusal(Precondition precondition) noexcept;

/// docs/reference/actions.md.
std::string action_reference();

/// The same about one kind, for a terminal: `cloudpcctl jobs explain`.
std::vector<std::string> explain(const Action& action);

}  // namespace cloudpcd::schema
