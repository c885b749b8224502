#include "tests/simulator/write_context.hpp"

#include <fmt/format.h>

namespace graphsim {

namespace json = boost::json;

std::optional<json::object> WriteContext::find(std::string_view of, std::string_view id,
                                               TimePoint now)
{
    const auto* object = set(of).find(id);
    if (object == nullptr || object->visible_from > now)
        return std::nullopt;
    return json::parse(*object->text).as_object();
}

void WriteContext::patch(std::string_view of, std::string_view id, const json::object& members)
{
    auto& objects = set(of);
    const auto* object = objects.find(id);
    if (object == nullptr)
        return;
    auto changed = json::parse(*object->text).as_object();
    for (const auto& member : members)
        changed[member.key()] = member.value();
    objects.replace(id, json::serialize(changed));
}

std::string WriteContext::add(std::string_view to, json::object object, TimePoint now)
{
    auto id = random.guid();
    json::object made{{"id", id}};
    for (auto& member : object)
        made[member.key()] = std::move(member.value());
    const auto lag = options.consistency_lag;
    set(to).add(id, json::serialize(made), lag.count() > 0 ? now + lag : TimePoint::min());
    return id;
}

void WriteContext::remove(std::string_view of, std::string_view id)
{
    if (set(of).find(id) != nullptr)
        set(of).remove({std::string{id}});
}

void WriteContext::for_each(
    std::string_view of, std::string_view part,
    const std::function<void(const std::string&, const json::object&)>& visit)
{
    const auto& objects = set(of);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (objects.at(i).text->find(part) != std::string::npos)
            ids.push_back(objects.at(i).id);
    }
    for (const auto& id : ids) {
        if (const auto* object = objects.find(id); object != nullptr)
            visit(id, json::parse(*object->text).as_object());
    }
}

std::chrono::milliseconds WriteContext::pick(Span span)
{
    return std::chrono::milliseconds{random.between(span.low.count(), span.high.count())};
}

std::chrono::milliseconds WriteContext::duration(std::string_view verb, Span usual)
{
    const auto found = options.durations.find(verb);
    if (found != options.durations.end())
        return pick(found->second);
    return std::chrono::round<std::chrono::milliseconds>(
        std::chrono::duration<double, std::milli>{pick(usual)} * options.pace);
}

std::chrono::milliseconds WriteContext::start_delay()
{
    return std::chrono::round<std::chrono::milliseconds>(
        std::chrono::duration<double, std::milli>{pick(options.start_delay)} * options.pace);
}

Outcome WriteContext::outcome(std::string_view id)
{
    // Drawn in any case: what is ordered for one object changes nothing for others.
    const bool fails = random.chance(options.failure_rate);
    const bool never = random.chance(options.never_starts_rate);
    if (const auto found = outcomes.find(id); found != outcomes.end()) {
        const auto ordered = found->second;
        outcomes.erase(found);
        return ordered;
    }
    if (never)
        return Outcome::never_starts;
    return fails ? Outcome::failed : Outcome::done;
}

std::string text_of(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string()
               ? std::string{std::string_view{value->as_string()}}
               : std::string{};
}

std::vector<std::string> texts_of(const json::object& object, std::string_view name)
{
    std::vector<std::string> texts;
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_array())
        return texts;
    for (const auto& element : value->as_array()) {
        if (element.is_string())
            texts.emplace_back(std::string_view{element.as_string()});
    }
    return texts;
}

Refusal not_found(std::string_view id)
{
    return {404, "ResourceNotFound", fmt::format("The resource '{}' does not exist.", id)};
}

Refusal conflict(std::string message)
{
    return {409, "Conflict", std::move(message)};
}

Refusal invalid(std::string message)
{
    return {400, "BadRequest", std::move(message)};
}

std::string stamp(TimePoint time)
{
    return rfc3339(time, 7);
}

}  // namespace graphsim
