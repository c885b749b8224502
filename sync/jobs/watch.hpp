#pragma once
// Notices what others do to the queue: rows inserted by other processes, and the freeze file.
//
// SQLite has no notification across processes. inotify on the directory says that the WAL was
// written; `PRAGMA data_version` says whether another connection has committed since. The write
// comes just before the commit (an fsync lies between), so it is asked again a few times, and once
// a second anyway: inotify may be out of watches, or overflow.

#include "sync/core/clock.hpp"
#include "sync/jobs/freeze.hpp"
#include "sync/store/store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace cloudpcd::jobs {

class QueueWatch {
public:
    struct Change {
        bool rows = false;    ///< another connection has committed
        bool freeze = false;  ///< the freeze file came or went
    };

    /// Watches the directory of `store`'s database. Without inotify (out of watches) it looks once
    /// a second, and says so in the log.
    QueueWatch(const boost::asio::any_io_executor& executor, store::Store& store, Clock& clock);

    /// Suspends until something has changed since the last call. The first call returns at once, as
    /// if all had, so that what came before it is looked at. One caller at a time.
    boost::asio::awaitable<Change> wait_for_change();

private:
    enum class Sign { timer, wal, other };

    boost::asio::awaitable<Sign> wait_for_sign();
    boost::asio::awaitable<bool> has_new_rows();
    bool has_other_freeze();
    Duration until_next_question() const noexcept;
    /// Reads all events there are; whether one of them concerns the WAL.
    bool drain();

    store::Store& x_store;
    Clock& x_clock;
    Freeze x_freeze;
    std::string x_wal_name;
    std::optional<boost::asio::posix::stream_descriptor> x_events{};
    std::optional<std::int64_t> x_version{};  ///< absent before the first call
    bool x_frozen = false;
    std::size_t x_questions = 0;  ///< asked again since the WAL was last written
};

}  // namespace cloudpcd::jobs
