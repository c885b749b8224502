#pragma once
// The tenant as jobs read it: through the same client and with the same requests as the mirror, but
// ahead of what is read in the background.

#include "sync/core/clock.hpp"
#include "sync/graph/client.hpp"
#include "sync/jobs/estate.hpp"
#include "sync/mirror/puller.hpp"
#include "sync/mirror/requests.hpp"
#include "sync/mirror/table.hpp"
#include "sync/store/store.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::daemon {

/// More rows than this are left to the next pull, which reads them by a list.
inline constexpr std::size_t refreshed_by_jobs_max = 200;

class GraphEstate final : public jobs::Estate {
public:
    struct Parts {
        graph::Client& client;
        /// A connection to the mirror that waits for no merge.
        store::Store& mirror;
        mirror::Puller& puller;
        Clock& clock;
        /// Those that the configuration includes: no other rows are refreshed.
        std::vector<const mirror::Table*> tables{};
    };

    explicit GraphEstate(Parts parts) : x_parts{std::move(parts)} {}

    boost::asio::awaitable<Result<std::optional<boost::json::object>>> object(
        std::string_view table, std::string id) override;

    /// One object of the list that cannot be made sense of is an error: it may be one that matters.
    boost::asio::awaitable<Result<std::vector<boost::json::object>>> objects(
        std::string_view table, std::optional<UtcTime> since, Keep keep) override;

    boost::asio::awaitable<Result<boost::json::value>> function(std::string_view table,
                                                                std::string id,
                                                                std::string name) override;

    boost::asio::awaitable<void> refresh(std::string_view table,
                                         std::vector<std::string> ids) override;

private:
    boost::asio::awaitable<mirror::Refusals> refusals(const schema::Collection& collection);
    boost::asio::awaitable<Result<void>> read_list(const schema::Collection& collection,
                                                   std::optional<UtcTime> since,
                                                   const mirror::Refusals& refusals,
                                                   const Keep& keep,
                                                   std::vector<boost::json::object>& kept);

    Parts x_parts;
};

}  // namespace cloudpcd::daemon
