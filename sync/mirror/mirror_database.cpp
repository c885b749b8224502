#include "sync/mirror/mirror_database.hpp"

#include "schema/ddl.hpp"
#include "schema/migrations.hpp"
#include "schema/views.hpp"
#include "sync/core/log.hpp"
#include "sync/mirror/records.hpp"
#include "sync/store/migrations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cloudpcd::mirror {

namespace {

std::vector<store::Migration> engine_migrations()
{
    std::vector<store::Migration> migrations;
    for (const auto& file : schema::migration_files)
        migrations.push_back({.name = file.name, .text = file.text});
    return migrations;
}

std::optional<std::string> meta(store::Database& database, std::string_view key)
{
    auto row = database.prepared("SELECT value FROM meta WHERE key = ?");
    row.bind(1, key);
    return row.step() ? std::optional{row.string(0)} : std::nullopt;
}

void set_meta(store::Database& database, std::string_view key, const std::string& value)
{
    auto row = database.prepared(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) "
        "DO UPDATE SET value = excluded.value WHERE value IS NOT excluded.value");
    row.bind(1, key).bind(2, value).run();
}

bool has_object(store::Database& database, std::string_view name)
{
    auto row = database.prepared("SELECT 1 FROM sqlite_master WHERE name = ?");
    row.bind(1, name);
    return row.step();
}

void check_tenant(store::Database& database, const std::string& tenant_id)
{
    if (!has_object(database, "meta"))
        return;
    const auto mirrored = meta(database, "tenant_id");
    if (mirrored && *mirrored != tenant_id)
        throw store::StoreError{
            store::StoreError::Kind::other_tenant,
            fmt::format("{}: mirrors tenant {}, the configuration names {}; give each tenant a "
                        "[database] path of its own",
                        database.path().string(), *mirrored, tenant_id)};
}

std::set<std::string, std::less<>> columns_of(store::Database& database, std::string_view table)
{
    std::set<std::string, std::less<>> names;
    auto row = database.prepared("SELECT name FROM pragma_table_info(?)");
    row.bind(1, table);
    while (row.step())
        names.insert(row.string(0));
    return names;
}

/// Adds the columns that `table` lacks; true when there were any.
bool add_columns(store::Database& database, std::string_view table,
                 std::span<const schema::Column> columns)
{
    const auto present = columns_of(database, table);
    bool added = false;
    for (const auto& column : columns) {
        const auto name = schema::column_name(column.property);
        if (present.contains(name))
            continue;
        database.execute(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", table, name,
                                     schema::declared_type(column.type)));
        added = true;
    }
    return added;
}

/// Creates what is missing of a collection's tables. True when existing rows have to be projected
/// again.
bool extend_tables(store::Database& database, const schema::Collection& collection)
{
    if (!has_object(database, collection.table)) {
        for (const auto& statement : schema::create_statements(collection))
            database.execute(statement);
        return false;
    }
    bool grown = add_columns(database, collection.table, collection.columns);
    const auto statements = schema::create_statements(collection);
    for (const auto& child : collection.children) {
        if (has_object(database, child.table)) {
            grown = add_columns(database, child.table, child.columns) || grown;
            continue;
        }
        const auto create = fmt::format("CREATE TABLE {} (", child.table);
        const auto statement = std::ranges::find_if(
            statements, [&](const std::string& text) { return text.starts_with(create); });
        CLOUDPCD_ASSERT(statement != statements.end());
        database.execute(*statement);
        grown = true;
    }
    for (const auto& index : schema::indexes(collection)) {
        if (!has_object(database, index.name))
            database.execute(index.sql);
    }
    return grown;
}

/// Views of this binary's, whatever was there: what is gone or has another text is dropped, what is
/// then missing is made. Only the daemon writes the file, so every view `v_…` in it is one that a
/// version shipped.
void renew_views(store::Database& database)
{
    const auto wanted = schema::mirror_views();
    std::vector<std::string> stale;
    auto present = database.prepared(
        "SELECT name, sql FROM sqlite_master "
        "WHERE type = 'view' AND (name = 'changes' OR name LIKE 'v\\_%' ESCAPE '\\') "
        "ORDER BY name DESC");  // `changes` last, which others read
    while (present.step()) {
        const auto name = present.string(0);
        const auto view = std::ranges::find(wanted, name, &schema::View::name);
        if (view == wanted.end() || view->sql != present.text(1))
            stale.push_back(name);
    }
    present.reset();
    for (const auto& name : stale)
        database.execute(fmt::format("DROP VIEW {}", name));
    for (const auto& view : wanted) {
        if (!has_object(database, view.name))
            database.execute(view.sql);
    }
}

void extend_to_catalog(store::Database& database, const std::vector<Table>& tables)
{
    const auto version = fmt::format("{}", store::schema_version(database));
    database.transaction([&] {
        for (const auto& table : tables) {
            if (!extend_tables(database, table.collection()))
                continue;
            log::info("columns are new; they are filled from what is stored",
                      {{"resource", table.collection().table}});
            table.project_again(database);
        }
        renew_views(database);
        set_meta(database, "schema_version", version);
        set_meta(database, "min_reader_version", fmt::format("{}", mirror_min_reader_version));
    });
}

}  // namespace

std::vector<Table> make_tables()
{
    std::vector<Table> tables;
    tables.reserve(schema::catalog().size());
    for (const auto& collection : schema::catalog())
        tables.emplace_back(collection);
    return tables;
}

store::Database open_mirror(const std::filesystem::path& path, const std::string& tenant_id,
                            const Clock& clock)
{
    auto database = store::Database::open({.path = path, .application_id = mirror_application_id});
    check_tenant(database, tenant_id);
    store::migrate(database, engine_migrations(), clock);
    extend_to_catalog(database, make_tables());
    if (!meta(database, "tenant_id"))
        set_meta(database, "tenant_id", tenant_id);
    create_staging(database);
    database.checkpoint_if_due();
    return database;
}

}  // namespace cloudpcd::mirror
