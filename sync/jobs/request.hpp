#pragma once
// The one request of a job, as its action says. What is shown (dry run, approval, ledger) has the
// names of credentials in it; their values come in for the wire only.

#include "schema/actions.hpp"
#include "sync/core/error.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::jobs {

struct Request {
    schema::Method method{};
    schema::Identity identity{};
    std::string path{};  ///< from the version on: "/v1.0/deviceManagement/…"; no query
    /// Members in the order of the entry, fixed and filled ones included; nullopt: no body at all.
    std::optional<boost::json::object> body{};

    /// The body as it may be shown: secrets are {"credential": NAME}. Empty without a body.
    std::string shown_body() const;
};

/// Builds the request of a job whose params read_parameters() accepted.
///
/// `target_id`  percent-encoded into the path
/// `job_name`   unique, for what the daemon names by itself: "cloudpcd job 17"
/// Errors:      Errc::rejected when check_target() finds something wrong with the target: no other
///              way leads to a path
Result<Request> build_request(const schema::Action& action,
                              std::optional<std::string_view> target_id,
                              const boost::json::object& params, std::string_view job_name);

/// The value of a credential of [jobs.secrets].
using Credential = std::function<Result<std::string>(std::string_view name)>;

/// The body with the values of its credentials. The caller overwrites it after use. Empty without a
/// body.
///
/// Errors: those of `credential`, which must not tell the value
Result<std::string> wire_body(const schema::Action& action, const Request& request,
                              const Credential& credential);

}  // namespace cloudpcd::jobs
