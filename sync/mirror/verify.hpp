#pragma once
// Compares a table with the tenant and changes neither: everything is listed anew and compared hash
// by hash. Rows that the mirror has changed since the list began say nothing, and are left out.

#include "sync/mirror/delta_round.hpp"
#include "sync/mirror/pull.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::mirror {

struct Difference {
    enum class Kind {
        not_mirrored,   ///< the tenant has it, the mirror does not
        not_in_tenant,  ///< the mirror has it, the list does not
        differs,        ///< both have it, with other content
        unreadable      ///< the tenant has it, and it cannot be stored (quarantine)
    };
    std::string table;
    std::string id;  ///< empty where an unreadable object has none
    Kind kind = Kind::differs;
};
std::string_view to_string(Difference::Kind kind) noexcept;

/// The rest is counted.
inline constexpr std::size_t differences_named_max = 1000;

struct VerifyReport {
    std::string resource;
    bool complete = false;     ///< the list was read to its end, and held still
    std::string error{};       ///< why it was not
    std::int64_t objects = 0;  ///< of the tenant
    std::int64_t differences = 0;
    std::vector<Difference> named{};

    bool equal() const noexcept { return complete && differences == 0; }
};

class Verification {
public:
    /// `run`: a number that no pull stages under.
    Verification(const Pull::Environment& environment, const Table& table, RunId run);

    boost::asio::awaitable<VerifyReport> run();

private:
    struct Staged;

    boost::asio::awaitable<void> begin();
    boost::asio::awaitable<std::optional<Error>> read();
    boost::asio::awaitable<std::optional<Error>> read_pages(graph::Pager& pager);
    boost::asio::awaitable<Staged> stage(graph::Page page);
    void compare(store::Database& database);
    void add(store::Database& database, std::string_view table, Difference::Kind kind, RunId run,
             const std::string& sql);
    void add_staged(store::Database& database, const Table& table, RunId run);
    void add_missing(store::Database& database, const Table& table, const std::string& ids_sql);

    Pull::Environment x_environment;
    const Table& x_table;
    const schema::Collection& x_collection;
    RunId x_run;
    std::optional<Table> x_links;
    std::optional<DeltaRound> x_round;  ///< of a collection with a delta function
    Refusals x_refusals;
    std::int64_t x_seq = 0;  ///< of the mirror when the list began
    StageCounts x_counts;
    std::optional<std::int64_t> x_announced;
    VerifyReport x_report;
};

}  // namespace cloudpcd::mirror
