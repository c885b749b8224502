#pragma once
// Which of two reads of the same object is the newer one. A list takes minutes, a targeted read of
// one object overtakes it; what counts is which of the two was asked for later.
//
//   list asked ──────── page 3 asked ────────────────────────── list applied
//                                       GET asked ── GET applied        its page 3 is older:
//                                       dropped
//        GET asked ·····(waits)·································· answer  older than page 3: asked
//        again
//
// Lives in the temp database, as what is staged does: reads do not outlive the process. Store
// executor only.

#include "sync/core/clock.hpp"
#include "sync/store/database.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::mirror {

class ReadOrder {
public:
    /// Creates the temp tables; once per connection.
    static void create(store::Database& database);

    ReadOrder(store::Database& database, std::string_view resource)
        : x_database{database}, x_resource{resource}
    {}

    /// A list begins: whatever was read before is older than all of it.
    void list_begins();
    /// A list is applied whose last page was asked for then.
    void list_applied(SteadyTime last_requested_at);
    /// One object was read, or found to be gone, by a request of its own.
    void object_read(std::string_view id, SteadyTime requested_at);

    /// Whether a list that was applied has pages that were asked for later.
    bool is_overtaken(SteadyTime requested_at);
    /// Unstages what the list `run` has of objects that were read later on their own.
    void drop_older(std::int64_t run);
    /// Leaves out what was read on its own since the list began: the list proves nothing about it.
    std::vector<std::string> without_newer(std::vector<std::string> ids, SteadyTime list_began_at);

private:
    store::Database& x_database;
    std::string_view x_resource;
};

}  // namespace cloudpcd::mirror
