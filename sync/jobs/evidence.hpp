#pragma once
// Whether a request that may have been executed was: what Graph's audit log, remote action results,
// lists and the target itself say. The attempt's own id decides alone; otherwise exactly one
// candidate does, pieces of different kinds that fit one execution counting as one. Silence proves
// nothing.

#include "sync/core/time.hpp"
#include "sync/jobs/attempts.hpp"
#include "sync/jobs/estate.hpp"
#include "sync/jobs/job.hpp"
#include "sync/jobs/plan.hpp"
#include "sync/store/database.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::jobs {

/// Something seen that the attempt would explain.
struct Piece {
    enum class Kind {
        own_id,         ///< an audit event whose correlationId is the attempt's
        audit_event,    ///< one by our application on that object, in the window
        remote_action,  ///< a remote action result of that name, in the window
        status,         ///< the Cloud PC is in a status that only such an action brings
        bulk_action,    ///< an entry of bulkActions: same type, name and ids
        created,        ///< an object of that name that was not there before
        gone,           ///< the target of a DELETE is no more
    };
    Kind kind{};
    std::string key{};             ///< what it is known by: explains one attempt and no other
    std::string what{};            ///< for people
    bool refused = false;          ///< the audit event says that Graph refused it
    boost::json::object result{};  ///< of a creation: {"id": …}
    /// When it happened; absent where another attempt on the same path could not have caused it.
    std::optional<UtcTime> at{};
    std::string correlation_id{};  ///< of an audit event
};

struct Search {
    const Plan& plan;
    const Job& job;
    const Attempt& attempt;
    std::vector<std::string> cloud_pcs{};  ///< of job_targets
    UtcTime from{};                        ///< by Graph's clock: intent minus what it may be off
    UtcTime to{};                          ///< intent + 15 min
    std::string application_id{};          ///< of audit actors; empty: unknown
    /// Objects of that name which the mirror knew before the intent, of a creation.
    std::vector<std::string> known_before{};
};

struct Found {
    std::vector<Piece> pieces{};
    std::vector<std::string> unread{};  ///< what could not be asked for, and why
};

boost::asio::awaitable<Found> search_evidence(Estate& estate, Search search);

/// What the pieces prove.
struct Proof {
    enum class Outcome {
        none,       ///< nothing was seen
        ambiguous,  ///< several candidates, or one that another job in doubt claims as well
        executed,
        ended,  ///< executed, and at its end already: the target of a DELETE is gone
        refused,
    };
    Outcome outcome = Outcome::none;
    std::string evidence{};  ///< of executed, ended, refused: the piece
    std::string why{};       ///< for people; of `none` may be empty
    boost::json::object result{};
};

/// Weighs them against each other and against what explains other attempts already, which counts
/// for nothing here. Evidence is the piece that is least likely to be another's.
Proof weigh(store::Database& queue, const Attempt& attempt, const Found& found);

}  // namespace cloudpcd::jobs
