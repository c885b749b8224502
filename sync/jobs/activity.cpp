#include "sync/jobs/activity.hpp"

#include "sync/graph/ascii.hpp"
#include "sync/jobs/members.hpp"
#include "sync/jobs/scope.hpp"

#include <algorithm>

namespace cloudpcd::jobs {

namespace {

constexpr bool is_upper(char c) noexcept
{
    return c >= 'A' && c <= 'Z';
}

/// The names that the deed goes by, in Graph's spellings.
std::vector<std::string_view> names_of(const schema::Action& action)
{
    constexpr std::string_view type_prefix = "cloudPc";
    std::vector<std::string_view> names{action.remote_actions.begin(), action.remote_actions.end()};
    if (created_in(action) != nullptr) {
        if (action.listed_by.empty())
            names.emplace_back("create");
        else if (action.graph_type.starts_with(type_prefix))  // a bulk action is known by its type
            names.push_back(action.graph_type.substr(type_prefix.size()));
        return names;
    }
    if (action.method.value == schema::Method::remove)
        names.emplace_back("delete");
    else if (action.method.value == schema::Method::patch)
        names.insert(names.end(), {"update", "patch"});
    else
        names.push_back(action.path.substr(action.path.rfind('/') + 1));
    return names;
}

bool has_words(const std::vector<std::string>& text, const std::vector<std::string>& words)
{
    return !words.empty() && !std::ranges::search(text, words).empty();
}

}  // namespace

std::vector<std::string> words_of(std::string_view text)
{
    std::vector<std::string> words;
    bool within = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!graph::is_ascii_alpha(text[i])) {
            within = false;
            continue;
        }
        // A capital begins a word, and so does the last one of several before a small letter.
        const bool after_small = i > 0 && !is_upper(text[i - 1]);
        const bool before_small =
            i + 1 < text.size() && graph::is_ascii_alpha(text[i + 1]) && !is_upper(text[i + 1]);
        if (!within || (is_upper(text[i]) && (after_small || before_small)))
            words.emplace_back();
        within = true;
        words.back() += graph::ascii_lower(text[i]);
    }
    return words;
}

bool tells_of(const boost::json::object& event, const schema::Action& action)
{
    constexpr std::string_view members[] = {"activityType", "activity", "displayName"};
    return std::ranges::any_of(members, [&](std::string_view member) {
        const auto words = words_of(text_of(event, member));
        return std::ranges::any_of(names_of(action), [&](std::string_view name) {
            return has_words(words, words_of(name));
        });
    });
}

}  // namespace cloudpcd::jobs
