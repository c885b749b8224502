#include "sync/jobs/watch.hpp"

#include "sync/core/log.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>

namespace cloudpcd::jobs {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

/// Pauses between the questions that follow a write, the first of which is asked at once: again
/// after 1, 2, 5 and 10 ms, and for a disk whose fsync is slow after 30 and 100.
constexpr std::array<Duration, 6> pauses{1ms, 1ms, 3ms, 5ms, 20ms, 70ms};
constexpr Duration anyway = 1s;

std::int64_t data_version(store::Database& database)
{
    auto row = database.prepared("PRAGMA data_version");
    row.step();
    return row.integer(0);
}

/// -1 with errno set when the system gives none.
int watch_directory(const std::filesystem::path& directory)
{
    const int events = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (events < 0)
        return -1;
    constexpr std::uint32_t mask =
        IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
    if (::inotify_add_watch(events, directory.c_str(), mask) < 0) {
        const int cause = errno;
        ::close(events);
        errno = cause;
        return -1;
    }
    return events;
}

}  // namespace

QueueWatch::QueueWatch(const asio::any_io_executor& executor, store::Store& store, Clock& clock)
    : x_store{store},
      x_clock{clock},
      x_freeze{store.database().path()},
      x_wal_name{store.database().path().filename().string() + "-wal"},
      x_questions{pauses.size()}
{
    const auto directory = x_freeze.path().parent_path();
    const int events = watch_directory(directory);
    if (events >= 0) {
        x_events.emplace(executor, events);
        return;
    }
    log::warning("the queue cannot be watched; it is looked at once a second",
                 {{"path", directory.string()}, {"error", std::generic_category().message(errno)}});
}

asio::awaitable<QueueWatch::Change> QueueWatch::wait_for_change()
{
    if (!x_version) {
        x_frozen = x_freeze.is_on();
        x_version = co_await x_store.run(data_version);
        co_return Change{.rows = true, .freeze = true};
    }
    for (;;) {
        const auto sign = co_await wait_for_sign();
        if (sign == Sign::wal)
            x_questions = 0;
        else if (sign == Sign::timer)
            x_questions = std::min(x_questions + 1, pauses.size());
        // Whatever the sign: a stream of them must not put off the question.
        const Change change{.rows = co_await has_new_rows(), .freeze = has_other_freeze()};
        if (change.rows || change.freeze)
            co_return change;
    }
}

asio::awaitable<QueueWatch::Sign> QueueWatch::wait_for_sign()
{
    if (!x_events) {
        co_await x_clock.sleep_for(anyway);
        co_return Sign::timer;
    }
    const auto executor = co_await asio::this_coro::executor;
    auto group = asio::experimental::make_parallel_group(
        x_events->async_wait(asio::posix::stream_descriptor::wait_read, asio::deferred),
        asio::co_spawn(executor, x_clock.sleep_for(until_next_question()), asio::deferred));
    const auto [order, unreadable, interrupted] =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (order[0] == 1) {
        if (interrupted)
            std::rethrow_exception(interrupted);
        co_return Sign::timer;
    }
    if (unreadable)
        throw boost::system::system_error{unreadable};
    co_return drain() ? Sign::wal : Sign::other;
}

asio::awaitable<bool> QueueWatch::has_new_rows()
{
    const auto version = co_await x_store.run(data_version);
    const bool changed = version != x_version;
    x_version = version;
    co_return changed;
}

bool QueueWatch::has_other_freeze()
{
    const bool frozen = x_freeze.is_on();
    const bool changed = frozen != x_frozen;
    x_frozen = frozen;
    return changed;
}

Duration QueueWatch::until_next_question() const noexcept
{
    return x_questions < pauses.size() ? pauses.at(x_questions) : anyway;
}

bool QueueWatch::drain()
{
    bool wal = false;
    alignas(inotify_event) std::array<char, 4096> buffer{};
    for (;;) {
        const auto got = ::read(x_events->native_handle(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return wal;  // EAGAIN: all read
        for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            const char* name = buffer.data() + at + sizeof event;
            wal = wal || (event.mask & IN_Q_OVERFLOW) != 0 ||
                  (event.len > 0 && x_wal_name == name);  // padded with NUL
            at += sizeof event + event.len;
        }
    }
}

}  // namespace cloudpcd::jobs
