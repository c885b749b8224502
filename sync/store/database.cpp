#include "sync/store/database.hpp"

#include "sync/core/error.hpp"

#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <numeric>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace cloudpcd::store {

namespace {

constexpr int busy_timeout_ms = 5000;
constexpr int checkpoint_pages = 256;  // 4 MiB of 16 KiB pages

[[noreturn]] void unusable(const std::filesystem::path& path, const std::string& why)
{
    throw StoreError{StoreError::Kind::unusable, fmt::format("{}: {}", path.string(), why)};
}

/// True when there is a plain file of some length; false when there is nothing.
bool is_there(const std::filesystem::path& path)
{
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0) {
        if (errno != ENOENT)
            unusable(path, std::strerror(errno));
        return false;
    }
    if (S_ISLNK(status.st_mode))
        unusable(path, "is a symbolic link; give the path of the database itself");
    if (!S_ISREG(status.st_mode))
        unusable(path, "is not a regular file");
    if (status.st_nlink > 1)
        unusable(path, "has more than one hard link; SQLite would lose its journal");
    if (access(path.c_str(), R_OK | W_OK) != 0)
        unusable(path, fmt::format("cannot be read and written: {}", std::strerror(errno)));
    // We never leave one (see create), so something else cut it off.
    if (status.st_size == 0)
        unusable(path, "is empty; restore a backup, or remove it to begin anew");
    return true;
}

std::filesystem::path beside(std::filesystem::path path, const char* suffix)
{
    path += suffix;
    return path;
}

constexpr std::array wal_suffixes{"-shm", "-wal"};

/// Reads the header before SQLite touches anything (file format, section 1.3: magic at 0,
/// application id at 68).
void check_identity(const std::filesystem::path& path, std::int32_t application_id)
{
    std::array<unsigned char, 100> header{};
    const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        unusable(path, std::strerror(errno));
    const auto got = ::read(file, header.data(), header.size());
    ::close(file);
    constexpr std::string_view magic{"SQLite format 3\0", 16};
    if (got < static_cast<ssize_t>(header.size()) ||
        std::memcmp(header.data(), magic.data(), magic.size()) != 0)
        unusable(path, "is not an SQLite database; it has not been touched");
    const auto id =
        static_cast<std::int32_t>((unsigned{header[68]} << 24U) | (unsigned{header[69]} << 16U) |
                                  (unsigned{header[70]} << 8U) | unsigned{header[71]});
    if (id != application_id)
        throw StoreError{StoreError::Kind::foreign,
                         fmt::format("{}: belongs to another application (application_id {}); "
                                     "it has not been touched",
                                     path.string(), id)};
}

/// Readers without write access to the directory need -wal and -shm to stay.
void keep_wal_files(sqlite3* database)
{
    int persist = 1;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
}

/// A busy handler as SQLite's own timeout, but for a wait that may become shorter meanwhile.
int wait_for_lock(void* wait_ms, int times)
{
    constexpr std::array pauses_ms{1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100};
    const auto before = std::min(static_cast<std::size_t>(times), pauses_ms.size() - 1);
    int waited_ms = std::accumulate(pauses_ms.begin(), pauses_ms.begin() + before, 0);
    waited_ms += (times - static_cast<int>(before)) * pauses_ms.back();
    const int left_ms = static_cast<std::atomic<int>*>(wait_ms)->load() - waited_ms;
    if (left_ms <= 0)
        return 0;
    sqlite3_sleep(std::min(pauses_ms.at(before), left_ms));
    return 1;
}

int note_wal_size(void* pages, sqlite3*, const char*, int count)
{
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
}

}  // namespace

Statement::Statement(sqlite3* database, sqlite3_stmt* statement) noexcept
    : x_database{database}, x_statement{statement}
{}

Statement::Statement(Statement&& other) noexcept
    : x_database{other.x_database}, x_statement{std::exchange(other.x_statement, nullptr)}
{}

Statement::~Statement()
{
    reset();
}

void Statement::reset() noexcept
{
    if (x_statement == nullptr)
        return;
    sqlite3_reset(x_statement);
    sqlite3_clear_bindings(x_statement);
}

void Statement::check(int code) const
{
    if (code != SQLITE_OK)
        throw SQLite::Exception{x_database, code};
}

Statement& Statement::bind(int index, std::string_view text)
{
    // An empty view may have no address, and a null address would bind NULL.
    check(sqlite3_bind_text64(x_statement, index, text.empty() ? "" : text.data(), text.size(),
                              SQLITE_STATIC, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind_copy(int index, std::string_view text)
{
    check(sqlite3_bind_text64(x_statement, index, text.empty() ? "" : text.data(), text.size(),
                              SQLITE_TRANSIENT, SQLITE_UTF8));  // NOLINT: SQLite's own cast
    return *this;
}

Statement& Statement::bind(int index, std::nullptr_t)
{
    check(sqlite3_bind_null(x_statement, index));
    return *this;
}

Statement& Statement::bind(int index, std::int64_t number)
{
    check(sqlite3_bind_int64(x_statement, index, number));
    return *this;
}

Statement& Statement::bind(int index, double number)
{
    check(sqlite3_bind_double(x_statement, index, number));
    return *this;
}

bool Statement::step()
{
    const int code = sqlite3_step(x_statement);
    if (code == SQLITE_ROW)
        return true;
    if (code == SQLITE_DONE)
        return false;
    throw SQLite::Exception{x_database, code};
}

void Statement::run()
{
    while (step()) {
    }
    sqlite3_reset(x_statement);
}

bool Statement::is_null(int column) const noexcept
{
    return sqlite3_column_type(x_statement, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const noexcept
{
    return sqlite3_column_int64(x_statement, column);
}

double Statement::real(int column) const noexcept
{
    return sqlite3_column_double(x_statement, column);
}

std::string_view Statement::text(int column) const noexcept
{
    const auto* data = sqlite3_column_text(x_statement, column);
    if (data == nullptr)
        return {};
    return {reinterpret_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(x_statement, column))};
}

std::optional<std::string> Statement::optional_string(int column) const
{
    if (is_null(column))
        return std::nullopt;
    return string(column);
}

int Statement::column_count() const noexcept
{
    return sqlite3_column_count(x_statement);
}

Database::Database(std::filesystem::path path, std::unique_ptr<SQLite::Database> database)
    : x_path{std::move(path)},
      x_lock_wait_ms{std::make_unique<std::atomic<int>>(busy_timeout_ms)},
      x_database{std::move(database)},
      x_wal_pages{std::make_unique<int>(0)}
{
    sqlite3_wal_hook(handle(), note_wal_size, x_wal_pages.get());
    wait_for_locks();
}

Database& Database::operator=(Database&& other) noexcept
{
    if (this == &other)
        return *this;
    x_statements.clear();  // a connection with statements cannot be closed
    x_path = std::move(other.x_path);
    x_database = std::move(other.x_database);
    x_statements = std::move(other.x_statements);
    x_wal_pages = std::move(other.x_wal_pages);
    x_lock_wait_ms = std::move(other.x_lock_wait_ms);
    return *this;
}

void create_database(const std::filesystem::path& path, const OpenOptions& options)
{
    const auto made = beside(path, ".new");
    for (const auto* suffix : {"", "-journal", "-wal", "-shm"})
        ::unlink(beside(made, suffix).c_str());
    const int file =
        ::open(made.c_str(), O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, options.mode);
    if (file < 0)
        unusable(path, fmt::format("cannot be created: {}; check the directory and its owner",
                                   std::strerror(errno)));
    // The umask may have taken the group's read bit, which reporting tools live by. SQLite gives
    // -wal and -shm the mode of the file.
    const int changed = ::fchmod(file, options.mode);
    ::close(file);
    if (changed != 0)
        unusable(path, fmt::format("its mode cannot be set: {}", std::strerror(errno)));
    {
        SQLite::Database database{made.string(), SQLite::OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW};
        keep_wal_files(database.getHandle());
        database.exec(
            fmt::format("PRAGMA page_size = {}; PRAGMA application_id = {}; "
                        "PRAGMA journal_mode = WAL; SELECT count(*) FROM sqlite_master",
                        options.page_size, options.application_id));
    }
    // The file last: a reader that finds it finds the other two.
    for (const auto* suffix : wal_suffixes) {
        if (::rename(beside(made, suffix).c_str(), beside(path, suffix).c_str()) != 0)
            unusable(path, fmt::format("cannot be created: {}", std::strerror(errno)));
    }
    if (::rename(made.c_str(), path.c_str()) != 0)
        unusable(path, fmt::format("cannot be created: {}", std::strerror(errno)));
}

Database Database::open(const OpenOptions& options)
{
    const auto& path = options.path;
    const auto directory = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
    std::error_code failed;
    if (!std::filesystem::is_directory(directory, failed))
        unusable(path, fmt::format("its directory {} does not exist or cannot be entered",
                                   directory.string()));
    if (on_network_filesystem(directory))
        throw StoreError{
            StoreError::Kind::network_filesystem,
            fmt::format("{}: lies on a network file system, where SQLite's WAL is not safe; "
                        "choose a local path in [database] path",
                        path.string())};
    const bool existed = is_there(path);
    if (existed)
        check_identity(path, options.application_id);
    if (access(directory.c_str(), W_OK) != 0)
        unusable(path, fmt::format("its directory is not writable: {}", std::strerror(errno)));

    try {
        // NOFOLLOW refuses links anywhere in the path, but the directory may well be reached by
        // one.
        const auto real = std::filesystem::canonical(directory) / path.filename();
        if (!existed)
            create_database(real, options);
        auto made = std::make_unique<SQLite::Database>(
            real.string(), SQLite::OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, busy_timeout_ms);
        Database database{path, std::move(made)};
        sqlite3* raw = database.handle();
        sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
        sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
        sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
        keep_wal_files(raw);
        auto mode = database.prepared("PRAGMA journal_mode = WAL");
        if (!mode.step() || mode.text(0) != "wal")
            unusable(path, "does not accept WAL mode");
        mode.reset();
        database.execute(
            fmt::format("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
                        "PRAGMA recursive_triggers = OFF; PRAGMA cell_size_check = ON; "
                        "PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = 0; "
                        "PRAGMA temp_store = FILE; PRAGMA secure_delete = {}; "
                        "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -{}",
                        options.secure_delete ? "ON" : "OFF", options.cache_kib));
        // wal_autocheckpoint is implemented by the same hook; setting it has removed ours.
        sqlite3_wal_hook(raw, note_wal_size, database.x_wal_pages.get());
        return database;
    } catch (const SQLite::Exception& failure) {
        unusable(path, fmt::format("cannot be opened: {}", failure.getErrorStr()));
    }
}

Database Database::open_reader(const std::filesystem::path& path)
{
    try {
        const auto directory =
            path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
        const auto real = std::filesystem::canonical(directory) / path.filename();
        auto made = std::make_unique<SQLite::Database>(
            real.string(), SQLite::OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, busy_timeout_ms);
        Database database{path, std::move(made)};
        sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
        sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
        database.execute(
            "PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF; "
            "PRAGMA cache_size = -1024");
        return database;
    } catch (const SQLite::Exception& failure) {
        unusable(path, fmt::format("cannot be opened: {}", failure.getErrorStr()));
    }
}

Statement Database::prepared(std::string_view sql)
{
    auto found = x_statements.find(sql);
    if (found == x_statements.end()) {
        sqlite3_stmt* statement = nullptr;
        const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                            SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
        if (code != SQLITE_OK)
            throw SQLite::Exception{handle(), code};
        found = x_statements.emplace(std::string{sql}, statement).first;
    }
    CLOUDPCD_ASSERT(sqlite3_stmt_busy(found->second.get()) == 0);
    return Statement{handle(), found->second.get()};
}

void Database::execute(const std::string& sql)
{
    x_database->exec(sql);
}

std::int64_t Database::last_insert_rowid() const noexcept
{
    return sqlite3_last_insert_rowid(handle());
}

int Database::changes() const noexcept
{
    return sqlite3_changes(handle());
}

void Database::begin()
{
    // IMMEDIATE: a read that turns into a write fails with BUSY_SNAPSHOT, which no timeout helps.
    execute("BEGIN IMMEDIATE");
}

void Database::commit()
{
    execute("COMMIT");
}

void Database::rollback() noexcept
{
    // SQLite has rolled back by itself after some errors (disk full, I/O); then there is nothing to
    // do.
    if (sqlite3_get_autocommit(handle()) == 0)
        sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Database::checkpoint_if_due()
{
    if (*x_wal_pages < checkpoint_pages)
        return;
    int left = 0;
    int moved = 0;
    // PASSIVE never waits. A reader that holds an old snapshot makes it partial, which is no error.
    sqlite3_wal_checkpoint_v2(handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &left, &moved);
    *x_wal_pages = std::max(0, left - moved);
}

bool Database::checkpoint_truncate()
{
    sqlite3_busy_handler(handle(), nullptr, nullptr);
    const int code =
        sqlite3_wal_checkpoint_v2(handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    wait_for_locks();
    if (code == SQLITE_OK)
        *x_wal_pages = 0;
    return code == SQLITE_OK;
}

void Database::stop_waiting() noexcept
{
    x_lock_wait_ms->store(0);
}

void Database::wait_for_locks() noexcept
{
    sqlite3_busy_handler(handle(), wait_for_lock, x_lock_wait_ms.get());
}

bool on_network_filesystem(const std::filesystem::path& path)
{
    struct statfs status{};
    if (statfs(path.c_str(), &status) != 0)
        return false;
    // Magic numbers of statfs(2).
    constexpr std::array<std::uint32_t, 9> network{
        0x6969,      // NFS
        0x517B,      // SMB
        0xFE534D42,  // SMB2
        0xFF534D42,  // CIFS
        0x564C,      // NCP
        0x5346414F,  // AFS
        0x73757245,  // Coda
        0x00C36400,  // Ceph
        0x0BD00BD0,  // Lustre
    };
    const auto type = static_cast<std::uint32_t>(status.f_type);
    return std::find(network.begin(), network.end(), type) != network.end();
}

bool has_wal_reset_bug(int sqlite_version_number) noexcept
{
    return sqlite_version_number < 3'051'003;
}

}  // namespace cloudpcd::store
