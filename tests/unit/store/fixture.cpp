#include "tests/unit/store/fixture.hpp"

#include <SQLiteCpp/Statement.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

namespace cloudpcd::store {

doctest::String toString(StoreError::Kind kind)
{
    switch (kind) {
        case StoreError::Kind::unusable:
            return "unusable";
        case StoreError::Kind::foreign:
            return "foreign";
        case StoreError::Kind::newer_schema:
            return "newer_schema";
        case StoreError::Kind::other_tenant:
            return "other_tenant";
        case StoreError::Kind::in_use:
            return "in_use";
        case StoreError::Kind::network_filesystem:
            return "network_filesystem";
    }
    return "?";
}

}  // namespace cloudpcd::store

namespace cloudpcd::store::test {

TemporaryDirectory::TemporaryDirectory()
{
    auto name = (std::filesystem::temp_directory_path() / "cloudpcd-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::system_error{errno, std::generic_category(), "mkdtemp"};
    x_path = name;
}

TemporaryDirectory::~TemporaryDirectory()
{
    std::error_code ignored;  // nothing to be done about it in a destructor
    std::filesystem::remove_all(x_path, ignored);
}

OpenOptions options(const std::filesystem::path& path)
{
    return {.path = path, .application_id = application_id};
}

void write_file(const std::filesystem::path& path, std::string_view content)
{
    std::ofstream out{path, std::ios::binary | std::ios::trunc};
    out << content;
    REQUIRE(out.flush());
}

std::string read_file(const std::filesystem::path& path)
{
    std::ifstream in{path, std::ios::binary};
    REQUIRE(in);
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::filesystem::path beside(const std::filesystem::path& path, std::string_view suffix)
{
    auto other = path;
    other += suffix;
    return other;
}

void make_foreign(const std::filesystem::path& path, std::int32_t id)
{
    SQLite::Database database{path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    database.exec(
        fmt::format("PRAGMA application_id = {}; PRAGMA journal_mode = WAL; "
                    "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)",
                    id));
}

Rows rows(Database& database, std::string_view sql)
{
    Rows result;
    auto query = database.prepared(sql);
    while (query.step()) {
        std::string row;
        for (int i = 0; i < query.column_count(); ++i) {
            row += i == 0 ? "" : "|";
            row += query.is_null(i) ? "-" : query.text(i);
        }
        result.push_back(std::move(row));
    }
    return result;
}

std::string value(Database& database, std::string_view sql)
{
    const auto all = rows(database, sql);
    REQUIRE(all.size() == 1);
    return all.front();
}

Rows read_only_rows(const std::filesystem::path& path, const std::string& sql)
{
    const SQLite::Database reader{fmt::format("file:{}?mode=ro", path.string()),
                                  SQLite::OPEN_READONLY | SQLite::OPEN_URI};
    Rows result;
    SQLite::Statement query{reader, sql};
    while (query.executeStep())
        result.push_back(query.getColumn(0).getString());
    return result;
}

StoreError::Kind refusal(const std::function<void()>& body)
{
    try {
        body();
    } catch (const StoreError& error) {
        CHECK(std::string_view{error.what()}.size() > 20);  // what is wrong, and with which file
        return error.kind();
    }
    FAIL("no StoreError was thrown");
    return StoreError::Kind::unusable;
}

}  // namespace cloudpcd::store::test
