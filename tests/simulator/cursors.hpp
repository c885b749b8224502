#pragma once
// Where the readers of lists are: the state behind the opaque $skiptoken of a nextLink.

#include "tests/simulator/query.hpp"
#include "tests/simulator/random.hpp"
#include "tests/simulator/store.hpp"
#include "tests/simulator/times.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace graphsim {

using Snapshot = std::vector<std::shared_ptr<const std::string>>;
using Hidden = std::unordered_set<std::string>;

struct Cursor {
    const EntitySet* set = nullptr;
    std::shared_ptr<const Query> query{};
    std::size_t position = 0;  ///< in the list, or in the snapshot when there is one
    std::shared_ptr<const Snapshot> snapshot{};
    std::shared_ptr<const Hidden> hidden{};  ///< what this reading of the list leaves out
    int served = 0;                          ///< how often its page was given
    TimePoint expires{};
};

/// Page tokens. Each gives the same page again until it expires; at most `cursors_max` are kept.
class Cursors {
public:
    static constexpr std::size_t cursors_max = 10'000;

    explicit Cursors(std::uint64_t seed) : x_random{seed} {}

    std::string add(Cursor cursor);
    /// A token that no cursor stands behind.
    std::string dead() { return x_random.guid(); }
    Cursor* find(const std::string& token, TimePoint now);
    void clear() noexcept;
    std::size_t size() const noexcept { return x_cursors.size(); }

private:
    Random x_random;
    std::unordered_map<std::string, Cursor> x_cursors;
    std::deque<std::string> x_age;
};

}  // namespace graphsim
