#include "tests/unit/schema/mirror_file.hpp"

#include "schema/ddl.hpp"
#include "schema/migrations.hpp"
#include "schema/views.hpp"

#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace cloudpcd::schema::test {

namespace {

std::string time_of(std::int64_t seq)
{
    return fmt::format("2026-01-01 00:{:02}:{:02}.000", seq / 60 % 60, seq % 60);
}

}  // namespace

TemporaryDirectory::TemporaryDirectory()
{
    auto name = (std::filesystem::temp_directory_path() / "cloudpcd-schema-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::system_error{errno, std::generic_category(), "mkdtemp"};
    x_path = name;
}

TemporaryDirectory::~TemporaryDirectory()
{
    std::error_code ignored;  // nothing to be done about it in a destructor
    std::filesystem::remove_all(x_path, ignored);
}

MirrorFile::MirrorFile(const std::string& file)
    : x_database{file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}
{
    x_database.exec("PRAGMA foreign_keys = ON");
    for (const auto& migration : migration_files)
        x_database.exec(std::string{migration.text});
    for (const auto& entry : catalog()) {
        for (const auto& statement : create_statements(entry))
            x_database.exec(statement);
    }
    for (const auto& view : mirror_views())
        x_database.exec(view.sql);
}

std::int64_t MirrorFile::object(std::string_view table, std::string_view id, std::string_view set,
                                std::string_view raw)
{
    row(table, id, x_next_seq++, raw);
    const auto key = x_database.getLastInsertRowid();
    if (!set.empty())
        x_database.exec(fmt::format("UPDATE {} SET {} WHERE _key = {}", table, set, key));
    return key;
}

void MirrorFile::member(std::string_view table, std::int64_t parent, int position,
                        std::string_view set)
{
    x_database.exec(fmt::format(
        "INSERT INTO {0} (_parent, position{3}) VALUES ({1}, {2}{4})", table, parent, position,
        table == "audit_event_modified_properties" ? ", resource_position" : "",
        table == "audit_event_modified_properties" ? ", 0" : ""));
    x_database.exec(fmt::format("UPDATE {} SET {} WHERE _parent = {} AND position = {}", table, set,
                                parent, position));
}

void MirrorFile::complete(std::string_view resource, std::string_view at)
{
    x_database.exec(
        fmt::format("INSERT INTO resource_status (resource, interval_seconds, last_complete_at) "
                    "VALUES ('{}', 300, {})",
                    resource, at));
}

void MirrorFile::row(std::string_view table, std::string_view id, std::int64_t seq,
                     std::string_view raw)
{
    SQLite::Statement insert{
        x_database, fmt::format("INSERT INTO {} (id, _seq, _version_seq, _changed_at, "
                                "_first_seen_at, _slice_hash, _content_hash, _version_hash, raw) "
                                "VALUES (?1, ?2, ?2, ?3, ?3, 0, 0, 0, ?4)",
                                table)};
    insert.bind(1, std::string{id});
    insert.bind(2, seq);
    insert.bind(3, time_of(seq));
    insert.bind(4, std::string{raw});
    insert.exec();
}

void MirrorFile::version(std::string_view table, std::string_view id, std::int64_t from,
                         std::int64_t to, std::string_view ended_by, std::string_view raw)
{
    SQLite::Statement insert{x_database, "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
    insert.bind(1, std::string{table});
    insert.bind(2, std::string{id});
    insert.bind(3, from);
    insert.bind(4, to);
    insert.bind(5, time_of(from));
    insert.bind(6, time_of(to));
    insert.bind(7, std::string{ended_by});
    insert.bind(8, std::string{raw});
    insert.exec();
}

std::vector<std::string> MirrorFile::rows(SQLite::Database& database, const std::string& sql)
{
    std::vector<std::string> result;
    SQLite::Statement query{database, sql};
    while (query.executeStep()) {
        std::string row;
        for (int i = 0; i < query.getColumnCount(); ++i) {
            const auto column = query.getColumn(i);
            row += i == 0 ? "" : "|";
            row += column.isNull() ? "-" : column.getString();
        }
        result.push_back(std::move(row));
    }
    return result;
}

}  // namespace cloudpcd::schema::test
