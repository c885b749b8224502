#pragma once
// Where an engine is asked for what its schedule would not do now: pulls and verifications, table
// by table.

#include "daemon/tickets.hpp"
#include "sync/mirror/puller.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <map>
#include <string_view>
#include <vector>

namespace cloudpcd::daemon {

struct VerifyOrder {
    bool operator==(const VerifyOrder&) const = default;
};

using PullQueue = TicketQueue<mirror::PullOrder, mirror::RunSummary>;
using VerifyQueue = TicketQueue<VerifyOrder, mirror::VerifyReport>;

class Desk {
public:
    struct Queues {
        explicit Queues(const boost::asio::any_io_executor& executor)
            : pulls{executor}, verifications{executor}
        {}
        PullQueue pulls;
        VerifyQueue verifications;
    };

    Desk(const boost::asio::any_io_executor& executor,
         const std::vector<const mirror::Table*>& included)
    {
        for (const auto* table : included)
            x_queues.try_emplace(table->collection().table, executor);
    }

    /// Null when the table is not read.
    Queues* find(std::string_view table) noexcept
    {
        const auto queues = x_queues.find(table);
        return queues == x_queues.end() ? nullptr : &queues->second;
    }

    std::vector<std::string_view> tables() const
    {
        std::vector<std::string_view> names;
        names.reserve(x_queues.size());
        for (const auto& [table, queues] : x_queues)
            names.push_back(table);
        return names;
    }

private:
    std::map<std::string_view, Queues> x_queues;
};

}  // namespace cloudpcd::daemon
