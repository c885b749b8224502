#include "tests/simulation/sim_disk.hpp"

#include "sync/core/error.hpp"

#include <fstream>
#include <string_view>
#include <utility>

namespace cloudpcd::simulation {

namespace {

SimDisk* the_disk = nullptr;

/// For each kind of SQLite's own files (those that are locked, and others), ours in its place.
std::map<const sqlite3_io_methods*, sqlite3_io_methods> minded_methods;

}  // namespace

std::string file_contents(const std::filesystem::path& path)
{
    std::error_code failed;
    const auto size = std::filesystem::file_size(path, failed);
    if (failed)
        return {};
    std::string content(size, '\0');
    std::ifstream in{path, std::ios::binary};
    in.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(in.gcount()));
    return content;
}

SimDisk::SimDisk(const Clock& clock, std::string name)
    : x_clock{clock}, x_name{std::move(name)}, x_base{sqlite3_vfs_find(nullptr)}
{
    CLOUDPCD_ASSERT(the_disk == nullptr);
    the_disk = this;
    x_vfs = *x_base;
    x_vfs.zName = "cloudpcd-simulation";
    x_vfs.pNext = nullptr;
    x_vfs.xOpen = open;
    x_vfs.xCurrentTimeInt64 = now;
    sqlite3_vfs_register(&x_vfs, 1);
}

SimDisk::~SimDisk()
{
    sqlite3_vfs_unregister(&x_vfs);
    sqlite3_vfs_register(x_base, 1);
    the_disk = nullptr;
}

const std::string* SimDisk::durable(const std::filesystem::path& path) const
{
    const auto shadow = x_shadows.find(path);
    return shadow == x_shadows.end() ? nullptr : &shadow->second.durable;
}

int SimDisk::open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags)
{
    auto& disk = *the_disk;
    const int code = disk.x_base->xOpen(disk.x_base, name, file, flags, out_flags);
    if (code != SQLITE_OK || name == nullptr)
        return code;
    const std::filesystem::path path{name};
    const auto last = path.filename().string();
    if (last != disk.x_name && last != disk.x_name + "-wal")
        return code;
    const auto* base = file->pMethods;
    auto& minded = minded_methods[base];
    minded = *base;
    minded.xWrite = write;
    minded.xSync = sync;
    minded.xTruncate = truncate;
    minded.xClose = close;
    file->pMethods = &minded;
    disk.x_files[file] = {.path = path, .base = base};
    // Two connections to one file share what is known of it.
    if (!disk.x_shadows.contains(path))
        disk.x_shadows[path] = {.durable = file_contents(path)};
    return code;
}

int SimDisk::write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset)
{
    auto& disk = *the_disk;
    const auto& [path, base] = disk.x_files.at(file);
    if (disk.x_witness)
        disk.x_witness(Step::write, path);
    if (disk.x_full)
        return SQLITE_FULL;
    const int code = base->xWrite(file, data, size, offset);
    if (code == SQLITE_OK)
        disk.x_shadows.at(path).pending.push_back(
            {.offset = offset,
             .bytes = {static_cast<const char*>(data), static_cast<std::size_t>(size)}});
    return code;
}

int SimDisk::truncate(sqlite3_file* file, sqlite3_int64 size)
{
    auto& disk = *the_disk;
    const auto& [path, base] = disk.x_files.at(file);
    const int code = base->xTruncate(file, size);
    if (code == SQLITE_OK)
        disk.x_shadows.at(path).pending.push_back({.size = size});
    return code;
}

int SimDisk::sync(sqlite3_file* file, int)
{
    // Nothing is ever lost of a disk in memory; what is asked for is enough.
    auto& disk = *the_disk;
    const auto& path = disk.x_files.at(file).path;
    disk.make_durable(disk.x_shadows.at(path));
    if (disk.x_witness)
        disk.x_witness(Step::synced, path);
    return SQLITE_OK;
}

int SimDisk::close(sqlite3_file* file)
{
    const auto* base = the_disk->x_files.at(file).base;
    the_disk->x_files.erase(file);
    return base->xClose(file);
}

int SimDisk::now(sqlite3_vfs*, sqlite3_int64* time)
{
    constexpr sqlite3_int64 julian_day_of_1970 = 210'866'760'000'000;  // in milliseconds
    const auto since_1970 = the_disk->x_clock.utc_now().time_since_epoch();
    *time = julian_day_of_1970 +
            std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
    return SQLITE_OK;
}

void SimDisk::make_durable(Shadow& shadow)
{
    for (const auto& change : std::exchange(shadow.pending, {})) {
        if (change.size >= 0) {
            shadow.durable.resize(static_cast<std::size_t>(change.size));
            continue;
        }
        const auto at = static_cast<std::size_t>(change.offset);
        if (shadow.durable.size() < at + change.bytes.size())
            shadow.durable.resize(at + change.bytes.size());
        shadow.durable.replace(at, change.bytes.size(), change.bytes);
    }
}

}  // namespace cloudpcd::simulation
