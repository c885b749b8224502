#include "sync/jobs/reads.hpp"

namespace cloudpcd::jobs {

namespace {

struct ObjectReader {
    Estate& estate;
    std::string_view table;
    const std::vector<std::string>& ids;
    std::vector<ObjectRead>& reads;

    boost::asio::awaitable<void> operator()(std::size_t index)
    {
        reads[index] = co_await estate.object(table, ids[index]);
    }
};

}  // namespace

boost::asio::awaitable<std::vector<ObjectRead>> read_objects(Estate& estate, std::string_view table,
                                                             const std::vector<std::string>& ids)
{
    std::vector<ObjectRead> reads(ids.size());
    ObjectReader reader{.estate = estate, .table = table, .ids = ids, .reads = reads};
    co_await side_by_side(ids.size(), reader);
    co_return reads;
}

}  // namespace cloudpcd::jobs
