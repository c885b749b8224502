#pragma once
// How the service treats writes: how long what they begin takes, how often it fails, what is said
// about it afterwards. Graph documents none of it, so that every value is for tests to choose.

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace graphsim {

/// Any time between both, ends included.
struct Span {
    std::chrono::milliseconds low{0};
    std::chrono::milliseconds high{0};
};

constexpr Span always(std::chrono::milliseconds time) noexcept
{
    return {.low = time, .high = time};
}

/// What an accepted write is answered with.
enum class Acknowledgement {
    documented,  ///< the status of Graph's reference: 204, 201, 202
    ok,          ///< 200 where 204 is documented; an update shows the object
    accepted     ///< 202 with Location of what it was sent to, and no body
};

/// How an action on one object ends.
enum class Outcome {
    done,
    warning,  ///< done, and the status says that something is not right
    failed,
    not_supported,  ///< of an action on a Cloud PC
    never_starts    ///< accepted, then pending for ever
};

struct WriteOptions {
    /// How long actions take that the service accepts, by verb: `cloudPCs/reprovision`,
    /// `deviceImages/create`. Others take between some seconds and an hour, times `pace`.
    std::map<std::string, Span, std::less<>> durations{};
    double pace = 1.0;
    /// From the answer to the begin of the action; `pace` counts here too.
    Span start_delay{std::chrono::seconds{1}, std::chrono::seconds{10}};

    double failure_rate = 0.0;       ///< of accepted actions
    double never_starts_rate = 0.0;  ///< of accepted actions
    /// Of Cloud PCs whose status has changed: it shows the old one again for `flap` once.
    double flap_rate = 0.0;
    Span flap{std::chrono::seconds{5}, std::chrono::seconds{30}};

    /// When a read shows the audit event of a write.
    Span audit_delay{std::chrono::seconds{30}, std::chrono::minutes{5}};
    double audit_late_rate = 0.0;  ///< of events that take `audit_late` instead
    Span audit_late{std::chrono::hours{1}, std::chrono::hours{6}};
    double audit_missing_rate = 0.0;  ///< of writes that no event tells of
    /// Of events whose correlationId is the request's client-request-id; others have one of their
    /// own.
    double correlation_rate = 1.0;

    /// How long reads do not show a created object, nor what was assigned.
    std::chrono::milliseconds consistency_lag{0};
    Acknowledgement acknowledgement = Acknowledgement::documented;
};

}  // namespace graphsim
