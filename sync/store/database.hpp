#pragma once
// One SQLite file, opened the way the daemon needs it: WAL, FULL, one writer, one checkpointer.
//
// A Database belongs to one thread at a time. Statements are prepared once and leased; a lease is
// reset when it ends, so that no forgotten read holds back a checkpoint.
// Readers elsewhere open the file with mode=ro; see docs/sql.md.

#include <SQLiteCpp/Database.h>
#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace cloudpcd::store {

/// Why a database cannot be used; each kind has an exit status of its own at start.
class StoreError : public std::runtime_error {
public:
    enum class Kind {
        unusable,           ///< cannot be read or written, is no SQLite database, is corrupt
        foreign,            ///< another application's database
        newer_schema,       ///< written by a newer version
        other_tenant,       ///< mirrors another tenant
        in_use,             ///< another instance holds it
        network_filesystem  ///< WAL needs shared memory, which network file systems do not have
    };
    StoreError(Kind kind, const std::string& message) : std::runtime_error{message}, x_kind{kind} {}
    Kind kind() const noexcept { return x_kind; }

private:
    Kind x_kind;
};

/// A statement of the cache while it is in use. Bind by position from 1, then step.
class Statement {
public:
    Statement(sqlite3* database, sqlite3_stmt* statement) noexcept;
    ~Statement();
    Statement(Statement&& other) noexcept;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    Statement& operator=(Statement&&) = delete;

    /// Text is not copied: it must live until the next step, reset or bind.
    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, const char* text) { return bind(index, std::string_view{text}); }
    Statement& bind(int index, const std::string& text)
    {
        return bind(index, std::string_view{text});
    }
    Statement& bind(int index, std::string&& text) = delete;
    Statement& bind(int index, std::nullptr_t);
    Statement& bind(int index, std::int64_t number);
    Statement& bind(int index, int number) { return bind(index, std::int64_t{number}); }
    Statement& bind(int index, double number);
    /// Copies the text, for what does not outlive the call.
    Statement& bind_copy(int index, std::string_view text);
    template <class T>
    Statement& bind(int index, const std::optional<T>& value)
    {
        return value ? bind(index, *value) : bind(index, nullptr);
    }

    /// True while there is a row.
    bool step();
    /// Steps a statement that gives no rows, and resets it.
    void run();
    void reset() noexcept;

    bool is_null(int column) const noexcept;
    std::int64_t integer(int column) const noexcept;
    double real(int column) const noexcept;
    /// Valid until the next step.
    std::string_view text(int column) const noexcept;
    std::string string(int column) const { return std::string{text(column)}; }
    std::optional<std::string> optional_string(int column) const;
    int column_count() const noexcept;

private:
    void check(int code) const;
    sqlite3* x_database;
    sqlite3_stmt* x_statement;
};

struct OpenOptions {
    std::filesystem::path path;
    std::int32_t application_id = 0;
    int page_size = 16384;
    int cache_kib = 4096;
    mode_t mode = 0640;  ///< of a new file, whatever the umask; -wal and -shm get the file's
    bool secure_delete = false;  ///< overwrite what is deleted
};

/// Makes an empty database in WAL mode, with its mode, page size and application id, under
/// another name first: whoever finds the file finds a database that can be read, wherever we were
/// killed. Leftovers of an earlier attempt are removed.
///
/// Errors: StoreError unusable
void create_database(const std::filesystem::path& path, const OpenOptions& options);

class Database {
public:
    /// Opens or creates the file, in an existing directory.
    ///
    /// Errors: StoreError for a directory, symlink, another application's file, a file that is
    ///         empty or not SQLite's, a network file system, or an unwritable place; nothing is
    ///         written to an existing file before its application_id is known
    static Database open(const OpenOptions& options);

    /// Opens an existing file of ours for reading only, for a second connection of the process that
    /// writes it.
    ///
    /// Errors: StoreError unusable
    static Database open_reader(const std::filesystem::path& path);

    ~Database() = default;
    Database(Database&&) = default;
    Database& operator=(Database&& other) noexcept;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Leases the statement for `sql`; prepared on first use.
    Statement prepared(std::string_view sql);
    /// Runs SQL without parameters, several statements allowed.
    void execute(const std::string& sql);

    std::int64_t last_insert_rowid() const noexcept;
    int changes() const noexcept;

    /// Whether a transaction is open on this connection.
    bool in_transaction() const noexcept { return sqlite3_get_autocommit(handle()) == 0; }

    /// Runs `body` in BEGIN IMMEDIATE … COMMIT; an exception rolls back and passes.
    template <class F>
    auto transaction(F&& body)
    {
        begin();
        try {
            if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
                std::forward<F>(body)();
                commit();
            } else {
                auto result = std::forward<F>(body)();
                commit();
                return result;
            }
        } catch (...) {
            rollback();
            throw;
        }
    }

    /// Moves the WAL into the file when it has grown, without waiting for readers; called after
    /// commits, since automatic checkpoints are off.
    void checkpoint_if_due();
    /// Empties the WAL file when nobody reads. Returns false when a reader was in the way.
    bool checkpoint_truncate();

    /// From now on no statement waits for a lock that somebody else has: it fails with SQLITE_BUSY,
    /// one that waits already too. From any thread.
    void stop_waiting() noexcept;

    const std::filesystem::path& path() const noexcept { return x_path; }
    sqlite3* handle() const noexcept { return x_database->getHandle(); }

private:
    Database(std::filesystem::path path, std::unique_ptr<SQLite::Database> database);
    void begin();
    void commit();
    void rollback() noexcept;
    void wait_for_locks() noexcept;

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };
    std::filesystem::path x_path;
    std::unique_ptr<std::atomic<int>> x_lock_wait_ms;  // read by the busy handler
    std::unique_ptr<SQLite::Database> x_database;      // outlives the statements below
    std::map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, std::less<>> x_statements;
    std::unique_ptr<int> x_wal_pages;  // written by the WAL hook, hence at a fixed address
};

/// True when the file at `path` lies on a file system without coherent shared memory (NFS, SMB, …).
bool on_network_filesystem(const std::filesystem::path& path);

/// True for the version range whose WAL-reset bug can corrupt a file with two checkpointers
/// (sqlite.org release log: fixed in 3.51.3).
bool has_wal_reset_bug(int sqlite_version_number) noexcept;

}  // namespace cloudpcd::store
