#include "daemon/ctl/schema_command.hpp"

#include "config/values.hpp"
#include "daemon/ctl/database.hpp"
#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/json_object.hpp"
#include "daemon/ctl/row_writer.hpp"
#include "schema/ddl.hpp"
#include "schema/migrations.hpp"
#include "schema/request.hpp"
#include "schema/views.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace cloudpcd::ctl {

namespace {

struct Described {
    std::string_view name;
    std::string_view description;
};

constexpr std::array engine_tables{
    Described{"changes",
              "View: one line per version of every object, in order, with what was "
              "before and after."},
    Described{"freshness", "View: how old each included table is, and what is wrong with it."},
    Described{"gaps", "Parts of the audit log that can no longer be read."},
    Described{"history", "Superseded versions of every object."},
    Described{"meta", "tenant_id, schema_version, min_reader_version."},
    Described{"quarantine", "Items that could not be stored, and why."},
    Described{"schema_drift",
              "Properties, enum values and types that this version did not expect."},
    Described{"sync_runs", "Every read of a resource, and how it ended."},
    Described{"sync_state", "What a resource remembers between reads."},
};

/// Of jobs.db, attached as `jobs` by `query`.
constexpr std::array queue_tables{
    Described{"jobs", "The queue: a row is a job, and inserting one is submitting it."},
    Described{"job_attempts", "Every request that was, or may have been, sent, and its verdict."},
    Described{"job_events", "Every change of a job's state or of its reason, and who made it."},
    Described{"job_targets", "Every object that a job touches."},
    Described{"job_expectations",
              "The user whom the mirror had on each Cloud PC of a destructive job when it came."},
    Described{"job_transitions", "The changes of state that there are."},
    Described{"guard_ledger", "What destructive requests took from the budgets."},
};

SchemaColumn own_column(std::string_view name, std::string_view type, std::string_view description)
{
    return {.name = std::string{name},
            .type = std::string{type},
            .property = {},
            .description = std::string{description}};
}

void add_columns(std::span<const schema::Column> columns, SchemaTable& table)
{
    for (const auto& column : columns) {
        SchemaColumn added{.name = schema::column_name(column.property),
                           .type = std::string{schema::declared_type(column.type)},
                           .property = std::string{column.property},
                           .description = std::string{column.description}};
        if (column.enumeration != nullptr) {
            for (const auto member : column.enumeration->members) {
                if (member != "unknownFutureValue")  // a mark of the protocol, not a value
                    added.values.emplace_back(member);
            }
        }
        table.columns.push_back(std::move(added));
    }
}

SchemaTable head_of(const schema::Collection& collection)
{
    return {.name = std::string{collection.table},
            .group = std::string{schema::group_name(collection.group)},
            .parent = {},
            .request = fmt::format("GET /{}{}", schema::version_segment(collection.version),
                                   collection.path),
            .description = std::string{collection.description}};
}

SchemaTable head_of(const schema::Collection& collection, const schema::ChildTable& child)
{
    auto table = head_of(collection);
    table.name = child.table;
    table.parent = collection.table;
    table.description = child.description;
    return table;
}

SchemaTable head_of(const Described& engine, std::string_view group = "engine")
{
    return {.name = std::string{engine.name},
            .group = std::string{group},
            .parent = {},
            .request = {},
            .description = std::string{engine.description}};
}

SchemaTable whole(const schema::Collection& collection)
{
    auto table = head_of(collection);
    table.columns.push_back(own_column(
        "_key", "INTEGER", "The rowid; never changes for an object; child tables refer to it."));
    table.columns.push_back({.name = "id",
                             .type = "TEXT",
                             .property = std::string{collection.id_property},
                             .description = "Graph's id."});
    add_columns(collection.columns, table);
    for (const auto& column :
         {own_column("_seq", "INTEGER", "Number of the row's last change, of the whole database."),
          own_column("_version_seq", "INTEGER", "Number of the change that began this version."),
          own_column("_changed_at", "TIMESTAMP", "When this version began."),
          own_column("_first_seen_at", "TIMESTAMP", "When the object first came."),
          own_column("raw", "TEXT", "The object as Graph sent it, JSON.")})
        table.columns.push_back(column);
    return table;
}

SchemaTable head_of(const schema::ReportingView& view)
{
    return {.name = view.name,
            .group = "views",
            .parent = {},
            .request = {},
            .description = view.description};
}

SchemaTable whole(const schema::ReportingView& view)
{
    auto table = head_of(view);
    for (const auto& column : view.columns)
        table.columns.push_back(own_column(column.name, column.type, column.description));
    return table;
}

/// Columns as SQLite sees them; those that nobody should rely on begin with an underscore.
void add_columns(Database& database, SchemaTable& table)
{
    auto row =
        database.prepare(fmt::format("SELECT name, type FROM pragma_table_info('{}') "
                                     "WHERE name NOT LIKE '\\_%' ESCAPE '\\'",
                                     table.name));
    while (row.step())
        table.columns.push_back(own_column(row.text(0), row.text(1), ""));
}

SchemaTable whole(const Described& engine)
{
    auto table = head_of(engine);
    auto database = Database::in_memory();
    for (const auto& migration : schema::migration_files)
        database.execute(std::string{migration.text});
    for (const auto& collection : schema::catalog()) {
        for (const auto& statement : schema::create_statements(collection))
            database.execute(statement);
    }
    for (const auto& view : schema::mirror_views())
        database.execute(view.sql);
    add_columns(database, table);
    return table;
}

SchemaTable whole_of_queue(const Described& described)
{
    auto table = head_of(described, "jobs");
    auto database = Database::in_memory();
    // Migrations guard the table of the migrations, which is made before the first.
    database.execute("CREATE TABLE schema_migrations (version INTEGER)");
    for (const auto& migration : schema::job_migration_files)
        database.execute(std::string{migration.text});
    add_columns(database, table);
    return table;
}

SchemaTable whole(const schema::Collection& collection, const schema::ChildTable& child)
{
    auto table = head_of(collection, child);
    const auto* outer = schema::outer_table(collection, child);
    table.columns.push_back(
        own_column("_parent", "INTEGER", fmt::format("The `_key` of {}.", collection.table)));
    if (outer != nullptr)
        table.columns.push_back(own_column("resource_position", "INTEGER",
                                           fmt::format("The `position` in {}.", outer->table)));
    table.columns.push_back(
        own_column("position", "INTEGER", "Place among its neighbours, from 0."));
    add_columns(child.columns, table);
    return table;
}

std::string table_json(const SchemaTable& table, bool with_columns)
{
    const auto absent_if_empty = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional{text};
    };
    JsonObject object;
    object.text("table", table.name)
        .text("group", table.group)
        .optional_text("parent", absent_if_empty(table.parent))
        .optional_text("request", absent_if_empty(table.request))
        .text("description", table.description);
    if (!with_columns)
        return object.done();
    std::vector<std::string> columns;
    for (const auto& column : table.columns) {
        std::vector<std::string> values;
        values.reserve(column.values.size());
        for (const auto& value : column.values)
            values.push_back(json_string(value));
        columns.push_back(JsonObject{}
                              .text("column", column.name)
                              .text("type", column.type)
                              .optional_text("property", absent_if_empty(column.property))
                              .optional_text("description", absent_if_empty(column.description))
                              .json("values", fmt::format("[{}]", fmt::join(values, ",")))
                              .done());
    }
    return object.json("columns", json_lines(columns)).done();
}

/// A table of texts. Never cut: descriptions are what is asked for.
class Listing {
public:
    Listing(Output& output, const std::vector<std::string>& columns)
        : x_writer{make_row_writer(Format::table, output, {})}
    {
        x_writer->begin(columns);
    }
    void row(const std::vector<std::string>& texts)
    {
        std::vector<Value> values;
        values.reserve(texts.size());
        for (const auto& text : texts)
            values.push_back(Value::of(std::string_view{text}));
        x_writer->row(values);
    }
    void end() { x_writer->end(); }

private:
    std::unique_ptr<RowWriter> x_writer;
};

}  // namespace

std::vector<SchemaTable> schema_tables()
{
    std::vector<SchemaTable> tables;
    for (const auto& collection : schema::catalog()) {
        tables.push_back(head_of(collection));
        for (const auto& child : collection.children)
            tables.push_back(head_of(collection, child));
    }
    for (const auto& view : schema::reporting_views())
        tables.push_back(head_of(view));
    for (const auto& engine : engine_tables)
        tables.push_back(head_of(engine));
    for (const auto& queue : queue_tables)
        tables.push_back(head_of(queue, "jobs"));
    return tables;
}

SchemaTable schema_table(std::string_view name)
{
    for (const auto& collection : schema::catalog()) {
        if (collection.table == name)
            return whole(collection);
        for (const auto& child : collection.children) {
            if (child.table == name)
                return whole(collection, child);
        }
    }
    for (const auto& view : schema::reporting_views()) {
        if (view.name == name)
            return whole(view);
    }
    for (const auto& engine : engine_tables) {
        if (engine.name == name)
            return whole(engine);
    }
    for (const auto& queue : queue_tables) {
        if (queue.name == name)
            return whole_of_queue(queue);
    }
    const auto tables = schema_tables();
    std::vector<std::string_view> names;
    names.reserve(tables.size());
    for (const auto& table : tables)
        names.emplace_back(table.name);
    // Who knows Graph's spelling writes cloudPCs.
    auto meant = config::nearest(schema::column_name(name), names);
    if (meant.empty())
        meant = config::nearest(name, names);
    throw Failure{ExitStatus::not_found,
                  fmt::format("there is no table {}{}", printable(name),
                              meant.empty() ? "; cloudpcctl schema lists them"
                                            : fmt::format(", did you mean {}?", meant))};
}

void write_schema_tables(bool as_json, Output& output)
{
    const auto tables = schema_tables();
    if (as_json) {
        std::vector<std::string> objects;
        objects.reserve(tables.size());
        for (const auto& table : tables)
            objects.push_back(table_json(table, /*with_columns=*/false));
        output.write(json_lines(objects) + "\n");
        return;
    }
    Listing listing{output, {"table", "group", "description"}};
    for (const auto& table : tables)
        listing.row({table.name, table.group, table.description});
    listing.end();
}

void write_schema_table(std::string_view name, bool as_json, Output& output)
{
    const auto table = schema_table(name);
    if (as_json) {
        output.write(table_json(table, /*with_columns=*/true) + "\n");
        return;
    }
    output.write(fmt::format("{} ({}): {}\n", table.name, table.group, table.description));
    if (!table.request.empty())
        output.write(fmt::format("{}\n", table.request));
    if (!table.parent.empty())
        output.write(fmt::format("Child table: join _parent with the _key of {}.\n", table.parent));
    output.write("\n");
    Listing listing{output, {"column", "type", "property", "description"}};
    for (const auto& column : table.columns) {
        auto description = column.description;
        if (!column.values.empty())
            description += fmt::format("{}Known values: {}.", description.empty() ? "" : " ",
                                       fmt::join(column.values, ", "));
        listing.row({column.name, column.type, column.property, description});
    }
    listing.end();
}

}  // namespace cloudpcd::ctl
