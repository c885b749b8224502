#include "daemon/ctl/database.hpp"

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/text.hpp"

#include <fmt/format.h>

#include <system_error>

namespace cloudpcd::ctl {

namespace {

// Right after the daemon was killed, the first reader meets a lock while the log is recovered.
constexpr int busy_timeout_ms = 5'000;

/// Whose fault it is: the statement's, or the file's.
ExitStatus status_of(int code)
{
    switch (code & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_CANTOPEN:
        case SQLITE_CORRUPT:
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_LOCKED:
        case SQLITE_NOMEM:
        case SQLITE_NOTADB:
        case SQLITE_PERM:
        case SQLITE_PROTOCOL:
            return ExitStatus::database;
        default:
            return ExitStatus::failed;
    }
}

void harden(sqlite3* handle)
{
    sqlite3_busy_timeout(handle, busy_timeout_ms);
    // The schema of the file is data too: it may not call what has effects, nor damage the file.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

bool is_missing(const std::error_code& failure)
{
    return failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory;
}

}  // namespace

std::string read_only_uri(const std::filesystem::path& path)
{
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    std::string uri = "file://";
    for (const char c : std::filesystem::absolute(path).string()) {
        if (plain.find(c) == std::string_view::npos)
            uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        else
            uri += c;
    }
    return uri + "?mode=ro";
}

std::string unreadable_queue(const std::filesystem::path& path, std::string_view problem)
{
    const auto name = printable(path.string());
    for (const auto* suffix : {"-wal", "-shm"}) {
        std::error_code failure;
        if (!std::filesystem::exists(path.string() + suffix, failure) && !failure)
            return fmt::format(
                "{}: cannot be read by this user while the daemon is stopped: who "
                "closed it last took its -wal and -shm along; the daemon makes them",
                name);
    }
    return fmt::format("{}: cannot be read: {}", name, problem);
}

void throw_failure(sqlite3* database)
{
    const int code = sqlite3_errcode(database);
    auto message = printable(sqlite3_errmsg(database));
    const int offset = sqlite3_error_offset(database);
    if (offset >= 0)
        message += fmt::format(" (at byte {} of the statement)", offset);
    throw Failure{status_of(code), message};
}

void Statement::bind(int parameter, std::string_view text)
{
    if (sqlite3_bind_text64(x_statement.get(), parameter, text.empty() ? "" : text.data(),
                            text.size(), SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK)
        throw_failure(x_database);
}

bool Statement::step()
{
    const int code = sqlite3_step(x_statement.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        throw_failure(x_database);
    return code == SQLITE_ROW;
}

std::vector<std::string> Statement::columns() const
{
    std::vector<std::string> names;
    for (int i = 0; i < column_count(); ++i) {
        const char* name = sqlite3_column_name(x_statement.get(), i);
        names.emplace_back(name == nullptr ? "" : name);
    }
    return names;
}

Value Statement::value(int column) const
{
    auto* const statement = x_statement.get();
    const auto bytes = [&](const void* data) {
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
        return data == nullptr ? std::string_view{}
                               : std::string_view{static_cast<const char*>(data), size};
    };
    switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER:
            return Value::of(std::int64_t{sqlite3_column_int64(statement, column)});
        case SQLITE_FLOAT:
            return Value::of(sqlite3_column_double(statement, column));
        case SQLITE_TEXT:
            return Value::of(bytes(sqlite3_column_text(statement, column)));
        case SQLITE_BLOB:
            return Value::blob(bytes(sqlite3_column_blob(statement, column)));
        default:
            return Value::null();
    }
}

bool Statement::is_null(int column) const noexcept
{
    return sqlite3_column_type(x_statement.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const noexcept
{
    return sqlite3_column_int64(x_statement.get(), column);
}

std::string Statement::text(int column) const
{
    const auto* data = sqlite3_column_text(x_statement.get(), column);
    const auto size = sqlite3_column_bytes(x_statement.get(), column);
    std::string text;
    if (data != nullptr)
        text.assign(data, data + size);
    return text;
}

std::optional<std::int64_t> Statement::optional_integer(int column) const
{
    return is_null(column) ? std::nullopt : std::optional{integer(column)};
}

std::optional<std::string> Statement::optional_text(int column) const
{
    return is_null(column) ? std::nullopt : std::optional{text(column)};
}

Database Database::open(const std::filesystem::path& path)
{
    const auto name = printable(path.string());
    std::error_code failure;
    if (!std::filesystem::exists(path, failure)) {
        if (!failure || is_missing(failure))
            throw Failure{
                ExitStatus::not_found,
                fmt::format("{}: there is no mirror yet: the daemon has not run with this "
                            "configuration",
                            name)};
        throw Failure{ExitStatus::database,
                      fmt::format("{}: cannot be read: {}", name, failure.message())};
    }
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(read_only_uri(path).c_str(), &handle,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database{handle};
    try {
        if (code != SQLITE_OK)
            throw_failure(handle);
        harden(handle);
        // SQLite opens a file when it first needs it; here is where its faults belong.
        database.execute("SELECT count(*) FROM sqlite_master");
        database.execute("PRAGMA query_only = ON");
    } catch (const Failure& problem) {
        // SQLite only says that it may not write; nobody asked it to.
        if ((sqlite3_errcode(handle) & 0xFF) == SQLITE_READONLY)
            throw Failure{ExitStatus::database,
                          fmt::format("{0}: cannot be read: {0}-wal and {0}-shm are missing, and "
                                      "this user may not make them; the daemon does",
                                      name)};
        throw Failure{ExitStatus::database,
                      fmt::format("{}: cannot be read: {}", name, problem.what())};
    }
    return database;
}

Database Database::in_memory()
{
    sqlite3* handle = nullptr;
    const int code = sqlite3_open(":memory:", &handle);
    Database database{handle};
    if (code != SQLITE_OK)
        throw_failure(handle);
    return database;
}

std::optional<std::string> Database::attach_jobs(const std::filesystem::path& path)
{
    std::error_code failure;
    if (!std::filesystem::exists(path, failure)) {
        if (!failure || is_missing(failure))
            return std::nullopt;
        return fmt::format("{}: {}", printable(path.string()), failure.message());
    }
    auto* const attach = sqlite3_mprintf("ATTACH %Q AS jobs", read_only_uri(path).c_str());
    const int code = sqlite3_exec(handle(), attach, nullptr, nullptr, nullptr);
    sqlite3_free(attach);
    if (code != SQLITE_OK)
        return unreadable_queue(path, printable(sqlite3_errmsg(handle())));
    return std::nullopt;
}

Statement Database::prepare(std::string_view sql, std::string_view* tail)
{
    sqlite3_stmt* statement = nullptr;
    const char* rest = nullptr;
    const int code =
        sqlite3_prepare_v2(handle(), sql.data(), static_cast<int>(sql.size()), &statement, &rest);
    Statement prepared{handle(), statement};
    if (code != SQLITE_OK)
        throw_failure(handle());
    if (tail != nullptr)
        *tail = rest == nullptr ? std::string_view{}
                                : sql.substr(static_cast<std::size_t>(rest - sql.data()));
    return prepared;
}

void Database::execute(const std::string& sql)
{
    if (sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        throw_failure(handle());
}

}  // namespace cloudpcd::ctl
