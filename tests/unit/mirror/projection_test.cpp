// Values of every kind on their way into columns of every type.

#include "sync/mirror/projection.hpp"

#include "sync/mirror/item.hpp"
#include "tests/unit/mirror/fixture.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;
using schema::ColumnType;
using Kind = DriftNotes::Kind;
namespace bj = boost::json;

namespace {

constexpr std::string_view colours_members[] = {"red", "green"};
constexpr schema::Enumeration colours{.name = "colours", .members = colours_members};
constexpr schema::Enumeration colour_flags{
    .name = "colourFlags", .members = colours_members, .flags = true};

bj::value object_of(std::string_view text)
{
    auto decoded = decode(text, {});
    REQUIRE(decoded.value);
    return *decoded.value;
}

/// A projection of a few columns and what it gives for an object.
struct Projected {
    explicit Projected(std::span<const schema::Column> columns) : projection{columns} {}

    std::string operator()(std::string_view text, std::string_view prefix = "")
    {
        std::string sql = "SELECT 'before'";
        for (std::size_t i = 0; i < projection.size(); ++i)
            sql += fmt::format(", typeof(?{0}), ?{0}", i + 3);
        auto row = database.prepared(sql);
        drift.next_object();
        const auto object = object_of(text);
        projection.bind(object, row, 3, drift, prefix);
        REQUIRE(row.step());
        std::string out;
        for (int i = 1; i < row.column_count(); i += 2) {
            out += i == 1 ? "" : "|";
            out += row.is_null(i + 1) ? "NULL" : fmt::format("{} {}", row.text(i), row.text(i + 1));
        }
        return out;
    }

    store::test::TemporaryDirectory directory;
    store::Database database =
        store::Database::open(store::test::options(directory.path() / "mirror.db"));
    Projection projection;
    DriftNotes drift;
};

/// One column of one type.
class OneColumn {
public:
    explicit OneColumn(ColumnType type, const schema::Enumeration* enumeration = nullptr)
        : x_column{schema::Column{
              .property = "p", .type = type, .description = {}, .enumeration = enumeration}}
    {}

    /// The value is stored so, and nothing is noted.
    void fits(std::string_view literal, std::string_view stored)
    {
        CAPTURE(literal);
        Projected project{x_column};
        CHECK(project(fmt::format(R"({{"p":{}}})", literal)) == stored);
        CHECK(project.drift.empty());
    }
    /// The column is NULL, and the value noted as of the wrong type.
    void does_not_fit(std::string_view literal)
    {
        CAPTURE(literal);
        Projected project{x_column};
        CHECK(project(fmt::format(R"({{"p":{}}})", literal)) == "NULL");
        CHECK(notes(project.drift) == Rows{"p type 1"});
    }
    /// The column is NULL, and that is nothing to note.
    void is_null(std::string_view literal)
    {
        CAPTURE(literal);
        Projected project{x_column};
        CHECK(project(fmt::format(R"({{"p":{}}})", literal)) == "NULL");
        CHECK(project.drift.empty());
    }
    /// The value is stored, and noted as unknown to the enumeration.
    std::string stores_unknown(std::string_view literal)
    {
        CAPTURE(literal);
        Projected project{x_column};
        CHECK(project(fmt::format(R"({{"p":"{}"}})", literal)) == fmt::format("text {}", literal));
        CHECK(notes(project.drift) == Rows{"p enum 1"});
        return project.drift.notes().begin()->second.example;
    }

private:
    std::array<schema::Column, 1> x_column;
};

}  // namespace

TEST_CASE("projection: text is stored exactly as it came")
{
    for (const auto type : {ColumnType::text, ColumnType::text_nocase}) {
        OneColumn column{type};
        column.fits(R"("Ab c")", "text Ab c");
        column.fits(R"("")", "text ");
        column.fits(R"("'); DROP TABLE cloud_pcs;--")", "text '); DROP TABLE cloud_pcs;--");
        column.fits(R"("=cmd|' /C calc'!A0")", "text =cmd|' /C calc'!A0");
        column.fits(R"("0001-01-01T00:00:00Z")", "text 0001-01-01T00:00:00Z");
        column.fits(R"("007")", "text 007");
        column.fits(R"("\ud800")", "text \xEF\xBF\xBD");
        column.is_null("null");
        for (const auto* other : {"1", "true", "[]", "{}", "1e400"})
            column.does_not_fit(other);
    }
}

TEST_CASE("projection: a boolean is 0 or 1")
{
    OneColumn column{ColumnType::boolean};
    column.fits("true", "integer 1");
    column.fits("false", "integer 0");
    column.is_null("null");
    for (const auto* other : {"1", "0", R"("true")", R"("")", "[]", "{}"})
        column.does_not_fit(other);
}

TEST_CASE("projection: an integer is a whole number of 64 bits, however it is written")
{
    OneColumn column{ColumnType::integer};
    column.fits("42", "integer 42");
    column.fits("1.0", "integer 1");
    column.fits("1e3", "integer 1000");
    column.fits("-0", "integer 0");
    column.fits("-0.0", "integer 0");
    column.fits("9223372036854775807", "integer 9223372036854775807");
    column.fits("-9223372036854775808", "integer -9223372036854775808");
    column.fits("9007199254740992.0", "integer 9007199254740992");
    column.is_null("null");
    for (const auto* other : {"9223372036854775808", "18446744073709551615", "1e400", "-1e400",
                              "1.5", "1e17", R"("42")", "true", "[]", "{}"})
        column.does_not_fit(other);
}

TEST_CASE("projection: a real is any number that is finite")
{
    OneColumn column{ColumnType::real};
    column.fits("0.5", "real 0.5");
    column.fits("3", "real 3.0");
    column.fits("9223372036854775808", "real 9.22337203685478e+18");
    column.is_null("null");
    for (const auto* other : {"1e400", "-1e400", R"("0.5")", R"("NaN")", R"("INF")", "false", "[]"})
        column.does_not_fit(other);
}

TEST_CASE("projection: a time is UTC with three digits, further ones cut off")
{
    OneColumn column{ColumnType::timestamp};
    for (const auto& [fraction, digits] :
         std::initializer_list<std::array<std::string_view, 2>>{{"", "000"},
                                                                {".1", "100"},
                                                                {".12", "120"},
                                                                {".123", "123"},
                                                                {".1239", "123"},
                                                                {".12399", "123"},
                                                                {".123999", "123"},
                                                                {".1239999", "123"},
                                                                {".123999999999", "123"}})
        column.fits(fmt::format(R"("2026-03-01T00:30:59{}Z")", fraction),
                    fmt::format("text 2026-03-01 00:30:59.{}", digits));
    column.fits(R"("2026-03-01T00:30:00+02:00")", "text 2026-02-28 22:30:00.000");
    column.fits(R"("2025-12-31T20:00:00-08:00")", "text 2026-01-01 04:00:00.000");
    column.fits(R"("2026-03-01T00:30:00")", "text 2026-03-01 00:30:00.000");  // no zone is UTC
    column.fits(R"("9999-12-31T23:59:59.9999999Z")", "text 9999-12-31 23:59:59.999");
    column.fits(R"("2024-02-29T12:00:00Z")", "text 2024-02-29 12:00:00.000");
}

TEST_CASE("projection: a time that never was is NULL, and only the sentinel is no drift")
{
    OneColumn column{ColumnType::timestamp};
    column.is_null("null");
    column.is_null(R"("0001-01-01T00:00:00Z")");
    column.is_null(R"("0001-01-01T00:00:00.0000000")");
    column.is_null(R"("0001-01-01T00:00:00+08:00")");
    for (const auto* other :
         {R"("2026-02-30T00:00:00Z")", R"("2025-02-29T00:00:00Z")", R"("2026-01-01T25:00:00Z")",
          R"("2026-01-01T00:00:00 PST")", R"("")", R"("now")", R"("'); DROP TABLE t;--")",
          "1767225600", "true", "[]", "{}"})
        column.does_not_fit(other);
}

TEST_CASE("projection: a time stays in four digits of the year")
{
    // Text sorts by its characters: a fifth digit would come before every other time.
    OneColumn column{ColumnType::timestamp};
    column.does_not_fit(R"("9999-12-31T23:59:59-08:00")");
}

TEST_CASE("projection: a date is a day that exists")
{
    OneColumn column{ColumnType::date};
    column.fits(R"("2026-03-01")", "text 2026-03-01");
    column.fits(R"("2024-02-29")", "text 2024-02-29");
    column.fits(R"("2026-03-01T00:00:00Z")", "text 2026-03-01");
    column.fits(R"("2026-03-01T00:00:00.0000000")", "text 2026-03-01");
    column.is_null("null");
    column.is_null(R"("0001-01-01")");
    column.is_null(R"("0001-01-01T00:00:00Z")");
    for (const auto* other : {R"("2026-02-30")", R"("01.03.2026")", R"("2026-3-1")", R"("")",
                              "20260301", "true", "[]", "{}"})
        column.does_not_fit(other);
}

TEST_CASE("projection: a collection is a JSON array")
{
    OneColumn column{ColumnType::json};
    column.fits(R"( [ "a", {"b" : null} ] )", R"(text ["a",{"b":null}])");
    column.fits("[]", "text []");
    column.is_null("null");
    for (const auto* other : {"{}", R"("[]")", "1", "true", "[1e400]", R"([{"x":[-1e400]}])"})
        column.does_not_fit(other);
}

TEST_CASE("projection: an unknown value of an enum is stored and noted")
{
    OneColumn column{ColumnType::text, &colours};
    column.fits(R"("red")", "text red");
    column.is_null("null");
    CHECK(column.stores_unknown("mauve") == "mauve");
    CHECK(column.stores_unknown("Red") == "Red");
    CHECK(column.stores_unknown("") == "");
    CHECK(column.stores_unknown("red,green") == "red,green");
    column.does_not_fit("1");
}

TEST_CASE("projection: flags are compared one by one")
{
    OneColumn column{ColumnType::text, &colour_flags};
    column.fits(R"("red")", "text red");
    column.fits(R"("green,red")", "text green,red");
    CHECK(column.stores_unknown("red,mauve,green") == "mauve");
    CHECK(column.stores_unknown("mauve,pink") == "mauve");
}

TEST_CASE("projection: the type of a polymorphic value comes without namespace")
{
    constexpr std::array columns{
        schema::Column{"@odata.type", ColumnType::text, "", nullptr},
        schema::Column{"target.@odata.type", ColumnType::text, "", nullptr},
    };
    Projected project{columns};
    CHECK(project(R"({"@odata.type":"#microsoft.graph.a","target":{"@odata.type":
                      "microsoft.graph.b.c"}})") == "text a|text b.c");
    CHECK(project(R"({"@odata.type":"plain","target":{"@odata.type":"#other.x"}})") ==
          "text plain|text other.x");
    CHECK(project(R"({"target":{}})") == "NULL|NULL");
    CHECK(project.drift.empty());
    CHECK(project(R"({"@odata.type":7})") == "NULL|NULL");
    CHECK(notes(project.drift) == Rows{"@odata.type type 1"});
}

TEST_CASE("projection: members of complex values are found, whatever is missing on the way")
{
    constexpr std::array columns{
        schema::Column{"a.b.c", ColumnType::integer, "", nullptr},
        schema::Column{"a.d", ColumnType::text, "", nullptr},
        schema::Column{"e", ColumnType::text, "", nullptr},
    };
    Projected project{columns};
    CHECK(project(R"({"a":{"b":{"c":1},"d":"x"},"e":"y"})") == "integer 1|text x|text y");
    CHECK(project(R"({"a":{"b":null,"d":"x"}})") == "NULL|text x|NULL");
    CHECK(project(R"({"a":null,"e":"y"})") == "NULL|NULL|text y");
    CHECK(project(R"({"a":[{"d":"x"}]})") == "NULL|NULL|NULL");
    CHECK(project(R"({"a.d":"x"})") == "NULL|NULL|NULL");
    CHECK(project("[]") == "NULL|NULL|NULL");
    CHECK(project.drift.empty());
    CHECK(project(R"({"a":{"b":{"c":"x"}}})", "list") == "NULL|NULL|NULL");
    CHECK(notes(project.drift) == Rows{"list.a.b.c type 1"});
}

TEST_CASE("drift: a note counts objects, not occurrences, and keeps its first example")
{
    DriftNotes drift;
    for (const auto* example : {"1", "2", "3"}) {
        drift.next_object();
        drift.add("p", Kind::property, example);
        drift.add("p", Kind::property, "again");
        drift.add("p", Kind::type, example);
    }
    CHECK(notes(drift) == Rows{"p property 3", "p type 3"});
    CHECK(drift.notes().at({"p", Kind::property}).example == "1");
}

TEST_CASE("drift: notes are bounded, in number and length")
{
    DriftNotes drift;
    for (int i = 0; i < 5000; ++i)
        drift.add(std::to_string(i), Kind::property, std::string(10'000, 'x'));
    CHECK(drift.notes().size() == 1000);
    CHECK(drift.notes().begin()->second.example.size() < 300);
    drift.next_object();
    drift.add("0", Kind::property, "x");  // what is known counts on
    CHECK(noted(drift, "0", Kind::property) == 2);
}

TEST_CASE("drift: unknown members are noted once per object, by their dotted path")
{
    KnownMembers known;
    for (const auto* path : {"id", "status", "a.b", "a.@odata.type", "list.x", "list.inner.y"})
        known.add(path);
    known.add_collection("list");
    known.add_collection("list.inner");
    DriftNotes drift;
    const auto note = [&](std::string_view text) {
        drift.next_object();
        known.note_unknown(object_of(text), "", drift);
    };
    note(R"({"id":"1","status":"s","a":{"b":1,"@odata.type":"t"},"list":[{"x":1,"inner":[{"y":1}]}],
             "@odata.etag":"e","status@odata.type":"t"})");
    CHECK(drift.empty());
    note(R"({"new":1,"a":{"new":1},"list":[{"new":1,"inner":[{"new":1},{"new":2}]},{"new":2}]})");
    note(R"({"new":{"deep":1},"status":{"inside":"is not the catalog's"},"a":null,"list":null})");
    CHECK(notes(drift) == Rows{"a.new property 1", "list.inner.new property 1",
                               "list.new property 1", "new property 2"});
}

TEST_CASE("drift: a complex value or a collection of another kind is noted as of the wrong type")
{
    KnownMembers known;
    known.add("id");
    known.add("a.b");
    known.add("list.x");
    known.add_collection("list");
    DriftNotes drift;
    for (const auto* text :
         {R"({"a":1,"list":1})", R"({"a":"x","list":["x"]})", R"({"a":[{"b":1}],"list":{"x":1}})",
          R"({"a":null,"list":null})", R"({"a":{"b":{}},"list":[[{"x":1}]]})", R"({})"}) {
        drift.next_object();
        known.note_unknown(object_of(text), "", drift);
    }
    CHECK(notes(drift) == Rows{"a type 3", "list type 4"});
}
