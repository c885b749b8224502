#include "daemon/ctl/query.hpp"

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace cloudpcd::ctl {

namespace {

/// These only tell; with an argument they say about what.
constexpr std::array telling_pragmas{
    "collation_list",   "compile_options", "database_list", "foreign_key_check",
    "foreign_key_list", "function_list",   "index_info",    "index_list",
    "index_xinfo",      "integrity_check", "module_list",   "pragma_list",
    "quick_check",      "table_info",      "table_list",    "table_xinfo",
};

/// These tell without an argument, and set something with one.
constexpr std::array asking_pragmas{
    "application_id", "data_version", "encoding",       "freelist_count", "page_count",
    "page_size",      "query_only",   "schema_version", "trusted_schema", "user_version",
};

template <class Names>
bool has(const Names& names, const char* name)
{
    return std::ranges::any_of(
        names, [&](const char* known) { return sqlite3_stricmp(known, name) == 0; });
}

bool may_run_pragma(const char* name, const char* argument)
{
    return name != nullptr &&
           (has(telling_pragmas, name) || (argument == nullptr && has(asking_pragmas, name)));
}

/// SQLite asks for each thing that a statement does while it is prepared. mode=ro and query_only
/// keep the files as they are; this keeps the statement from undoing that, from attaching others,
/// and from writing files of its own (VACUUM INTO).
int authorize(void* refused, int action, const char* first, const char* second,
              const char* /*database*/, const char* /*trigger*/) noexcept
{
    switch (action) {
        case SQLITE_SELECT:
        case SQLITE_READ:
        case SQLITE_RECURSIVE:
        case SQLITE_FUNCTION:
            return SQLITE_OK;
        case SQLITE_UPDATE:
            // Declaring a table-valued function (json_each, pragma_table_info) is announced so. A
            // statement that would really change the schema is refused by SQLite itself
            // (DEFENSIVE).
            if (first != nullptr && std::string_view{first} == "sqlite_master")
                return SQLITE_OK;
            break;
        case SQLITE_PRAGMA:
            if (may_run_pragma(first, second))
                return SQLITE_OK;
            break;
        default:
            break;
    }
    *static_cast<bool*>(refused) = true;
    return SQLITE_DENY;
}

class ReadOnlyGuard {
public:
    explicit ReadOnlyGuard(sqlite3* database) : x_database{database}
    {
        sqlite3_set_authorizer(database, authorize, &x_refused);
    }
    ~ReadOnlyGuard() { sqlite3_set_authorizer(x_database, nullptr, nullptr); }
    ReadOnlyGuard(const ReadOnlyGuard&) = delete;
    ReadOnlyGuard& operator=(const ReadOnlyGuard&) = delete;

    bool refused() const noexcept { return x_refused; }

private:
    sqlite3* x_database;
    bool x_refused = false;
};

[[noreturn]] void refuse()
{
    throw Failure{ExitStatus::failed,
                  "this statement is refused: query only reads, and attaches nothing"};
}

/// What follows a statement may be blanks and comments, which SQLite knows best.
void check_nothing_behind(Database& database, std::string_view tail)
{
    constexpr std::size_t shown_max = 40;
    while (!tail.empty()) {
        const auto behind = tail;
        bool is_blank = false;
        try {
            is_blank = !database.prepare(behind, &tail);
        } catch (const Failure&) {
            is_blank = false;  // not even SQL: refused below, in the same words
        }
        if (!is_blank) {
            const auto start = std::min(behind.find_first_not_of(" \t\r\n;"), behind.size());
            throw Failure{ExitStatus::failed,
                          fmt::format("one statement at a time; what follows it is not run: {}",
                                      cut(printable(behind.substr(start)), shown_max))};
        }
    }
}

}  // namespace

void run_query(Database& database, std::string_view sql, RowWriter& writer)
{
    if (sql.size() > sql_bytes_max)
        throw Failure{ExitStatus::failed,
                      fmt::format("the statement is longer than {} bytes", sql_bytes_max)};
    if (sql.find('\0') != std::string_view::npos)
        throw Failure{ExitStatus::failed, "the statement holds a NUL byte"};

    const ReadOnlyGuard guard{database.handle()};
    std::string_view tail;
    Statement statement{database.handle(), nullptr};
    try {
        // A statement may follow empty ones: blanks, comments, a semicolon.
        for (tail = sql; !statement && !tail.empty();)
            statement = database.prepare(tail, &tail);
    } catch (const Failure&) {
        if (guard.refused())
            refuse();
        throw;
    }
    if (!statement)
        throw Failure{ExitStatus::failed, "there is no statement to run"};
    if (!statement.is_read_only())
        refuse();
    check_nothing_behind(database, tail);

    const auto columns = statement.columns();
    std::vector<Value> values(columns.size());
    // The first step before the header: a statement that fails at once leaves no output behind.
    bool more = statement.step();
    writer.begin(columns);
    for (; more; more = statement.step()) {
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = statement.value(static_cast<int>(i));
        writer.row(values);
    }
    writer.end();
}

}  // namespace cloudpcd::ctl
