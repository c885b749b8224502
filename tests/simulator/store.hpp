#pragma once
// The objects of the tenant, set by set, as JSON text.

#include "tests/simulator/change_log.hpp"
#include "tests/simulator/times.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace graphsim {

struct Object {
    std::string id;
    std::shared_ptr<const std::string> text;
    /// Of the set's time property, so that a filter by time need not look into the text; the
    /// smallest value when there is none.
    std::int64_t ticks = 0;
    TimePoint visible_from = TimePoint::min();
};

class ObjectSet {
public:
    /// `time_property`: which member gives Object::ticks; empty: none.
    /// `logged`: changes are kept for a delta function.
    explicit ObjectSet(std::string time_property = "", bool logged = false)
        : x_time_property{std::move(time_property)}
    {
        if (logged)
            x_log = std::make_unique<ChangeLog>();
    }

    std::size_t size() const noexcept { return x_order.size(); }
    const Object& at(std::size_t position) const { return *x_order.at(position); }
    const Object* find(std::string_view id) const noexcept;
    const std::string& time_property() const noexcept { return x_time_property; }

    /// `id` must not be there.
    void add(std::string id, std::string text, TimePoint visible_from);
    /// `id` must be there.
    void replace(std::string_view id, std::string text);
    /// `for_good`: they cannot be restored.
    void remove(const std::unordered_set<std::string>& ids, bool for_good = false);
    /// What has changed; null unless it is kept.
    const ChangeLog* log() const noexcept { return x_log.get(); }

    /// The next `times` lists leave `id` out.
    void hide(std::string_view id, int times) { x_hidden[std::string{id}] += times; }
    std::map<std::string, int>& hidden() noexcept { return x_hidden; }

private:
    std::int64_t ticks_of(const std::string& text) const;

    std::string x_time_property;
    std::vector<std::unique_ptr<Object>> x_order;
    std::unordered_map<std::string_view, Object*> x_by_id;
    std::map<std::string, int> x_hidden;
    std::unique_ptr<ChangeLog> x_log;
};

using Store = std::map<std::string, ObjectSet, std::less<>>;

}  // namespace graphsim
