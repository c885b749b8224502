#pragma once
// What jobs ask of the tenant by reading: objects as Graph has them now. The runner, its guards and
// its observations know Graph through this and through graph::Writer only.

#include "sync/core/clock.hpp"
#include "sync/core/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

class Estate {
public:
    virtual ~Estate() = default;

    /// One object of a table of the mirror, with all that the mirror asks for of it (assignments of
    /// a policy too).
    ///
    /// Gives:      nullopt when Graph itself says that there is none
    /// Errors:     those of graph::Client::get, Errc::malformed
    /// Exceptions: operation_aborted when cancelled, here as below
    virtual boost::asio::awaitable<Result<std::optional<boost::json::object>>> object(
        std::string_view table, std::string id) = 0;

    /// What is kept of each object of a list; nullopt: nothing. Keep little, lists may be long.
    using Keep = std::function<std::optional<boost::json::object>(const boost::json::object&)>;

    /// A whole list, page by page. `since` narrows the audit log to what is not older; of other
    /// tables it is left out.
    virtual boost::asio::awaitable<Result<std::vector<boost::json::object>>> objects(
        std::string_view table, std::optional<UtcTime> since, Keep keep) = 0;

    /// The answer of a function bound to an object of `table`: "retrieveCloudPCRemoteActionResults"
    /// of the Cloud PC `id`, on beta. A collection comes as the array in `value`.
    virtual boost::asio::awaitable<Result<boost::json::value>> function(std::string_view table,
                                                                        std::string id,
                                                                        std::string name) = 0;

    /// Brings rows of the mirror to what Graph says now; returns once that was tried. What cannot
    /// be read is for the next pull.
    virtual boost::asio::awaitable<void> refresh(std::string_view table,
                                                 std::vector<std::string> ids) = 0;
};

}  // namespace cloudpcd::jobs
