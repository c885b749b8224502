// Which folder may include which: the picture of docs/architecture.md, held by a test.

#include "tests/unit/tidy/source_tree.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

using namespace cloudpcd::tidy;

namespace {

struct Layer {
    std::string_view folder;
    std::vector<std::string_view> may_include;  ///< besides itself
};

const std::vector<Layer>& layers()
{
    static const std::vector<Layer> all{
        {"config", {}},
        {"schema", {}},
        {"sync/core", {}},
        {"sync/graph", {"sync/core", "config", "schema"}},
        {"sync/store", {"sync/core", "config", "schema"}},
        {"sync/mirror", {"sync/core", "sync/graph", "sync/store", "config", "schema"}},
        {"sync/jobs", {"sync/core", "sync/graph", "sync/store", "config", "schema"}},
        {"daemon", {"sync", "config", "schema"}},
        // The simulated tenant is built on Graph's facts alone: with our own code in it, it would
        // agree with our mistakes.
        {"tests/simulator", {}},
    };
    return all;
}

/// The file between the quotes of an #include line.
std::optional<std::string_view> quoted_include(std::string_view line)
{
    constexpr std::string_view directive = "#include \"";
    if (!line.starts_with(directive))
        return std::nullopt;
    line.remove_prefix(directive.size());
    return line.substr(0, line.find('"'));
}

bool is_below(std::string_view path, std::string_view folder)
{
    return path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
}

bool is_allowed(const Layer& layer, std::string_view included)
{
    return is_below(included, layer.folder) ||
           std::ranges::any_of(layer.may_include,
                               [&](auto folder) { return is_below(included, folder); });
}

}  // namespace

TEST_CASE("layering: the rules know right from wrong")
{
    const auto allowed = [](std::string_view folder, std::string_view included) {
        const auto layer = std::ranges::find(layers(), folder, &Layer::folder);
        REQUIRE(layer != layers().end());
        return is_allowed(*layer, included);
    };
    CHECK(allowed("sync/graph", "sync/core/time.hpp"));
    CHECK(allowed("sync/graph", "sync/graph/url.hpp"));
    CHECK_FALSE(allowed("sync/graph", "sync/store/database.hpp"));
    CHECK_FALSE(allowed("sync/store", "sync/graph/url.hpp"));
    CHECK_FALSE(allowed("sync/core", "config/config.hpp"));
    CHECK_FALSE(allowed("tests/simulator", "schema/catalog.hpp"));
    CHECK_FALSE(allowed("config", "configuration/other.hpp"));
    CHECK(allowed("daemon", "sync/mirror/item.hpp"));
    CHECK(quoted_include("#include \"config/config.hpp\"") == "config/config.hpp");
    CHECK_FALSE(quoted_include("#include <vector>"));
}

TEST_CASE("layering: includes point one way")
{
    for (const auto& layer : layers()) {
        for (const auto& file : source_tree()) {
            if (!file.is_in(layer.folder))
                continue;
            for (const auto& line : file.lines) {
                if (const auto included = quoted_include(line))
                    CHECK_MESSAGE(is_allowed(layer, *included), file.path, " includes ", *included);
            }
        }
    }
}

TEST_CASE("layering: every file outside the tests belongs to a layer")
{
    REQUIRE(source_tree().size() > 20);
    for (const auto& file : source_tree()) {
        if (!file.is_in("tests"))
            CHECK_MESSAGE(
                std::ranges::any_of(layers(),
                                    [&](const Layer& layer) { return file.is_in(layer.folder); }),
                file.path);
    }
}

TEST_CASE("layering: our includes name the file from the root")
{
    for (const auto& file : source_tree()) {
        if (file.is_in("tests"))
            continue;
        for (const auto& line : file.lines) {
            if (const auto included = quoted_include(line)) {
                CHECK_MESSAGE(
                    std::ranges::any_of(
                        std::array{"config/", "schema/", "sync/", "daemon/", "tests/"},
                        [&](const char* folder) { return included->starts_with(folder); }),
                    file.path, " includes ", *included);
            }
        }
    }
}

TEST_CASE("layering: Graph knows no SQL, the store no HTTP")
{
    for (const auto& file : source_tree()) {
        for (const auto& line : file.lines) {
            const bool sql =
                line.starts_with("#include <sqlite3") || line.starts_with("#include <SQLiteCpp");
            const bool http =
                line.starts_with("#include <boost/beast") || line.starts_with("#include <openssl");
            if (file.is_in("sync/graph"))
                CHECK_MESSAGE(!sql, file.path, ": ", line);
            if (file.is_in("sync/store"))
                CHECK_MESSAGE(!http, file.path, ": ", line);
        }
    }
}
