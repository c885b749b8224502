#pragma once
// The state behind the $skiptoken and $deltatoken of delta rounds.

#include "tests/simulator/facts.hpp"
#include "tests/simulator/random.hpp"
#include "tests/simulator/times.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace graphsim {

/// How the delta functions use the freedom that Graph's documentation gives them.
struct DeltaBehaviour {
    std::size_t members_per_item = 20;  ///< a larger group comes in several items
    /// Changed properties only, as `Prefer: return=minimal` asks for, whatever is asked for.
    bool minimal = false;
    bool split_objects = false;       ///< an object's properties come in two items
    bool repeat_objects = false;      ///< an older state of each object comes before the present
    bool removed_in_initial = false;  ///< a first round names what was removed, too
    bool qualified_links = false;     ///< links name the function `delta()`, tokens `$DeltaToken`
    std::chrono::seconds token_lifetime = std::chrono::hours{24 * 7};
    /// What an unknown or old token gets with 410; the documentation spells it in two ways.
    std::string expired_code = "SyncStateNotFound";
    bool location = true;  ///< ... and where to start anew
};

struct DeltaToken {
    const EntitySet* set = nullptr;
    Version version = Version::v1_0;
    std::string select{};     ///< as it was asked for first
    std::uint64_t since = 0;  ///< of a $deltatoken: the next round begins behind this change
    std::uint64_t until = 0;  ///< of a $skiptoken: what the round goes to
    std::shared_ptr<const std::vector<std::string>> items{};  ///< of a $skiptoken
    std::size_t position = 0;
    TimePoint expires{};
};

struct DeltaTokens {
    explicit DeltaTokens(std::uint64_t seed) : random{seed} {}

    Random random;
    std::unordered_map<std::string, DeltaToken> tokens{};
    std::set<std::string, std::less<>> replayed{};  ///< sets whose next round says all once more

    std::string add(DeltaToken token)
    {
        auto name = random.guid();
        tokens.emplace(name, std::move(token));
        return name;
    }
};

}  // namespace graphsim
