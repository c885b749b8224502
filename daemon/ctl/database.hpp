#pragma once
// A mirror opened for reading, the way docs/sql.md asks every reader to open it. Nothing is
// written: the file is opened with mode=ro, and the connection is told query_only besides.

#include "daemon/ctl/row_writer.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::ctl {

/// A prepared statement. May be empty: SQL that is nothing but blanks and comments prepares to
/// that.
class Statement {
public:
    Statement(sqlite3* database, sqlite3_stmt* statement) noexcept
        : x_database{database}, x_statement{statement}
    {}

    explicit operator bool() const noexcept { return x_statement != nullptr; }
    /// Copies the text. Errors: Failure
    void bind(int parameter, std::string_view text);
    /// True while there is a row. Errors: Failure
    bool step();
    bool is_read_only() const noexcept { return sqlite3_stmt_readonly(x_statement.get()) != 0; }
    std::vector<std::string> columns() const;
    int column_count() const noexcept { return sqlite3_column_count(x_statement.get()); }
    /// Bytes are valid until the next step.
    Value value(int column) const;

    std::int64_t integer(int column) const noexcept;
    std::string text(int column) const;
    std::optional<std::int64_t> optional_integer(int column) const;
    std::optional<std::string> optional_text(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };
    bool is_null(int column) const noexcept;
    sqlite3* x_database;
    std::unique_ptr<sqlite3_stmt, Finalize> x_statement;
};

class Database {
public:
    /// Errors: Failure not_found when there is no such file: the daemon has not run yet; Failure
    ///         database when it cannot be read or is not SQLite
    static Database open(const std::filesystem::path& path);

    /// An empty database in memory, for what follows from the schema alone.
    static Database in_memory();

    /// Attaches the file as `jobs` for reading. Gives why it cannot be, nullopt when it is or when
    /// there is no such file: the mirror can be queried all the same.
    std::optional<std::string> attach_jobs(const std::filesystem::path& path);

    /// The first statement of `sql`; `tail` is set to what comes behind. Errors: Failure
    Statement prepare(std::string_view sql, std::string_view* tail = nullptr);
    void execute(const std::string& sql);

    sqlite3* handle() const noexcept { return x_handle.get(); }

private:
    struct Close {
        void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
    };
    explicit Database(sqlite3* handle) noexcept : x_handle{handle} {}
    std::unique_ptr<sqlite3, Close> x_handle;
};

/// `file:///path?mode=ro`, with everything escaped that means something in a URI.
std::string read_only_uri(const std::filesystem::path& path);

/// Why a queue that is there cannot be read: `problem`, or in better words that nobody can while
/// the daemon is stopped, because an inserter closed it last and SQLite removed its -wal and -shm.
std::string unreadable_queue(const std::filesystem::path& path, std::string_view problem);

/// What the connection last complained about: `failed` for a mistake in the SQL, `database` when
/// the file cannot be read.
[[noreturn]] void throw_failure(sqlite3* database);

}  // namespace cloudpcd::ctl
