#include "daemon/process.hpp"

#include "sync/core/log.hpp"

#include <sqlite3.h>

#include <csignal>
#include <fstream>
#include <malloc.h>
#include <optional>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace cloudpcd::daemon {

namespace {

constexpr sqlite3_int64 sqlite_heap_bytes_max = 128LL * 1024 * 1024;
constexpr mode_t file_mode_mask = 027;

extern "C" void log_sqlite(void*, int code, const char* message)
{
    // Notices and schema changes are its ordinary life.
    const int kind = code & 0xFF;
    const bool ordinary = kind == SQLITE_NOTICE || kind == SQLITE_SCHEMA;
    log::write(ordinary ? log::Level::debug : log::Level::warning, "SQLite says",
               {{"code", code}, {"text", message}});
}

/// The digits of an id with or without hyphens; nullopt for anything else.
std::optional<std::string> digits_of(std::string id)
{
    constexpr std::size_t digits = 32;
    constexpr std::string_view hexadecimal = "0123456789abcdef";
    std::erase(id, '-');
    if (id.size() != digits || id.find_first_not_of(hexadecimal) != std::string::npos)
        return std::nullopt;
    return id;
}

}  // namespace

std::string find_boot_id(const config::Environment& environment, Rng& rng,
                         const std::filesystem::path& kernel_file)
{
    std::string line;
    std::ifstream file{kernel_file};
    std::getline(file, line);
    if (auto id = digits_of(std::move(line)))
        return *std::move(id);
    if (auto id = digits_of(environment.find("CLOUDPCD_BOOT_ID").value_or("")))
        return *std::move(id);
    return digits_of(rng.uuid()).value_or("");
}

void prepare_process(const std::filesystem::path& database)
{
    // Tokens and secrets stay out of core files and away from other processes' ptrace. The limit is
    // the second lock on the door, and the one that can be seen from outside.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    constexpr rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
    setrlimit(RLIMIT_CORE, &no_core);
    std::signal(SIGPIPE, SIG_IGN);
    umask(file_mode_mask);
    // Pages are large and short-lived: they go back to the system, instead of growing a heap per
    // thread that then stays.
    // NOLINTBEGIN(concurrency-mt-unsafe): there is no other thread yet
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
    // NOLINTEND(concurrency-mt-unsafe)

    sqlite3_config(SQLITE_CONFIG_LOG, &log_sqlite, nullptr);
    sqlite3_initialize();
    sqlite3_hard_heap_limit64(sqlite_heap_bytes_max);
    // Staged rows of a pull may be large, and /tmp a small file system in memory.
    sqlite3_temp_directory =
        sqlite3_mprintf("%s", database.has_parent_path() ? database.parent_path().c_str() : ".");
}

}  // namespace cloudpcd::daemon
