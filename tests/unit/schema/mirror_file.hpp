#pragma once
// A mirror database made of the schema's statements alone, filled by hand.

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::schema::test {

/// Directory that goes away with its owner.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    std::filesystem::path path() const { return x_path; }

private:
    std::filesystem::path x_path;
};

class MirrorFile {
public:
    /// Every table and view that the daemon makes.
    explicit MirrorFile(const std::string& file = ":memory:");

    /// A present row whose version began at `seq`, at a time that follows from it.
    void row(std::string_view table, std::string_view id, std::int64_t seq, std::string_view raw);
    /// A present row whose columns are what `set` says ("status = 'failed', os_version = NULL").
    /// Returns its _key.
    std::int64_t object(std::string_view table, std::string_view id, std::string_view set = "",
                        std::string_view raw = "{}");
    /// A row of a child table.
    void member(std::string_view table, std::int64_t parent, int position, std::string_view set);
    /// The resource was read completely at `at`, an SQL expression.
    void complete(std::string_view resource, std::string_view at = "datetime('now')");
    /// A version that ended.
    void version(std::string_view table, std::string_view id, std::int64_t from, std::int64_t to,
                 std::string_view ended_by, std::string_view raw);

    SQLite::Database& database() { return x_database; }

    /// Rows of a query, columns joined by '|', NULL as "-".
    static std::vector<std::string> rows(SQLite::Database& database, const std::string& sql);
    std::vector<std::string> rows(const std::string& sql) { return rows(x_database, sql); }

private:
    SQLite::Database x_database;
    std::int64_t x_next_seq = 1000;  ///< of object()
};

}  // namespace cloudpcd::schema::test
