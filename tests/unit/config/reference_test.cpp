// The shipped cloudpcd.toml is the documentation of every key, so it may not lag behind the parser.

#include "tests/unit/config/sample.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <vector>

using namespace cloudpcd::config;

namespace {

std::vector<std::string> lines_of_reference()
{
    std::ifstream in{CLOUDPCD_SOURCE_DIR "/config/cloudpcd.toml"};
    REQUIRE(in);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

std::string joined(const std::vector<std::string>& lines)
{
    std::string text;
    for (const auto& line : lines)
        text += line + "\n";
    return text;
}

/// `# key = value` and `# [section]`, as opposed to prose.
bool is_commented_setting(const std::string& line)
{
    if (!line.starts_with("# "))
        return false;
    if (line.starts_with("# ["))
        return line.ends_with("]");
    const auto equals = line.find(" = ");
    return equals != std::string::npos &&
           line.substr(2, equals - 2).find_first_not_of("abcdefghijklmnopqrstuvwxyz_-") ==
               std::string::npos;
}

ParseOutcome parse_lines(const std::vector<std::string>& lines)
{
    return parse_config(joined(lines), "cloudpcd.toml", {}, sample::options());
}

}  // namespace

TEST_CASE("config: the shipped file is valid and shows the defaults")
{
    const auto shipped = parse_lines(lines_of_reference());
    REQUIRE(shipped.errors.empty());
    const auto minimal = *sample::parse(sample::good).config;
    CHECK(shipped.config->graph == minimal.graph);
    CHECK(shipped.config->database == minimal.database);
    CHECK(shipped.config->sync == minimal.sync);
    CHECK(shipped.config->jobs == minimal.jobs);
    CHECK(shipped.config->control == minimal.control);
    CHECK(shipped.config->alerts == minimal.alerts);
    CHECK(shipped.config->http == minimal.http);
    CHECK(shipped.config->log == minimal.log);
}

TEST_CASE("config: every commented setting of the shipped file is valid when uncommented")
{
    const auto shipped = lines_of_reference();
    constexpr std::array credentials{"certificate_file", "federated_token_file",
                                     "managed_identity"};
    int uncommented = 0;
    std::string section;  // a commented [section] is uncommented together with its keys
    for (std::size_t i = 0; i < shipped.size(); ++i) {
        if (shipped[i].starts_with("["))
            section.clear();
        if (!is_commented_setting(shipped[i]))
            continue;
        if (shipped[i].starts_with("# ["))
            section = shipped[i];
        auto lines = shipped;
        lines[i].erase(0, 2);
        if (!section.empty() && shipped[i] != section)
            std::ranges::replace(lines, section, section.substr(2));
        if (std::ranges::any_of(credentials,
                                [&](const char* key) { return lines[i].starts_with(key); }))
            std::erase_if(lines,
                          [](const auto& line) { return line.starts_with("client_secret_file"); });
        CAPTURE(lines[i]);
        CHECK(parse_lines(lines).errors == std::vector<std::string>{});
        ++uncommented;
    }
    CHECK(uncommented >= 14);
}

TEST_CASE("config: the shipped file has every key of the parser, once, and each has a comment")
{
    std::map<std::string, int> seen;
    std::string section;
    std::string above;
    for (auto line : lines_of_reference()) {
        const std::string original = line;
        if (is_commented_setting(line))
            line.erase(0, 2);
        if (line.starts_with("[")) {
            section = line.substr(1, line.size() - 2);
            if (section.starts_with("sync.resource."))
                section = "sync.resource.*";
        } else if (!line.empty() && !line.starts_with("#")) {
            const auto key = section == "jobs.secrets" ? "*" : line.substr(0, line.find(" = "));
            ++seen[section + "." + key];
            CAPTURE(original);
            CHECK((above.starts_with("# ") && !is_commented_setting(above)));
        }
        above = original;
    }
    const auto known = known_keys();
    CHECK(known.size() > 45);
    for (const auto& key : known) {
        CAPTURE(key);
        CHECK(seen[key] == 1);
    }
    for (const auto& [key, count] : seen)
        CHECK_MESSAGE(std::ranges::find(known, key) != known.end(), key);
}

TEST_CASE("config: whatever the file holds, the answer is a configuration or reasons")
{
    const std::string shipped = joined(lines_of_reference());
    constexpr std::string_view bytes = " \n\"'[]={}#.,-_019aze\xFF\xC3\x80\\";
    std::mt19937 random{1};
    const auto below = [&](std::size_t limit) {
        return static_cast<std::size_t>(random()) % limit;
    };
    for (int round = 0; round < 3000; ++round) {
        std::string text = shipped;
        for (auto count = 1 + below(4); count > 0; --count) {
            const auto at = below(text.size());
            if (below(3) == 0)
                text.erase(at, below(40));
            else if (below(2) == 0)
                text[at] = bytes[below(bytes.size())];
            else
                text.insert(at, 1, bytes[below(bytes.size())]);
        }
        const auto outcome = parse_config(text, "c.toml", {}, sample::options());
        CAPTURE(text);
        REQUIRE(outcome.config.has_value() == outcome.errors.empty());
        for (const auto& error : outcome.errors) {
            REQUIRE(error.starts_with("c.toml:"));
            REQUIRE(error.find(", accepted: ") != std::string::npos);
            REQUIRE(std::ranges::none_of(error, [](char c) { return c >= 0 && c < 0x20; }));
        }
    }
}
