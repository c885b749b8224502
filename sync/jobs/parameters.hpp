#pragma once
// The params of a job: hostile text until it has gone through here. What comes out is an object of
// known members with values of the right type, in the order of the action's entry; what does not
// fit is named, with what would.

#include "schema/actions.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

inline constexpr std::size_t params_bytes_max = 64UL * 1024;
inline constexpr std::size_t params_depth_max = 16;
inline constexpr std::size_t problems_max = 20;  ///< further ones are only counted

/// Something that does not fit. Never holds a value, since a value may be a secret that somebody
/// put in the wrong place.
struct Problem {
    std::string path{};      ///< "domainJoinConfigurations[0].regionName"; empty: params as a whole
    std::string what{};      ///< "is missing"
    std::string accepted{};  ///< "text of 1 to 256 characters"; may be empty

    /// One line: `params.path what; accepted: …`, of a target `target_id what; …`.
    std::string describe() const;
};

struct Parameters {
    boost::json::object values{};  ///< canonical; only when there is no problem
    std::vector<Problem> problems{};
    std::vector<std::string> notes{};  ///< values that are unknown today and sent all the same
    /// A literal where a credential belongs, or text that may hold one: to be erased from the row.
    bool may_hold_secret = false;

    bool valid() const noexcept { return problems.empty(); }
    /// All problems in one line.
    std::string describe() const;
};

/// Whether [jobs.secrets] has this name; empty where nobody knows (cloudpcctl): any is accepted.
using KnownCredential = std::function<bool(std::string_view)>;

/// Reads the params of a job of this kind. Empty text (SQL NULL) is `{}`.
///
/// Bounds: params_bytes_max, params_depth_max, problems_max
/// Times:  RFC 3339, or as SQLite writes them; they come out as RFC 3339, UTC
/// Enums:  open. A value that differs from a known one in case only is a mistake, though, and
///         `unknownFutureValue` is never sent.
/// Types:  an `@odata.type` that says what the daemon would say anyhow is dropped
Parameters read_parameters(const schema::Action& action, std::string_view text,
                           const KnownCredential& known_credential = {});

/// What is wrong with the target of a job of this kind, or nothing. Ids are GUIDs in their plain
/// form, byte for byte as Graph writes them.
std::optional<Problem> check_target(const schema::Action& action,
                                    std::optional<std::string_view> target_id);

/// xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, without braces.
bool is_guid(std::string_view text) noexcept;

/// What a parameter accepts, for people: "true or false", "a GUID".
std::string accepted_values(const schema::Parameter& parameter);

}  // namespace cloudpcd::jobs
