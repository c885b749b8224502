#pragma once
// The made-up company: its people, groups, regions and plans, and objects that fit together.

#include "tests/simulator/facts.hpp"
#include "tests/simulator/filler.hpp"
#include "tests/simulator/generator.hpp"
#include "tests/simulator/random.hpp"

#include <boost/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace graphsim {

struct Person {
    std::string id;
    std::string display_name;
    std::string principal_name;
};

class Estate {
public:
    Estate(const Facts& facts, std::uint64_t seed, TimePoint now);

    /// The same person for the same number, for ever.
    Person person(std::size_t number) const;

    /// A new object of `set`; sets that nobody has made up anything for are filled in by type.
    boost::json::object make(std::string_view set, std::size_t number, const Store& store,
                             TimePoint now);

    const std::vector<Made>& source_images() const noexcept { return x_source_images; }
    Random& random() noexcept { return x_random; }
    const Facts& facts() const noexcept { return *x_facts; }

private:
    struct Named {
        std::string id, name, detail;
    };
    boost::json::object base(std::string_view set, TimePoint now);
    boost::json::object cloud_pc(std::size_t number, TimePoint now);
    boost::json::object policy(std::size_t number, TimePoint now);
    boost::json::object user_setting(std::size_t number, TimePoint now);
    boost::json::object connection(std::size_t number, TimePoint now);
    boost::json::object snapshot(const Store& store, TimePoint now);
    boost::json::object bulk_action(const Store& store, TimePoint now);
    boost::json::object service_plan(std::size_t number, TimePoint now);
    boost::json::object gallery_image(std::size_t number, TimePoint now);
    boost::json::object device_image(std::size_t number, TimePoint now);
    boost::json::object region(std::size_t number, TimePoint now);
    boost::json::object pool(std::size_t number, TimePoint now);
    boost::json::object user(std::size_t number, TimePoint now);
    boost::json::object group(std::size_t number, const Store& store, TimePoint now);
    boost::json::object device(std::size_t number, const Store& store, TimePoint now);
    boost::json::object managed_device(std::size_t number, const Store& store, TimePoint now);
    boost::json::object sku(std::size_t number, TimePoint now);
    boost::json::array assignments(const std::string& owner, std::size_t count, TimePoint now);
    void set_lifecycle(boost::json::object& made, Filler& filler);

    const Facts* x_facts;
    std::uint64_t x_seed;
    Random x_random;
    std::vector<Named> x_groups, x_plans, x_images, x_connections, x_policies;
    std::vector<Made> x_source_images;
};

}  // namespace graphsim
