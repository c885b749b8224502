#pragma once
// One object of a collection, asked for by its id.

#include "schema/catalog.hpp"
#include "sync/core/clock.hpp"
#include "sync/core/error.hpp"
#include "sync/graph/client.hpp"
#include "sync/graph/page.hpp"
#include "sync/mirror/requests.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cloudpcd::mirror {

/// What came of it: the object, or that it is gone, or neither, and then why.
struct ObjectAnswer {
    std::optional<graph::Page> page{};  ///< of the one object
    bool gone = false;                  ///< Graph itself says 404; a proxy's page would say nothing
    Error error{};                      ///< of neither
    std::int64_t requests = 0;
    /// When it was asked for: the request that was answered, or before the first one.
    SteadyTime requested_at{};
};

boost::asio::awaitable<ObjectAnswer> read_object(graph::Client& client, Clock& clock,
                                                 const schema::Collection& collection,
                                                 const Refusals& refusals, std::string id,
                                                 graph::Priority priority);

}  // namespace cloudpcd::mirror
