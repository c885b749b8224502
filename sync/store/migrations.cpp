#include "sync/store/migrations.hpp"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>
#include <xxhash.h>

#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace cloudpcd::store {

namespace {

int number_of(const Migration& migration)
{
    int number = 0;
    const auto end = migration.name.data() + migration.name.size();
    CLOUDPCD_ASSERT(std::from_chars(migration.name.data(), end, number).ec == std::errc{});
    return number;
}

std::string checksum(std::string_view text)
{
    const auto hash = XXH3_128bits(text.data(), text.size());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

void check_applied(Database& database, std::span<const Migration> migrations, int version)
{
    for (const auto& migration : migrations) {
        if (number_of(migration) > version)
            break;
        auto row = database.prepared("SELECT checksum FROM schema_migrations WHERE number = ?");
        row.bind(1, number_of(migration));
        if (!row.step() || row.text(0) != checksum(migration.text))
            throw StoreError{StoreError::Kind::unusable,
                             fmt::format("{}: migration {} was applied with another content; this "
                                         "database comes from a different build",
                                         database.path().string(), migration.name)};
    }
}

/// True when a line begins with the mark, the first one included.
bool is_destructive(std::string_view text)
{
    constexpr std::string_view mark = "\n-- destructive: yes";
    return text.starts_with(mark.substr(1)) || text.find(mark) != std::string_view::npos;
}

void sync_to_disk(const std::filesystem::path& path, int flags)
{
    const int file = ::open(path.c_str(), flags | O_CLOEXEC);
    const bool failed = file < 0 || ::fsync(file) != 0;
    const int cause = errno;
    if (file >= 0)
        ::close(file);
    if (failed)
        throw StoreError{
            StoreError::Kind::unusable,
            fmt::format("{}: cannot be made durable: {}", path.string(), std::strerror(cause))};
}

}  // namespace

int schema_version(Database& database)
{
    auto row = database.prepared("PRAGMA user_version");
    row.step();
    return static_cast<int>(row.integer(0));
}

void back_up(Database& database, const std::filesystem::path& copy)
{
    auto partial = copy;
    partial += ".partial";
    std::filesystem::remove(partial);
    {
        const int file =
            ::open(partial.c_str(), O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0640);
        if (file < 0)
            throw StoreError{StoreError::Kind::unusable,
                             fmt::format("{}: backup cannot be created: {}", partial.string(),
                                         std::strerror(errno))};
        ::close(file);
        SQLite::Database destination{partial.string(), SQLite::OPEN_READWRITE};
        sqlite3_backup* backup =
            sqlite3_backup_init(destination.getHandle(), "main", database.handle(), "main");
        if (backup == nullptr)
            throw SQLite::Exception{destination.getHandle(),
                                    sqlite3_errcode(destination.getHandle())};
        sqlite3_backup_step(backup, -1);
        const int code = sqlite3_backup_finish(backup);
        if (code != SQLITE_OK)
            throw SQLite::Exception{destination.getHandle(), code};
        // A copy of a WAL database is marked WAL; as a plain file it can be opened from anywhere.
        destination.exec("PRAGMA journal_mode = DELETE");
        SQLite::Statement check{destination, "PRAGMA integrity_check"};
        if (!check.executeStep() || check.getColumn(0).getString() != "ok")
            throw StoreError{
                StoreError::Kind::unusable,
                fmt::format("{}: the backup does not pass integrity_check", partial.string())};
    }
    sync_to_disk(partial, O_RDONLY);
    std::filesystem::rename(partial, copy);
    sync_to_disk(copy.has_parent_path() ? copy.parent_path() : ".", O_RDONLY | O_DIRECTORY);
}

void migrate(Database& database, std::span<const Migration> migrations, const Clock& clock)
{
    const int version = schema_version(database);
    const int target = migrations.empty() ? 0 : number_of(migrations.back());
    if (version > target)
        throw StoreError{
            StoreError::Kind::newer_schema,
            fmt::format("{}: has schema version {}, this binary knows {}; install the newer "
                        "version, or restore the backup it made",
                        database.path().string(), version, target)};
    if (version == 0)
        database.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, "
            "name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TIMESTAMP NOT NULL)");
    check_applied(database, migrations, version);
    for (const auto& migration : migrations) {
        const int number = number_of(migration);
        if (number <= version)
            continue;
        if (version > 0 && is_destructive(migration.text)) {
            auto copy = database.path();
            copy += fmt::format(".before-{:04}", number);
            back_up(database, copy);
        }
        database.transaction([&] {
            database.execute(std::string{migration.text});
            auto row = database.prepared(
                "INSERT INTO schema_migrations (number, name, checksum, applied_at) "
                "VALUES (?, ?, ?, ?)");
            row.bind(1, number).bind(2, migration.name);
            row.bind_copy(3, checksum(migration.text))
                .bind_copy(4, format_sql_time(clock.utc_now()));
            row.run();
            database.execute(fmt::format("PRAGMA user_version = {}", number));
        });
    }
}

}  // namespace cloudpcd::store
