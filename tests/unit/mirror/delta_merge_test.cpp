#include "sync/mirror/delta_merge.hpp"

#include "schema/catalog.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace cloudpcd;
using namespace cloudpcd::mirror;

namespace {

const schema::Links& members()
{
    return schema::find_collection("entra_group_members")->links;
}

DeltaItem item_of(std::string_view slice)
{
    auto read = read_delta_item(slice, &members());
    REQUIRE_MESSAGE(read.item.has_value(), read.problem);
    return *std::move(read.item);
}

/// What comes of items in this order. They have to outlive the call.
std::string merged(std::initializer_list<std::string_view> items)
{
    std::string object;
    for (const auto slice : items)
        object = merge_object(object, item_of(slice));
    return object;
}

}  // namespace

TEST_CASE("delta merge: absent is unchanged, null is cleared, the rest is replaced")
{
    CHECK(merged({R"({"id":"a","mail":"m","jobTitle":"j","n":1.50})",
                  R"({"id":"a","mail":null,"department":"d"})"}) ==
          R"({"id":"a","mail":null,"jobTitle":"j","n":1.50,"department":"d"})");
    // Complex values and collections come whole.
    CHECK(merged({R"({"id":"a","c":{"x":1,"y":2},"l":[1,2]})",
                  R"({"id":"a","c":{"x":3},"l":[]})"}) == R"({"id":"a","c":{"x":3},"l":[]})");
    CHECK(merged({R"({"id":"a"})", R"({"id":"a"})"}) == R"({"id":"a"})");
}

TEST_CASE("delta merge: the same item again changes nothing")
{
    const std::string_view item = R"({"id":"a","mail":null,"x":[{"y":1e3}]})";
    CHECK(merged({item, item, item}) == merged({item}));
}

TEST_CASE("delta merge: an object split over items is whole")
{
    CHECK(merged({R"({"id":"a","mail":"m"})", R"({"id":"a","jobTitle":"j"})"}) ==
          R"({"id":"a","mail":"m","jobTitle":"j"})");
}

TEST_CASE("delta merge: a key written with escapes is the same key")
{
    CHECK(merged({R"({"id":"a","mail":"old"})", R"({"id":"a","ma\u0069l":"new"})"}) ==
          R"({"id":"a","mail":"new"})");
}

TEST_CASE("delta merge: members and what is said of them are no part of the object")
{
    CHECK(
        merged({R"({"id":"a","members@delta":[{"id":"u"}],"members@odata.nextLink":"l",)"
                R"("members":[],"@odata.type":"#microsoft.graph.group","membershipRule":"r"})"}) ==
        R"({"id":"a","@odata.type":"#microsoft.graph.group","membershipRule":"r"})");
    // Of users they are nothing special.
    const auto read = read_delta_item(R"({"id":"a","members@delta":1})", nullptr);
    REQUIRE(read.item.has_value());
    CHECK(read.item->properties.size() == 2);
    CHECK(read.item->links.empty());
}

TEST_CASE("delta merge: both reasons of @removed end an object, null is none")
{
    CHECK(item_of(R"({"id":"a","@removed":{"reason":"changed"}})").removed);
    CHECK(item_of(R"({"id":"a","@removed":{"reason":"deleted"}})").removed);
    CHECK_FALSE(item_of(R"({"id":"a","@removed":null})").removed);
    CHECK_FALSE(item_of(R"({"id":"a","removed":true})").removed);
}

TEST_CASE("delta merge: a removed member is a membership that ended")
{
    const auto item =
        item_of(R"({"id":"g","members@delta":[{"@odata.type":"#microsoft.graph.user","id":"u"},)"
                R"({"id":"d","@removed":{"reason":"deleted"}}]})");
    CHECK_FALSE(item.removed);
    REQUIRE(item.links.size() == 2);
    CHECK(item.links[0] == LinkChange{.id = "u", .type = "user", .ended = false});
    CHECK(item.links[1] == LinkChange{.id = "d", .type = "", .ended = true});
}

TEST_CASE("delta merge: what cannot be told apart is a problem of the item")
{
    for (const std::string_view slice :
         {R"({"id":"g","members@delta":{}})", R"({"id":"g","members@delta":[1]})",
          R"({"id":"g","members@delta":[{"@odata.type":"x"}]})",
          R"({"id":"g","members@delta":[{"id":""}]})", R"({"id":"g","members@delta":[{"id":7}]})",
          R"([])"}) {
        CAPTURE(slice);
        const auto read = read_delta_item(slice, &members());
        CHECK_FALSE(read.item.has_value());
        CHECK_FALSE(read.problem.empty());
    }
    CHECK(item_of(R"({"id":"g","members@delta":null})").links.empty());
}

TEST_CASE("delta merge: a link has both ids in its own")
{
    CHECK(link_id("g", "u") == "g_u");
    CHECK(link_object(members(), "g", "u", "user") ==
          R"({"id":"g_u","groupId":"g","memberId":"u","memberType":"user"})");
    CHECK(link_object(members(), "g", "a\"b", "") ==
          R"({"id":"g_a\"b","groupId":"g","memberId":"a\"b","memberType":null})");
}
