#include "sync/graph/clock_skew.hpp"
#include "sync/jobs/evidence.hpp"
#include "sync/jobs/progress_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace cloudpcd::jobs {

using namespace std::chrono_literals;

using Kind = Piece::Kind;
using Outcome = Proof::Outcome;

namespace {

/// What an attempt caused is dated so long behind it at most.
constexpr Duration effect_max = 15min;
/// Two pieces of one execution are dated no further apart.
constexpr Duration execution_max = 5min;

/// Those that name one execution before those that could be of several.
constexpr Kind preference[] = {Kind::own_id,        Kind::bulk_action, Kind::created,
                               Kind::remote_action, Kind::audit_event, Kind::gone,
                               Kind::status};

std::vector<const Piece*> of_kind(const std::vector<const Piece*>& pieces, Kind kind)
{
    std::vector<const Piece*> some;
    std::ranges::copy_if(pieces, std::back_inserter(some),
                         [&](const Piece* piece) { return piece->kind == kind; });
    return some;
}

/// Events of one request have one correlation id.
const std::string& identity_of(const Piece& piece)
{
    return piece.kind == Kind::audit_event && !piece.correlation_id.empty() ? piece.correlation_id
                                                                            : piece.key;
}

std::optional<Kind> repeated_kind(const std::vector<const Piece*>& pieces)
{
    for (const auto kind : preference) {
        std::set<std::string> identities;
        for (const auto* piece : of_kind(pieces, kind))
            identities.insert(identity_of(*piece));
        if (identities.size() > 1)
            return kind;
    }
    return std::nullopt;
}

bool fit_one_execution(const std::vector<const Piece*>& pieces)
{
    std::optional<UtcTime> first;
    std::optional<UtcTime> last;
    for (const auto* piece : pieces) {
        if (!piece->at)
            continue;
        first = first ? std::min(*first, *piece->at) : *piece->at;
        last = last ? std::max(*last, *piece->at) : *piece->at;
    }
    return !first || *last - *first <= execution_max;
}

/// Other attempts, and whether their jobs are in doubt themselves.
class Others {
public:
    Others(store::Database& queue, const Attempt& attempt) : x_queue{queue}, x_attempt{attempt} {}

    struct Claim {
        JobId job = 0;
        bool in_doubt = false;
    };

    /// Who else the piece explains, or may explain as well.
    std::optional<Claim> claim_on(const Piece& piece)
    {
        if (const auto other = find_evidence(x_queue, piece.key);
            other && other->job_id != x_attempt.job_id)
            return claim_of(other->job_id);
        if (auto claim = by_correlation(piece))
            return claim;
        if (auto claim = by_time(piece))
            return claim;
        return piece.kind == Kind::created ? by_name() : std::nullopt;
    }

private:
    Claim claim_of(JobId job)
    {
        auto row = x_queue.prepared("SELECT state = 'in_doubt' FROM jobs WHERE job_id = ?");
        row.bind(1, job);
        return {.job = job, .in_doubt = row.step() && row.integer(0) != 0};
    }

    std::optional<Claim> first(store::Statement row)
    {
        if (!row.step())
            return std::nullopt;
        return Claim{.job = row.integer(0), .in_doubt = row.integer(1) != 0};
    }

    std::optional<Claim> by_correlation(const Piece& piece)
    {
        if (piece.correlation_id.empty())
            return std::nullopt;
        auto row = x_queue.prepared(
            "SELECT a.job_id, j.state = 'in_doubt' FROM job_attempts a JOIN jobs j USING (job_id) "
            "WHERE a.client_request_id = lower(?1) AND a.job_id <> ?2");
        row.bind(1, piece.correlation_id).bind(2, x_attempt.job_id);
        return first(std::move(row));
    }

    /// An earlier request for the same may have caused it, unless that is known to have caused
    /// another one.
    std::optional<Claim> by_time(const Piece& piece)
    {
        if (!piece.at)
            return std::nullopt;
        const auto earliest = format_sql_time(*piece.at - effect_max - graph::clock_skew_max);
        const auto latest = format_sql_time(*piece.at + graph::clock_skew_max);
        const bool by_key = piece.kind == Kind::remote_action;
        const auto known = piece.key.substr(0, piece.key.find(':') + 1);
        auto row = x_queue.prepared(
            "SELECT a.job_id, j.state = 'in_doubt' FROM job_attempts a JOIN jobs j USING (job_id) "
            "WHERE a.job_id <> ?1 AND a.method = ?2 AND a.path = ?3 "
            "AND a.verdict IS NOT 'not_executed' AND a.intent_at BETWEEN ?4 AND ?5 "
            "AND NOT (?6 AND a.evidence IS NOT NULL AND instr(a.evidence, ?7) = 1) "
            "ORDER BY a.attempt_id LIMIT 1");
        row.bind(1, x_attempt.job_id).bind(2, x_attempt.method).bind(3, x_attempt.path);
        row.bind(4, earliest).bind(5, latest).bind(6, by_key ? 1 : 0).bind(7, known);
        return first(std::move(row));
    }

    /// Another creation that gives the same name: one in doubt, or one that was carried out and
    /// nobody knows what it made.
    std::optional<Claim> by_name()
    {
        constexpr Duration apart_max = 2 * (effect_max + graph::clock_skew_max);
        const auto intent = parse_sql_time(x_attempt.intent_at).value_or(UtcTime{});
        const auto earliest = format_sql_time(intent - apart_max);
        const auto latest = format_sql_time(intent + apart_max);
        const auto known = object_evidence(created_evidence, "");
        auto row = x_queue.prepared(
            "SELECT a.job_id, 1 FROM job_attempts a JOIN jobs j USING (job_id) "
            "JOIN jobs mine ON mine.job_id = ?1 "
            "WHERE a.job_id <> ?1 AND (j.state = 'in_doubt' AND a.verdict = 'unknown' OR "
            "a.verdict = 'executed' AND instr(coalesce(a.evidence, ''), ?6) <> 1) "
            "AND a.method = ?2 AND a.path = ?3 AND a.intent_at BETWEEN ?4 AND ?5 "
            "AND CASE WHEN json_valid(j.params) AND json_valid(mine.params) THEN "
            "  json_extract(j.params, '$.displayName') = "
            "  json_extract(mine.params, '$.displayName') END "
            "ORDER BY a.attempt_id LIMIT 1");
        row.bind(1, x_attempt.job_id).bind(2, x_attempt.method).bind(3, x_attempt.path);
        row.bind(4, earliest).bind(5, latest).bind(6, known);
        return first(std::move(row));
    }

    store::Database& x_queue;
    const Attempt& x_attempt;
};

/// What the pieces say together, which are of one execution.
Proof proof_by(const std::vector<const Piece*>& pieces)
{
    Proof proof{.outcome = Outcome::executed};
    for (const auto kind : preference) {
        for (const auto* piece : of_kind(pieces, kind)) {
            if (proof.evidence.empty()) {
                proof.evidence = piece->key;
                proof.why = piece->what;
            }
            for (const auto& [name, value] : piece->result)
                proof.result[name] = value;
            if (piece->kind == Kind::gone)
                proof.outcome = Outcome::ended;
        }
    }
    return proof;
}

Proof refused_by(const Piece& piece)
{
    return {.outcome = Outcome::refused,
            .evidence = piece.key,
            .why = fmt::format("Graph refused it: {}", piece.what)};
}

/// The attempt's own id decides, whatever else is there; other pieces add what they say where they
/// are beyond doubt.
Proof weigh_own(const std::vector<const Piece*>& own, std::vector<const Piece*> others)
{
    if (std::ranges::all_of(own, &Piece::refused))
        return refused_by(*own.front());
    if (repeated_kind(others))
        others.clear();
    std::erase_if(others, [](const Piece* piece) { return piece->refused; });
    others.insert(others.end(), own.begin(), own.end());
    return proof_by(others);
}

Proof weigh_candidates(const std::vector<const Piece*>& pieces)
{
    if (const auto kind = repeated_kind(pieces)) {
        const auto same = of_kind(pieces, *kind);
        return {.outcome = Outcome::ambiguous,
                .why = fmt::format("there are {} that could be of the request: {}; {}", same.size(),
                                   same[0]->what, same[1]->what)};
    }
    const auto refused = std::ranges::count_if(pieces, &Piece::refused);
    if (refused == static_cast<std::ptrdiff_t>(pieces.size()))
        return refused_by(*pieces.front());
    if (refused > 0 || !fit_one_execution(pieces))
        return {.outcome = Outcome::ambiguous,
                .why = fmt::format("what is seen contradicts itself: {}; {}", pieces[0]->what,
                                   pieces[1]->what)};
    return proof_by(pieces);
}

}  // namespace

Proof weigh(store::Database& queue, const Attempt& attempt, const Found& found)
{
    std::vector<const Piece*> own;
    std::vector<const Piece*> pieces;
    std::optional<Proof> claimed;
    Others others{queue, attempt};
    for (const auto& piece : found.pieces) {
        if (piece.kind == Kind::own_id) {
            own.push_back(&piece);
            continue;
        }
        const auto claim = others.claim_on(piece);
        if (!claim) {
            pieces.push_back(&piece);
            continue;
        }
        const auto outcome = claim->in_doubt ? Outcome::ambiguous : Outcome::none;
        if (!claimed || outcome == Outcome::ambiguous)
            claimed =
                Proof{.outcome = outcome,
                      .why = fmt::format("{}, which may be of job {}", piece.what, claim->job)};
    }
    if (!own.empty())
        return weigh_own(own, std::move(pieces));
    // Two jobs in doubt that claim one piece: neither gets it.
    if (claimed && claimed->outcome == Outcome::ambiguous)
        return *std::move(claimed);
    if (!pieces.empty())
        return weigh_candidates(pieces);
    return claimed.value_or(Proof{});
}

}  // namespace cloudpcd::jobs
