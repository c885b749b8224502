#include "sync/jobs/anchor.hpp"

#include "sync/jobs/attempts.hpp"
#include "sync/jobs/durable_file.hpp"
#include "sync/jobs/jobs_database.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace cloudpcd::jobs {

namespace {

constexpr std::size_t anchor_bytes_max = 4096;

struct Content {
    std::string database_id{};
    std::string machine_id{};
    AttemptId attempt = 0;
};

std::optional<std::string> text_of(const boost::json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_string())
        return std::nullopt;
    return std::string{std::string_view{value->get_string()}};
}

std::optional<Content> parse(std::string_view text)
{
    boost::system::error_code failed;
    const auto value = boost::json::parse(text, failed);
    if (failed || !value.is_object())
        return std::nullopt;
    const auto& object = value.get_object();
    const auto database = text_of(object, "database_id");
    const auto machine = text_of(object, "machine_id");
    const auto* attempt = object.if_contains("attempt");
    if (!database || !machine || attempt == nullptr || !attempt->is_int64())
        return std::nullopt;
    return Content{
        .database_id = *database, .machine_id = *machine, .attempt = attempt->get_int64()};
}

std::string first_line(const std::filesystem::path& path)
{
    try {
        const auto text = read_small_file(path, anchor_bytes_max).value_or("");
        return text.substr(0, text.find('\n'));
    } catch (const store::StoreError&) {
        return {};  // a machine without a readable id is not told from others
    }
}

/// nullopt also for what cannot be read or is not ours: then nothing is known, as without a file.
std::optional<Content> read(const std::filesystem::path& path)
{
    try {
        const auto text = read_small_file(path, anchor_bytes_max);
        return text ? parse(*text) : std::nullopt;
    } catch (const store::StoreError&) {
        return std::nullopt;
    }
}

}  // namespace

Anchor::Anchor(const std::filesystem::path& database, const std::filesystem::path& machine_id_file)
    : x_path{database}, x_machine_id{first_line(machine_id_file)}
{
    x_path += ".anchor";
}

AnchorCheck Anchor::check(store::Database& database) const
{
    const auto highest = highest_attempt(database);
    const auto known = read(x_path);
    if (!known && highest == 0)
        return {};
    if (!known)
        return {.state = AnchorState::missing,
                .why = fmt::format("{} is missing or cannot be read, though the queue has sent {} "
                                   "requests; the queue may be a copy",
                                   x_path.string(), highest)};
    if (!known->machine_id.empty() && !x_machine_id.empty() && known->machine_id != x_machine_id)
        return {.state = AnchorState::other_machine,
                .why = "the queue was used on another machine, which may still be running"};
    // A new queue beside the anchor of another: what that one sent is unknown to this one.
    const bool same = known->database_id == database_id(database);
    if (known->attempt > (same ? highest : 0))
        return {.state = AnchorState::behind,
                .why = fmt::format("the queue knows {} requests, {} were sent; it was restored "
                                   "from a backup or replaced",
                                   same ? highest : 0, known->attempt)};
    if (!same)
        return {.state = AnchorState::behind,
                .why = "the queue is not the one that the anchor beside it belongs to"};
    return {};
}

void Anchor::write(store::Database& database) const
{
    const boost::json::object content{
        {"database_id", database_id(database)},
        {"machine_id", x_machine_id},
        {"attempt", highest_attempt(database)},
    };
    replace_file(x_path, boost::json::serialize(content) + "\n", 0644);
}

}  // namespace cloudpcd::jobs
