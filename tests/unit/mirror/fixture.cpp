#include "tests/unit/mirror/fixture.hpp"

#include "schema/ddl.hpp"
#include "schema/migrations.hpp"
#include "schema/views.hpp"
#include "sync/store/migrations.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace cloudpcd::mirror::test {

graph::Page page_of(const std::vector<std::string>& items)
{
    std::string body = R"({"value":[)";
    for (const auto& item : items)
        body += (&item == items.data() ? "" : ",") + item;
    auto page = graph::Page::of_list(body + "]}");
    REQUIRE(page.has_value());
    REQUIRE(page->size() == items.size());
    return std::move(*page);
}

const schema::Collection& collection(std::string_view table)
{
    const auto* found = schema::find_collection(table);
    REQUIRE(found != nullptr);
    return *found;
}

Mirror::Mirror()
{
    std::vector<store::Migration> migrations;
    for (const auto& file : schema::migration_files)
        migrations.push_back({.name = file.name, .text = file.text});
    store::migrate(database, migrations, clock);
    database.transaction([&] {
        for (const auto& entry : schema::catalog()) {
            for (const auto& statement : schema::create_statements(entry))
                database.execute(statement);
        }
        for (const auto& view : schema::mirror_views())
            database.execute(view.sql);
    });
    create_staging(database);
}

StageCounts Mirror::stage(const Table& table, const std::vector<std::string>& items)
{
    return table.stage(database, run, page_of(items));
}

ApplyCounts Mirror::apply(const Table& table, DriftNotes& drift)
{
    clock.shift_wall(std::chrono::seconds{1});
    return database.transaction([&] {
        Sequence sequence{database};
        const auto counts = table.apply(database, sequence, run, clock.utc_now(), drift);
        sequence.save();
        return counts;
    });
}

Pulled Mirror::pull(const Table& table, const std::vector<std::string>& items)
{
    ++run;
    Pulled pulled;
    pulled.staged = stage(table, items);
    pulled.applied = apply(table, pulled.drift);
    clear_staged(database, run);
    return pulled;
}

std::int64_t Mirror::erase(const Table& table, const std::vector<std::string>& ids)
{
    clock.shift_wall(std::chrono::seconds{1});
    return database.transaction([&] {
        Sequence sequence{database};
        const auto erased = table.erase(database, sequence, clock.utc_now(), ids);
        sequence.save();
        return erased;
    });
}

std::string Mirror::bytes() const
{
    return store::test::read_file(path) + store::test::read_file(store::test::beside(path, "-wal"));
}

Rows Mirror::table_rows(std::string_view table)
{
    return rows(fmt::format("SELECT id || '=' || raw FROM {} ORDER BY 1", table));
}

Rows Mirror::replayed(std::string_view table)
{
    std::map<std::string, std::string> objects;
    std::int64_t last = 0;
    auto line = database.prepared(
        "SELECT seq, id, op, before, after FROM changes WHERE resource = ? ORDER BY seq");
    line.bind(1, table);
    while (line.step()) {
        CHECK(line.integer(0) > last);
        last = line.integer(0);
        const auto id = line.string(1);
        const auto op = line.text(2);
        CHECK(objects.contains(id) == (op != "insert"));
        if (op != "insert")
            CHECK(objects[id] == line.text(3));  // the last object, as it was when it ended
        if (op == "delete")
            objects.erase(id);
        else
            objects[id] = line.string(4);
    }
    Rows result;
    for (const auto& [id, raw] : objects)
        result.push_back(id + "=" + raw);
    std::ranges::sort(result);
    return result;
}

std::int64_t noted(const DriftNotes& drift, std::string_view path, DriftNotes::Kind kind)
{
    const auto found = drift.notes().find({std::string{path}, kind});
    return found == drift.notes().end() ? 0 : found->second.count;
}

Rows notes(const DriftNotes& drift)
{
    Rows all;
    for (const auto& [where, note] : drift.notes())
        all.push_back(
            fmt::format("{} {} {}", where.first, DriftNotes::to_string(where.second), note.count));
    std::ranges::sort(all);
    return all;
}

}  // namespace cloudpcd::mirror::test
