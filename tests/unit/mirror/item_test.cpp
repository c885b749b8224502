// Identity, decoding and hashes of single objects, however odd.

#include "sync/mirror/item.hpp"

#include "sync/core/json_scan.hpp"
#include "tests/unit/mirror/fixture.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

using namespace cloudpcd;
using namespace cloudpcd::mirror;
using namespace cloudpcd::mirror::test;

namespace {

Identity identity(std::string_view slice)
{
    auto found = find_identity(slice, collection("cloud_pcs"));
    CHECK(found.id.has_value() == found.problem.empty());
    return found;
}

bool decodes(std::string_view slice)
{
    const auto decoded = decode(slice, {});
    CHECK(decoded.value.has_value() == decoded.problem.empty());
    return decoded.value.has_value();
}

std::string problem(std::string_view slice)
{
    CHECK_FALSE(decodes(slice));
    return decode(slice, {}).problem;
}

Hashes hashes(std::string_view slice)
{
    auto decoded = decode(slice, {});
    REQUIRE(decoded.value);
    return hash_content(*decoded.value, slice_hash(slice));
}

/// Same content, whatever the bytes.
bool alike(std::string_view a, std::string_view b)
{
    const auto one = hashes(a);
    const auto other = hashes(b);
    CHECK((one.slice == other.slice) == (a == b));
    CHECK((one.content != other.content || one.version == other.version));
    return one.content == other.content;
}

/// Other content, same version.
bool volatile_only(std::string_view a, std::string_view b)
{
    const auto one = hashes(a);
    const auto other = hashes(b);
    return one.content != other.content && one.version == other.version;
}

std::string nested(std::size_t depth)
{
    return R"({"id":"a","x":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
}

std::string members(std::size_t count)
{
    std::string object = R"({"id":"a")";
    for (std::size_t i = 1; i < count; ++i)
        object += ",\"k" + std::to_string(i) + "\":1";
    return object + "}";
}

}  // namespace

TEST_CASE("item: an id is found and kept byte for byte")
{
    CHECK(identity(R"({"id":"AbC","x":1})").id == "AbC");
    CHECK(identity(R"( { "x" : {"id":"inner"}, "id" : "b" } )").id == "b");
    CHECK(identity(R"({"id":"caf\u00e9 \"x\" '); DROP TABLE cloud_pcs;--"})").id ==
          "caf\xC3\xA9 \"x\" '); DROP TABLE cloud_pcs;--");
    CHECK(identity(R"({"id":" a "})").id == " a ");
    CHECK(identity("{\"id\":\"" + std::string(id_bytes_max, 'x') + "\"}").id->size() ==
          id_bytes_max);
}

TEST_CASE("item: what is no usable id says why")
{
    CHECK(identity(R"({"x":1})").problem == "it has no id");
    CHECK(identity(R"({"ID":"a"})").problem == "it has no id");
    CHECK(identity(R"({"x":{"id":"inner"}})").problem == "it has no id");
    CHECK(identity(R"({})").problem == "it has no id");
    CHECK(identity(R"({"id":7})").problem == "its id is not a string");
    CHECK(identity(R"({"id":null})").problem == "its id is not a string");
    CHECK(identity(R"({"id":["a"]})").problem == "its id is not a string");
    CHECK(identity(R"({"id":""})").problem == "its id is empty");
    CHECK(identity("{\"id\":\"" + std::string(id_bytes_max + 1, 'x') + "\"}").problem ==
          "its id is longer than 1024 bytes");
    CHECK(identity(R"({"id":"a\u0000b"})").problem == "its id is not usable text");
    CHECK(identity("{\"id\":\"\xFF\"}").problem == "its id is not usable text");
}

TEST_CASE("item: what is no object has no id")
{
    for (const auto* text : {"", "null", "7", "\"a\"", "[]", R"({"id":"a")", R"({"id" "a"})",
                             R"({"id":"a",})", R"({id:"a"})", R"({"id":"a"} x)"})
        CHECK_MESSAGE(identity(text).problem == "not a JSON object", text);
}

TEST_CASE("item: an id given twice counts when both are one")
{
    CHECK(identity(R"({"id":"a","x":1,"id":"a"})").id == "a");
    CHECK(identity(R"({"id":"a","id":"b"})").problem == "its id is given twice, differently");
    CHECK(identity(R"({"id":"a","id":null})").problem == "its id is given twice, differently");
    CHECK(identity(R"({"id":"a","\u0069d":"b"})").problem == "its id is given twice, differently");
}

TEST_CASE("item: a key counts as it reads, not as it is spelled")
{
    CHECK(identity(R"({"\u0069\u0064":"a"})").id == "a");
    CHECK(identity(R"({"i\u0064x":"a"})").problem == "it has no id");
    CHECK(identity(R"({"\u00":"b","id":"a"})").id == "a");  // a broken key is not the id
}

TEST_CASE("item: an object that is broken elsewhere still has its id")
{
    CHECK(identity(R"({"id":"a","x":tru})").id == "a");
    CHECK(identity(R"({"id":"a","x":[1,]})").id == "a");
    CHECK(identity("{\"id\":\"a\",\"x\":\"\xFF\"}").id == "a");
    CHECK(identity(nested(100'000)).id == "a");
}

TEST_CASE("item: the id is where the collection says")
{
    const auto& images = collection("source_device_images");
    CHECK(find_identity(R"({"id":"x","resourceId":"/subscriptions/1"})", images).id ==
          "/subscriptions/1");
    CHECK(find_identity(R"({"id":"x"})", images).problem == "it has no resourceId");

    const auto& types = collection("audit_activity_types");
    CHECK(find_identity(R"("Reprovision CloudPC")", types).id == "Reprovision CloudPC");
    CHECK(find_identity(R"("")", types).problem == "its id is empty");
    CHECK(find_identity(R"({"id":"a"})", types).problem == "its id is not a string");
}

TEST_CASE("item: JSON is decoded and anything else is not")
{
    CHECK(decodes(R"({"id":"a"})"));
    CHECK(decodes(R"("a")"));
    for (const auto* text :
         {"", "{", R"({"id":"a",})", R"({'id':"a"})", R"({"id":NaN})", R"({"id":01})",
          R"({"id":"a"} {})", R"({"id":"a\x"})", "{\"id\":\"\n\"}"})
        CHECK_MESSAGE(problem(text).starts_with("not JSON"), text);
}

TEST_CASE("item: what is not UTF-8 is refused")
{
    for (const auto* bytes : {"\xFF", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80"})
        CHECK(problem(std::string{R"({"id":"a","x":")"} + bytes + "\"}") == "not UTF-8");
    CHECK(decodes("{\"x\":\"\xF0\x9F\x92\xBB\"}"));
}

TEST_CASE("item: depth has a limit and no input reaches the stack's")
{
    CHECK(decodes(nested(json_depth_max - 1)));  // the object is one level
    CHECK_FALSE(decodes(nested(json_depth_max)));
    CHECK_FALSE(decodes(nested(100'000)));
    std::string objects;
    for (int i = 0; i < 100'000; ++i)
        objects += R"({"a":)";
    CHECK_FALSE(decodes(objects + "1" + std::string(100'000, '}')));
}

TEST_CASE("item: size has a limit")
{
    const std::string frame = R"({"id":"a","x":""})";
    const auto filled = [&](std::size_t bytes) {
        return R"({"id":"a","x":")" + std::string(bytes - frame.size(), 'x') + "\"}";
    };
    REQUIRE(filled(100).size() == 100);
    CHECK(decodes(filled(item_bytes_max)));
    CHECK(problem(filled(item_bytes_max + 1)) == "larger than 4194304 bytes");
}

TEST_CASE("item: the members of an object have a limit")
{
    CHECK(decodes(members(keys_per_object_max)));
    CHECK(problem(members(keys_per_object_max + 1)) == "an object of more than 10000 members");
    CHECK(problem(R"({"id":"a","x":[{"y":)" + members(keys_per_object_max + 1) + "}]}") ==
          "an object of more than 10000 members");
}

TEST_CASE("item: duplicate keys are refused at any depth")
{
    CHECK(problem(R"({"id":"a","x":1,"x":1})") == "duplicate keys");
    CHECK(problem(R"({"id":"a","id":"a"})") == "duplicate keys");
    CHECK(problem(R"({"id":"a","x":{"y":1,"y":2}})") == "duplicate keys");
    CHECK(problem(R"({"id":"a","x":[0,[{"y":{"z":1,"\u007a":2}}]]})") == "duplicate keys");
    CHECK(decodes(R"({"id":"a","x":{"x":{"x":1}},"y":[{"x":1},{"x":1}]})"));
    CHECK(decodes(R"({"id":"a","x":"\":\\\":","y:":"{\":\":1}"})"));  // colons that are none
}

TEST_CASE("item: a lone surrogate is read as U+FFFD, a pair is left alone")
{
    const auto read = [](std::string_view literal) {
        auto decoded = decode(literal, {});
        REQUIRE(decoded.value);
        return std::string{std::string_view{decoded.value->as_string()}};
    };
    CHECK(read(R"("a\ud800b")") ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(read(R"("\udc00")") == "\xEF\xBF\xBD");
    CHECK(read(R"("\ud800\ud83d\udcbb")") == "\xEF\xBF\xBD\xF0\x9F\x92\xBB");
    CHECK(read(R"("\\ud800")") == "\\ud800");
    CHECK(problem(R"({"\ud800":1,"\udc00":2})") == "duplicate keys");  // both are U+FFFD
}

TEST_CASE("item: order and white space are no content")
{
    CHECK(alike(R"({"id":"a","x":{"p":1,"q":[1,2]}})", R"( {"x" : {"q":[1, 2],"p":1}, "id":"a"})"));
    CHECK(alike(R"({"x":"caf\u00e9"})", "{\"x\":\"caf\xC3\xA9\"}"));
    CHECK_FALSE(alike(R"({"x":[1,2]})", R"({"x":[2,1]})"));
}

TEST_CASE("item: numbers count by value")
{
    for (const auto& [a, b] : std::initializer_list<std::pair<const char*, const char*>>{
             {"1", "1.0"}, {"100", "1e2"}, {"0", "-0"}, {"0", "-0.0"}, {"0.5", "5e-1"}}) {
        CAPTURE(a);
        CHECK(alike(std::string{"[", 1} + a + "]", std::string{"[", 1} + b + "]"));
    }
    CHECK_FALSE(alike("[1]", "[1.5]"));
    CHECK_FALSE(alike("[9007199254740992]", "[9007199254740993]"));
    CHECK_FALSE(alike("[9223372036854775807]", "[9223372036854775808]"));
    CHECK_FALSE(alike("[-1]", "[18446744073709551615]"));
}

TEST_CASE("item: values of different kinds never hash alike")
{
    const char* values[] = {"null",
                            "true",
                            "false",
                            "0",
                            "1",
                            "\"\"",
                            "\"0\"",
                            "[]",
                            "{}",
                            "[[]]",
                            "[{}]",
                            "[0]",
                            "\"n\"",
                            R"({"":null})",
                            "1e400",
                            "-1e400",
                            "[1,2]",
                            "[[1],2]",
                            "[[1,2]]",
                            R"(["a","b"])",
                            R"(["ab",""])",
                            R"({"a":"b"})",
                            R"({"a":{"b":null}})",
                            R"({"ab":null})"};
    for (const auto* a : values) {
        for (const auto* b : values) {
            CAPTURE(a);
            CAPTURE(b);
            CHECK(alike(std::string{"["} + a + "]", std::string{"["} + b + "]") ==
                  (std::string_view{a} == b));
        }
    }
}

TEST_CASE("item: times of observation change the content, not the version")
{
    CHECK(volatile_only(R"({"id":"a","lastModifiedDateTime":"1"})",
                        R"({"id":"a","lastModifiedDateTime":"2"})"));
    CHECK(volatile_only(R"({"id":"a","lastModifiedDateTime":"1"})", R"({"id":"a"})"));
    CHECK(volatile_only(R"({"connectivityResult":{"status":"available","updatedDateTime":"1"}})",
                        R"({"connectivityResult":{"updatedDateTime":"2","status":"available"}})"));
    CHECK(volatile_only(R"({"lastLoginResult":{"time":"1"}})", R"({"lastLoginResult":{}})"));
    CHECK(volatile_only(R"({"lastLogoffDateTime":1})", R"({"lastLogoffDateTime":[{"x":1}]})"));
}

TEST_CASE("item: what only looks like a time of observation makes a version")
{
    CHECK_FALSE(volatile_only(R"({"x":{"lastModifiedDateTime":"1"}})",
                              R"({"x":{"lastModifiedDateTime":"2"}})"));
    CHECK_FALSE(volatile_only(R"({"time":"1"})", R"({"time":"2"})"));
    CHECK_FALSE(volatile_only(R"({"connectivityResult":{"status":"1"}})",
                              R"({"connectivityResult":{"status":"2"}})"));
    CHECK_FALSE(volatile_only(R"({"connectivityResult":{}})", R"({"connectivityResult":null})"));
    CHECK_FALSE(
        volatile_only(R"({"lastModifiedDateTimeX":"1"})", R"({"lastModifiedDateTimeX":"2"})"));
    CHECK_FALSE(
        volatile_only(R"([{"lastModifiedDateTime":"1"}])", R"([{"lastModifiedDateTime":"2"}])"));
}

TEST_CASE("item: secrets are cut out and everything else stays as it was sent")
{
    const auto& connections = collection("on_premises_connections");
    const auto cut = [&](std::string_view slice) { return without_secrets(slice, connections); };
    CHECK(cut(R"({"id":"a", "adDomainPassword" : "pass,}\"word", "x":[1, 2]})") ==
          R"({"id":"a","x":[1, 2]})");
    CHECK(cut(R"({"adDomainPassword":null})") == "{}");
    CHECK(cut(R"({"adDomainPassword":"1","id":"a","\u0061dDomainPassword":{"y":"2"}})") ==
          R"({"id":"a"})");
    CHECK_FALSE(cut(R"({"id":"a","adDomainName":"x","y":"adDomainPassword"})"));
    CHECK_FALSE(without_secrets(R"({"adDomainPassword":"1"})", collection("cloud_pcs")));
}
