// What holds whenever one looks, and the hash by which two runs are compared.

#include "schema/catalog.hpp"
#include "tests/simulation/trace_hash.hpp"
#include "tests/simulation/world.hpp"

#include <SQLiteCpp/Statement.h>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <map>
#include <utility>

namespace cloudpcd::simulation {

namespace {

namespace bj = boost::json;

using Key = std::pair<std::string, std::string>;  // resource, id

/// The state that the lines of `changes` lead to from nothing, and what is wrong on the way.
std::string replay(SQLite::Database& database)
{
    std::string report;
    const auto complain = [&](std::int64_t seq, const Key& of, std::string_view what) {
        report += fmt::format("changes {}: {} {} {}\n", seq, of.first, of.second, what);
    };
    std::map<Key, std::string> state;
    std::int64_t last = 0;
    SQLite::Statement change{database,
                             "SELECT seq, resource, id, op, before, after FROM changes "
                             "ORDER BY seq"};
    while (change.executeStep()) {
        const auto seq = change.getColumn(0).getInt64();
        Key key{change.getColumn(1).getString(), change.getColumn(2).getString()};
        const auto op = change.getColumn(3).getString();
        const auto found = state.find(key);
        if (seq <= std::exchange(last, seq))
            complain(seq, key, "does not come later");
        if ((op == "insert") != (found == state.end()))
            complain(seq, key, "is no " + op);
        if (op != "insert" && found != state.end() &&
            change.getColumn(4).getString() != found->second)
            complain(seq, key, "begins with another object");
        if (op == "delete")
            state.erase(key);
        else
            state[key] = change.getColumn(5).getString();
    }
    for (const auto& collection : schema::catalog()) {
        const std::string table{collection.table};
        SQLite::Statement row{database, fmt::format("SELECT id, raw FROM {}", table)};
        while (row.executeStep()) {
            const auto found = state.find({table, row.getColumn(0).getString()});
            if (found == state.end() || found->second != row.getColumn(1).getString()) {
                report += fmt::format("changes do not lead to {} {}\n", table,
                                      row.getColumn(0).getString());
                continue;
            }
            state.erase(found);
        }
    }
    for (const auto& [key, raw] : state)
        report += fmt::format("changes lead to {} {}, which is not there\n", key.first, key.second);
    return report;
}

/// An object without times of observation.
bj::value without_volatile(const std::string& raw)
{
    auto value = bj::parse(raw);
    auto* members = value.if_object();
    if (members == nullptr)
        return value;
    members->erase("lastModifiedDateTime");
    members->erase("lastLogoffDateTime");
    if (auto* inner = members->if_contains("connectivityResult"); inner && inner->is_object()) {
        inner->get_object().erase("updatedDateTime");
        inner->get_object().erase("lastModifiedDateTime");
    }
    if (auto* inner = members->if_contains("lastLoginResult"); inner && inner->is_object())
        inner->get_object().erase("time");
    return value;
}

/// Each version in history ended where the next began, and was another one.
std::string check_history(SQLite::Database& database)
{
    struct Version {
        std::int64_t from;
        std::int64_t to;  ///< 0: present
        std::string ended_by;
        std::string raw;
    };
    std::map<Key, std::vector<Version>> versions;
    SQLite::Statement old{database,
                          "SELECT resource, id, from_seq, to_seq, ended_by, raw FROM history "
                          "ORDER BY from_seq"};
    while (old.executeStep())
        versions[{old.getColumn(0).getString(), old.getColumn(1).getString()}].push_back(
            {.from = old.getColumn(2).getInt64(),
             .to = old.getColumn(3).getInt64(),
             .ended_by = old.getColumn(4).getString(),
             .raw = old.getColumn(5).getString()});
    for (auto& [key, list] : versions) {
        SQLite::Statement present{
            database, fmt::format("SELECT _version_seq, raw FROM {} WHERE id = ?", key.first)};
        present.bind(1, key.second);
        if (present.executeStep())
            list.push_back({.from = present.getColumn(0).getInt64(),
                            .to = 0,
                            .ended_by = "",
                            .raw = present.getColumn(1).getString()});
    }
    std::string report;
    for (const auto& [key, list] : versions) {
        for (std::size_t i = 0; i < list.size() && list[i].to != 0; ++i) {
            const auto* next = i + 1 < list.size() ? &list[i + 1] : nullptr;
            const bool updated = list[i].ended_by == "update";
            const bool follows = next != nullptr && next->from == list[i].to;
            if (updated != follows)
                report += fmt::format("history of {} {}: ended by {} at {}\n", key.first,
                                      key.second, list[i].ended_by, list[i].to);
            if (updated && follows && without_volatile(list[i].raw) == without_volatile(next->raw))
                report += fmt::format("history of {} {}: version {} is not another one\n",
                                      key.first, key.second, next->from);
        }
    }
    return report;
}

std::string contents(const std::filesystem::path& path)
{
    std::error_code missing;
    const auto size = std::filesystem::file_size(path, missing);
    std::string text(missing ? 0 : size, '\0');
    std::ifstream in{path, std::ios::binary};
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    return text;
}

bool holds(std::string_view text, std::string_view part)
{
    return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

}  // namespace

std::string World::broken_invariants() const
{
    std::string report = x_observed + replay(reader()) + check_history(reader());
    const auto expect_none = [&](const std::string& what, const std::string& sql) {
        for (const auto& row : rows(sql))
            report += fmt::format("{}: {}\n", what, row);
    };
    expect_none("a run that is not closed",
                "SELECT * FROM sync_runs WHERE ended_at IS NULL OR ended_at < started_at OR "
                "(error IS NULL) <> (outcome = 'complete')");
    expect_none("deletes of a run that is not complete",
                "SELECT * FROM sync_runs WHERE deleted > 0 AND outcome <> 'complete'");
    expect_none("a child row without parent", "PRAGMA foreign_key_check");
    for (const auto* collection : included()) {
        expect_none("freshness counts other rows",
                    fmt::format("SELECT resource, row_count, (SELECT count(*) FROM {0}) "
                                "FROM resource_status WHERE resource = '{0}' AND "
                                "row_count <> (SELECT count(*) FROM {0})",
                                collection->table));
        expect_none("a sequence number beyond the last",
                    fmt::format("SELECT id FROM {} WHERE _seq < _version_seq OR _seq > (SELECT "
                                "CAST(value AS INTEGER) FROM meta WHERE key = 'last_seq')",
                                collection->table));
    }
    if (!x_dead && !x_cut_short) {  // else the next engine clears up
        for (const std::string_view table : {"seen", "staged", "staged_quarantine"}) {
            auto count = database().prepared(fmt::format("SELECT count(*) FROM temp.{}", table));
            count.step();
            if (count.integer(0) != 0)
                report += fmt::format("{} rows are left in {}\n", count.integer(0), table);
        }
    }
    if (x_network.foreign() != 0)
        report += fmt::format("{} requests went elsewhere\n", x_network.foreign());

    return report;
}

bool World::says(std::string_view text) const
{
    auto wal = x_file;
    wal += "-wal";
    return holds(contents(x_file), text) || holds(contents(wal), text) || holds(log(), text);
}

std::string World::problems(std::size_t stride) const
{
    auto report = differences(stride) + broken_invariants();
    for (const auto& secret : secrets()) {
        if (says(secret))
            report += "a secret is in file or log\n";
    }
    const auto integrity = value("PRAGMA integrity_check(1)");
    if (integrity != "ok")
        report += "integrity: " + integrity + '\n';
    return report;
}

std::uint64_t World::trace_hash() const
{
    TraceHash hash;
    for (const auto& exchange : x_network.exchanges()) {
        hash.add(exchange.sent_at.time_since_epoch().count());
        hash.add(exchange.method);
        hash.add(exchange.url);
        hash.add(exchange.status);
    }
    std::vector<std::string> queries{"SELECT * FROM history ORDER BY from_seq",
                                     "SELECT * FROM sync_runs ORDER BY run_id",
                                     "SELECT * FROM sync_state",
                                     "SELECT * FROM resource_status ORDER BY resource",
                                     "SELECT * FROM schema_drift",
                                     "SELECT * FROM quarantine"};
    for (const auto& collection : schema::catalog())
        queries.push_back(
            fmt::format("SELECT _key, id, _seq, _version_seq, _changed_at, _first_seen_at, "
                        "_content_hash, raw FROM {} ORDER BY _key",
                        collection.table));
    for (const auto& query : queries) {
        for (const auto& row : rows(query))
            hash.add(row);
    }
    return hash.value();
}

}  // namespace cloudpcd::simulation
