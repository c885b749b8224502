#pragma once
// What follows from ids that a complete list lacks. Pure: the rules of docs/architecture.md,
// "Pull strategies", and nothing else.

#include "config/config.hpp"
#include "schema/catalog.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace cloudpcd::mirror {

/// Tables of up to so many rows are confirmed by a GET by id, whatever is missing.
inline constexpr std::int64_t confirmed_rows_max = 1000;
/// Of larger ones, so many missing ids.
inline constexpr std::size_t confirmed_ids_max = 200;
/// So many ids may always go at once; also the most of a table that may turn empty.
inline constexpr std::size_t brake_free_ids = 10;

struct MissingIds {
    schema::DeleteRule rule = schema::DeleteRule::get_by_id;
    std::int64_t rows = 0;              ///< of the table before this list
    std::int64_t listed = 0;            ///< distinct ids of this list
    std::vector<std::string> ids{};     ///< rows that this list lacks
    std::vector<std::string> before{};  ///< rows that the last complete list lacked already
    /// Rows that an operator accepts to lose; those that are missing go without further questions.
    std::unordered_set<std::string> accepted{};
    double max_delete_fraction = 0.1;
};

struct DeletePlan {
    bool refused = false;                ///< too much at once: nothing is deleted
    std::string why{};                   ///< of a refusal, for people
    std::vector<std::string> confirm{};  ///< to be asked for by id; 404 deletes
    /// With one id that is not confirmed the whole is refused (a list that came empty).
    bool all_or_refused = false;
    std::vector<std::string> erase{};     ///< accepted, or the second list in a row that lacks them
    std::vector<std::string> remember{};  ///< for the next list
};

DeletePlan plan_deletes(MissingIds missing);

/// The share of a table's rows that may go at once.
double max_delete_fraction(const config::Sync& settings, const schema::Collection& collection);

/// Why so many rows may not go at once, for people; nullopt when they may.
std::optional<std::string> brake(std::int64_t missing, std::int64_t rows,
                                 double max_delete_fraction);

}  // namespace cloudpcd::mirror
