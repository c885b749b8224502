#pragma once
// Single objects, read by their ids because something is known to have happened to them: audit
// events name them, or a job acted on them.

#include "sync/core/clock.hpp"
#include "sync/graph/client.hpp"
#include "sync/mirror/object_read.hpp"
#include "sync/mirror/pull.hpp"
#include "sync/mirror/records.hpp"
#include "sync/mirror/table.hpp"
#include "sync/store/store.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::mirror {

/// More objects than this are not read one by one: a full list is cheaper.
inline constexpr std::size_t refreshed_ids_max = 50;

/// One refresh while it runs; see Puller::refresh.
class Refresh {
public:
    Refresh(const Pull::Environment& environment, const Table& table, RunId run,
            graph::Priority priority);

    boost::asio::awaitable<RunSummary> run(std::vector<std::string> ids);

private:
    struct Read {
        std::string id;
        bool gone = false;
        SteadyTime requested_at{};
    };

    boost::asio::awaitable<std::optional<Error>> read(std::vector<std::string> ids);
    boost::asio::awaitable<std::vector<std::string>> apply(std::optional<Error> failure, bool last);
    std::vector<std::string> apply_on_store(store::Database& database,
                                            const std::optional<Error>& failure, bool last,
                                            UtcTime now);
    std::vector<std::string> take_overtaken(store::Database& database);
    void erase_gone(store::Database& database, Sequence& sequence, UtcTime now);

    Pull::Environment x_environment;
    const Table& x_table;
    graph::Priority x_priority;
    Refusals x_refusals;
    RunSummary x_summary;
    std::vector<Read> x_reads;
};

/// What new audit events ask for.
struct Mentions {
    std::vector<std::string> ids{};
    bool too_many = false;  ///< more than are read one by one
};

/// Objects of the table that audit events name which were stored behind `first_seq` and are newer
/// than the last full list. Store executor only.
Mentions mentioned_objects(store::Database& database, const schema::Collection& collection,
                           std::int64_t first_seq, UtcTime list_as_of);

}  // namespace cloudpcd::mirror
