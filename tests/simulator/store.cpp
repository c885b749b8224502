#include "tests/simulator/store.hpp"

#include "tests/simulator/json_text.hpp"

#include <limits>
#include <stdexcept>

namespace graphsim {

const Object* ObjectSet::find(std::string_view id) const noexcept
{
    const auto found = x_by_id.find(id);
    return found == x_by_id.end() ? nullptr : found->second;
}

std::int64_t ObjectSet::ticks_of(const std::string& text) const
{
    constexpr auto none = std::numeric_limits<std::int64_t>::min();
    if (x_time_property.empty())
        return none;
    return parse_ticks(string_of(member(text, x_time_property))).value_or(none);
}

void ObjectSet::add(std::string id, std::string text, TimePoint visible_from)
{
    if (x_by_id.contains(id))
        throw std::invalid_argument{"there is an object " + id};
    auto object = std::make_unique<Object>();
    object->id = std::move(id);
    object->ticks = ticks_of(text);
    if (x_log)
        x_log->add(object->id, text);
    object->text = std::make_shared<const std::string>(std::move(text));
    object->visible_from = visible_from;
    x_by_id.emplace(object->id, object.get());
    x_order.push_back(std::move(object));
}

void ObjectSet::replace(std::string_view id, std::string text)
{
    Object& object = *x_by_id.at(id);
    object.ticks = ticks_of(text);
    if (x_log)
        x_log->replace(object.id, *object.text, text);
    object.text = std::make_shared<const std::string>(std::move(text));
}

void ObjectSet::remove(const std::unordered_set<std::string>& ids, bool for_good)
{
    for (const auto& id : ids) {
        if (x_log)
            x_log->remove(id, *x_by_id.at(id)->text, for_good);
        x_by_id.erase(id);
        x_hidden.erase(id);
    }
    std::erase_if(x_order, [&](const auto& object) { return ids.contains(object->id); });
}

}  // namespace graphsim
