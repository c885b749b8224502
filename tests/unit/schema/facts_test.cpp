// The catalog against Graph's metadata: every property has its column, every column its property.

#include "tests/unit/schema/facts.hpp"

#include "schema/request.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace cloudpcd::schema;

namespace {

namespace bj = boost::json;

facts::Paths child_paths(const Collection& entry)
{
    facts::Paths paths;
    for (const auto& child : entry.children) {
        if (outer_table(entry, child) == nullptr)
            paths.emplace(child.property);
    }
    if (const auto* links = links_of(entry))
        paths.emplace(links->links.property);
    return paths;
}

bool has_links_only(const Collection& entry)
{
    return !entry.links.owner.empty();
}

void check_enumeration(const Column& column, const std::string& version)
{
    const auto expected = facts::enumeration(column.enumeration->name, version);
    std::set<std::string> members;
    for (const auto member : column.enumeration->members)
        CHECK(members.emplace(member).second);
    CHECK(members == expected.members);
    CHECK(column.enumeration->flags == expected.flags);
}

/// Both directions: no property without a column, no column without a property.
void check_columns(std::span<const Column> columns, std::map<std::string, facts::Property> expected,
                   const std::string& version)
{
    for (const auto& column : columns) {
        const std::string property{column.property};
        CAPTURE(property);
        const auto found = expected.find(property);
        CHECK_MESSAGE(found != expected.end(), "no such property");
        if (found == expected.end())
            continue;
        CHECK(column.type == found->second.type);
        CHECK((column.enumeration == nullptr ? "" : column.enumeration->name) ==
              found->second.enumeration);
        if (column.enumeration != nullptr && !found->second.enumeration.empty())
            check_enumeration(column, version);
        expected.erase(found);
    }
    for (const auto& [property, type] : expected)
        FAIL_CHECK("property without a column: ", property);
}

void check_child(const Collection& entry, const ChildTable& child, const std::string& item_type)
{
    CAPTURE(child.table);
    const auto version = version_segment(entry.version);
    facts::Paths inner;
    for (const auto& other : entry.children) {
        if (outer_table(entry, other) == &child)
            inner.emplace(other.property.substr(child.property.size() + 1));
    }
    auto item = facts::flatten(item_type, version, inner);
    if (child.table == "audit_event_resources")  // not in the metadata, but in the examples
        item.properties["type"] = {.type = ColumnType::text, .enumeration = ""};
    check_columns(child.columns, item.properties, version);
    for (const auto& other : entry.children) {
        if (outer_table(entry, other) != &child)
            continue;
        const std::string path{other.property.substr(child.property.size() + 1)};
        REQUIRE(item.collections.contains(path));
        check_child(entry, other, item.collections.at(path));
    }
}

void check_entry(const Collection& entry)
{
    const auto version = version_segment(entry.version);
    auto expected = facts::flatten(entry.entity_type, version, child_paths(entry));
    expected.properties.erase("id");  // every table has it
    for (const auto secret : entry.write_only)
        CHECK(expected.properties.erase(std::string{secret}) == 1);
    check_columns(entry.columns, expected.properties, version);
    for (const auto& child : entry.children) {
        if (outer_table(entry, child) != nullptr)
            continue;
        const std::string path{child.property};
        REQUIRE(expected.collections.contains(path));
        check_child(entry, child, expected.collections.at(path));
    }
}

/// How the entry is read, as Graph documents it; null for functions.
const bj::object* read_operation(const Collection& entry)
{
    const auto* set = facts::entity_set(entry.path);
    if (set == nullptr)
        return nullptr;
    const auto& operations = set->at("operations").as_object();
    const auto* name = entry.strategy == Strategy::delta ? "delta"
                       : entry.shape == Shape::singleton ? "get"
                                                         : "list";
    return &operations.at(name).as_object();
}

bool documents(const bj::object& set, std::string_view option)
{
    const auto* query = set.at("documentedQuery").if_object();
    return query != nullptr && std::ranges::count(facts::strings(*query, "list"), option) > 0;
}

bool has_select_only(const bj::object& set)
{
    return std::ranges::any_of(set.at("properties").as_array(), [](const bj::value& property) {
        const auto* returned = property.as_object().if_contains("returned");
        return returned != nullptr && returned->as_string() == "select";
    });
}

}  // namespace

TEST_CASE("facts: every property has a column of its type, and every column a property")
{
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        if (entry.shape == Shape::strings)
            CHECK(entry.columns.empty());
        else if (!has_links_only(entry))
            check_entry(entry);
    }
}

TEST_CASE("facts: every documented collection is mirrored or left out on purpose")
{
    const std::set<std::string> left_out{
        "provisioningPolicies/{id}/assignments",    // child table
        "userSettings/{id}/assignments",            // child table
        "cloudPcPools/{id}/assignments",            // one request per pool
        "report",                                   // functions only
        "reports",                                  // functions only
        "reports/exportJobs",                       // cannot be listed
        "externalPartnerSettings",                  // became externalPartners
        "crossCloudGovernmentOrganizationMapping",  // no application permission
    };
    std::set<std::string> missing;
    for (const auto& item : facts::document().at("entitySets").as_array()) {
        const auto& set = item.as_object();
        const auto mirrored = [&](const Collection& entry) {
            return entry.path == set.at("path").as_string();
        };
        if (std::ranges::none_of(catalog(), mirrored))
            missing.emplace(set.at("name").as_string());
    }
    CHECK(missing == left_out);
}

TEST_CASE("facts: path and type are Graph's")
{
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        const auto version = version_segment(entry.version);
        if (has_links_only(entry))
            continue;
        if (const auto* set = facts::entity_set(entry.path)) {
            CHECK(set->at("entityType").as_string() == entry.entity_type);
            CHECK((set->at("cardinality").as_string() == "singleton") ==
                  (entry.shape == Shape::singleton));
            CHECK(std::ranges::count(facts::strings(*set, "versions"), version) == 1);
            continue;
        }
        const auto* function = facts::function(entry.path);
        REQUIRE(function != nullptr);
        const std::string body{function->at("response").at("body").as_string()};
        CHECK(body.find("." + std::string{entry.entity_type} + ")") != std::string::npos);
        CHECK(std::ranges::count(facts::strings(*function, "versions"), version) == 1);
    }
}

TEST_CASE("facts: beta is read where v1.0 lacks properties, v1.0 elsewhere")
{
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        const auto* set = facts::entity_set(entry.path);
        const auto* source = set != nullptr ? set : facts::function(entry.path);
        REQUIRE(source != nullptr);
        bool enough = std::ranges::count(facts::strings(*source, "versions"), "v1.0") == 1;
        if (enough && entry.shape != Shape::strings && !has_links_only(entry))
            enough = facts::flatten(entry.entity_type, "v1.0").properties ==
                     facts::flatten(entry.entity_type, "beta").properties;
        CHECK((entry.version == ApiVersion::v1_0) == enough);
    }
}

TEST_CASE("facts: $select, $expand and $top go where they are needed and documented")
{
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        const auto* set = facts::entity_set(entry.path);
        if (set == nullptr) {
            CHECK_FALSE(entry.select);
            CHECK(entry.expand.empty());
            CHECK(entry.page_size == 0);
            continue;
        }
        // A delta function returns but a few properties of its own accord.
        const bool delta = entry.strategy == Strategy::delta && !has_links_only(entry);
        CHECK(entry.select == (has_select_only(*set) || delta));
        CHECK(entry.page_size == (documents(*set, "$top") ? 1000 : 0));
        const std::vector<std::string_view> expand{entry.expand.begin(), entry.expand.end()};
        CHECK(expand == (documents(*set, "$expand") ? std::vector<std::string_view>{"assignments"}
                                                    : std::vector<std::string_view>{}));
    }
}

TEST_CASE("facts: permissions are those that Graph documents, least first")
{
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        const auto* operation = read_operation(entry);
        auto expected = facts::strings(
            operation != nullptr ? *operation : *facts::function(entry.path), "application");
        if (expected.empty())  // unknown for some beta collections
            expected = {"CloudPC.Read.All", "CloudPC.ReadWrite.All"};
        CHECK(std::vector<std::string>{entry.permissions.begin(), entry.permissions.end()} ==
              expected);
    }
}

TEST_CASE("facts: a deletion is confirmed by id where Graph documents a GET by id")
{
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        const auto* set = facts::entity_set(entry.path);
        bool by_id = set != nullptr && entry.shape == Shape::collection;
        if (by_id) {
            const auto* get = set->at("operations").as_object().if_contains("get");
            by_id = get != nullptr && get->at("documented").as_bool();
        }
        if (entry.table == "audit_events")
            CHECK(entry.deletes == DeleteRule::never);
        else if (entry.table == "snapshots")  // they rotate by the thousand
            CHECK(entry.deletes == DeleteRule::second_list);
        else if (entry.strategy == Strategy::delta)
            CHECK(entry.deletes == DeleteRule::told);
        else
            CHECK((entry.deletes == DeleteRule::get_by_id) == by_id);
    }
}

TEST_CASE("facts: what Graph has a delta function for is read by it")
{
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        const auto* set = facts::entity_set(entry.path);
        const bool delta = set != nullptr && set->at("operations").as_object().contains("delta");
        CHECK((entry.strategy == Strategy::delta) == delta);
    }
}

TEST_CASE("facts: a table of links belongs to a collection that brings them")
{
    for (const auto& entry : catalog()) {
        CAPTURE(entry.table);
        const auto* links = links_of(entry);
        CHECK((links == nullptr) == (entry.table != "entra_groups"));
        if (!has_links_only(entry))
            continue;
        const auto* owner = find_collection(entry.links.owner);
        REQUIRE(owner != nullptr);
        CHECK(links_of(*owner) == &entry);
        CHECK(owner->path == entry.path);
        CHECK(std::ranges::equal(owner->permissions, entry.permissions));
        for (const auto property :
             {entry.links.owner_id, entry.links.linked_id, entry.links.linked_type})
            CHECK(std::ranges::count(entry.columns, property, &Column::property) == 1);
    }
}
