#pragma once
// Objects of the tenant by their ids, a few reads side by side.

#include "sync/core/task_group.hpp"
#include "sync/jobs/estate.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::jobs {

/// Reads side by side: enough to hide the latency, few enough for whoever else reads.
inline constexpr std::size_t reads_at_once = 4;

template <class Work>
boost::asio::awaitable<void> work_off(std::size_t count, std::size_t& next, Work& work)
{
    while (next < count)
        co_await work(next++);
}

/// Awaits `work(index)` for each index below `count`. `work` must not be a lambda: its coroutines
/// refer to it.
template <class Work>
boost::asio::awaitable<void> side_by_side(std::size_t count, Work& work)
{
    auto group = co_await TaskGroup::make();
    std::size_t next = 0;
    for (std::size_t task = 0; task < std::min(count, reads_at_once); ++task)
        group.spawn(work_off(count, next, work));
    co_await group.join();
}

using ObjectRead = Result<std::optional<boost::json::object>>;

/// Gives: for each id what Estate::object() gives, in their order
boost::asio::awaitable<std::vector<ObjectRead>> read_objects(Estate& estate, std::string_view table,
                                                             const std::vector<std::string>& ids);

}  // namespace cloudpcd::jobs
