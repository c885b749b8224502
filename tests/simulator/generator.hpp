#pragma once
// Objects of a made-up company: coherent (a Cloud PC names the policy, plan and image that exist,
// an audit event the Cloud PC that it is about), the same for the same seed, every property of
// every type filled in somewhere.

#include "tests/simulator/facts.hpp"
#include "tests/simulator/store.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace graphsim {

struct EstateSize {
    std::size_t cloud_pcs = 0;
    std::size_t audit_events = 0;
    std::size_t snapshots = 0;
    std::size_t users = 0;
    std::size_t groups = 0;
    std::size_t devices = 0;
    std::string tenant_id{};
};

struct Made {
    std::string id;
    std::string text;
};

class Generator {
public:
    Generator(const Facts& facts, std::uint64_t seed, bool odd_data, TimePoint now);
    ~Generator();
    Generator(Generator&&) noexcept;
    Generator& operator=(Generator&&) noexcept;

    /// Fills every set that the simulator serves, odd values included.
    void fill(Store& store, const EstateSize& size);

    /// One more object, without odd values.
    Made make(const Store& store, std::string_view set, TimePoint now);
    /// An audit event of that time about an object of the tenant.
    Made make_audit_event(const Store& store, TimePoint time);
    /// A day's change to an object of `set`: its text anew.
    std::string change(std::string_view set, const std::string& text, TimePoint now);

    /// What the functions below the sets return.
    const std::vector<Made>& source_images() const noexcept;
    const std::vector<std::string>& audit_activity_types() const noexcept;

    struct Share {
        std::string_view set;
        std::size_t count;
    };

private:
    struct State;
    void fill_sets(Store& store, const std::vector<Share>& sets);
    std::unique_ptr<State> x_state;
};

}  // namespace graphsim
