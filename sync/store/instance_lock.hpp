#pragma once
// One daemon per database: a lock file beside it. The kernel drops the lock with the process,
// however it ends, so there is nothing to clean up and no stale lock.

#include <filesystem>

namespace cloudpcd::store {

class InstanceLock {
public:
    /// Locks `<database>.lock`.
    ///
    /// Errors: StoreError in_use when another process holds it, unusable when the file cannot be
    /// made
    explicit InstanceLock(const std::filesystem::path& database);
    ~InstanceLock();
    InstanceLock(InstanceLock&& other) noexcept;
    InstanceLock(const InstanceLock&) = delete;
    InstanceLock& operator=(const InstanceLock&) = delete;
    InstanceLock& operator=(InstanceLock&&) = delete;

private:
    int x_file = -1;
};

}  // namespace cloudpcd::store
