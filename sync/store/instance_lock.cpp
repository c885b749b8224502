#include "sync/store/instance_lock.hpp"

#include "sync/store/database.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace cloudpcd::store {

InstanceLock::InstanceLock(const std::filesystem::path& database)
{
    auto path = database;
    path += ".lock";
    x_file = ::open(path.c_str(), O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (x_file < 0)
        throw StoreError{StoreError::Kind::unusable,
                         fmt::format("{}: cannot be opened: {}; check the directory and its owner",
                                     path.string(), std::strerror(errno))};
    // flock, not fcntl: SQLite closes files of its own, and a POSIX lock goes with any close.
    if (::flock(x_file, LOCK_EX | LOCK_NB) != 0) {
        const bool held = errno == EWOULDBLOCK;
        const int cause = errno;
        ::close(x_file);
        throw StoreError{
            held ? StoreError::Kind::in_use : StoreError::Kind::unusable,
            held ? fmt::format("{}: another cloudpcd holds this database", database.string())
                 : fmt::format("{}: cannot be locked: {}", path.string(), std::strerror(cause))};
    }
}

InstanceLock::InstanceLock(InstanceLock&& other) noexcept : x_file{std::exchange(other.x_file, -1)}
{}

InstanceLock::~InstanceLock()
{
    if (x_file >= 0)
        ::close(x_file);
}

}  // namespace cloudpcd::store
