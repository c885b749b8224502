// Params with a few bytes changed, thousands of times: nothing is thrown, nothing valid comes out
// in two ways, and no secret is repeated.

#include "sync/core/rng.hpp"
#include "sync/jobs/request.hpp"
#include "sync/jobs/setting.hpp"
#include "tests/unit/jobs/kinds.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

using namespace cloudpcd;
using namespace cloudpcd::jobs;

namespace {

/// Bytes and pieces that have a meaning to somebody on the way.
std::string_view piece(SeededRng& rng)
{
    using namespace std::string_view_literals;
    static constexpr std::array pieces{"{"sv,      "}"sv,        "["sv,
                                       "]"sv,      "\""sv,       ","sv,
                                       ":"sv,      "\\"sv,       "\\u00"sv,
                                       "\0"sv,     "\xff"sv,     "null"sv,
                                       "true"sv,   "-1e999"sv,   "{}"sv,
                                       "[]"sv,     "../"sv,      "\\ud800"sv,
                                       "\"a\":"sv, "\"\":{},"sv, "9223372036854775808"sv,
                                       "\xc3"sv,   "ü"sv,        " "sv};
    return pieces.at(rng.next() % pieces.size());
}

std::string mutated(std::string text, SeededRng& rng)
{
    for (auto changes = rng.next() % 4 + 1; changes > 0; --changes) {
        const auto at = text.empty() ? 0 : rng.next() % text.size();
        const auto length = rng.next() % 6;
        switch (rng.next() % 3) {
            case 0:
                text.erase(at, length);
                break;
            case 1:
                text.insert(at, piece(rng));
                break;
            default:
                text.insert(at, text.substr(rng.next() % (text.size() + 1), length * 8));
        }
    }
    return text;
}

}  // namespace

TEST_CASE("mutation: params of every kind, changed at random, are rejected or canonical")
{
    SeededRng rng{20261128};
    int valid = 0;
    for (const auto& action : schema::actions()) {
        const std::string example{action.example.empty() ? "{}" : action.example};
        for (int round = 0; round < 300; ++round) {
            const auto text = mutated(example, rng);
            CAPTURE(text);
            const auto result = read_parameters(action, text);
            CHECK(result.describe().size() < 20'000);
            if (!result.valid()) {
                CHECK(result.values.empty());
                continue;
            }
            ++valid;
            const auto again = read_parameters(action, boost::json::serialize(result.values));
            CHECK(again.values == result.values);
            const auto target = action.target.empty() ? std::nullopt : std::optional{some_id};
            CHECK(build_request(action, target, result.values, "job").has_value());
        }
    }
    CHECK(valid > 100);  // else nothing was tried behind the parser
}

TEST_CASE("mutation: a secret never comes back, whatever is around it")
{
    SeededRng rng{4711};
    const auto& action = kind("on_premises_connection.update");
    for (int round = 0; round < 3000; ++round) {
        const auto text = mutated(R"({"displayName":"N","adDomainPassword":"zq7canary"})", rng);
        const auto result = read_parameters(action, text);
        CHECK_FALSE(contains(result.describe(), "zq7canary"));
        if (text.find("\"adDomainPassword\":\"zq7canary\"") != std::string::npos)
            CHECK_MESSAGE(result.may_hold_secret, text);
    }
}

TEST_CASE("mutation: settings of every kind, changed at random, throw nothing")
{
    SeededRng rng{815};
    for (const auto& action : schema::actions()) {
        for (const auto& parameter : action.parameters) {
            for (int round = 0; round < 50; ++round) {
                boost::json::object params;
                for (int i = 0; i < 3; ++i)
                    apply_setting(action, mutated(fmt::format("{}[0].x=1", parameter.name), rng),
                                  params);
                read_parameters(action, boost::json::serialize(params));
            }
        }
    }
}
