#pragma once
// The disk under SQLite, on the virtual clock: it can be full, its power can be cut, and somebody
// can look at every step that is taken on it.
//
// A wrapper of SQLite's own VFS, the default one as long as the disk lives. It minds files of one
// name (and their -wal); those that others open, the mirror for one, go past it.

#include "sync/core/clock.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace cloudpcd::simulation {

/// Empty when there is no such file.
std::string file_contents(const std::filesystem::path& path);

class SimDisk {
public:
    enum class Step {
        write,  ///< bytes are about to reach the file
        synced  ///< what was written is durable
    };

    /// `name`: of the files that are minded. One at a time.
    SimDisk(const Clock& clock, std::string name);
    ~SimDisk();
    SimDisk(const SimDisk&) = delete;
    SimDisk& operator=(const SimDisk&) = delete;

    /// Writes to the minded files fail as on a full disk.
    void fill(bool full) noexcept { x_full = full; }
    bool full() const noexcept { return x_full; }

    /// Called at each step on a minded file, before it is taken or after it was.
    void watch(std::function<void(Step, const std::filesystem::path&)> witness)
    {
        x_witness = std::move(witness);
    }

    /// What of the file is on the disk when the power is cut now; nullopt: it was never minded.
    const std::string* durable(const std::filesystem::path& path) const;

private:
    struct Pending {
        sqlite3_int64 offset = 0;  ///< of a write
        std::string bytes{};
        sqlite3_int64 size = -1;  ///< of a truncation
    };
    struct Shadow {
        std::string durable{};
        std::vector<Pending> pending{};
    };
    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
                    int* out_flags);
    static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset);
    static int sync(sqlite3_file* file, int flags);
    static int truncate(sqlite3_file* file, sqlite3_int64 size);
    static int close(sqlite3_file* file);
    static int now(sqlite3_vfs* vfs, sqlite3_int64* time);
    void make_durable(Shadow& shadow);

    const Clock& x_clock;
    std::string x_name;
    bool x_full = false;
    std::function<void(Step, const std::filesystem::path&)> x_witness{};
    std::map<std::filesystem::path, Shadow> x_shadows{};
    struct File {
        std::filesystem::path path{};
        const sqlite3_io_methods* base = nullptr;  ///< SQLite's own
    };
    std::map<sqlite3_file*, File> x_files{};
    sqlite3_vfs* x_base = nullptr;
    sqlite3_vfs x_vfs{};
};

}  // namespace cloudpcd::simulation
