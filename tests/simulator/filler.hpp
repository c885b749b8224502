#pragma once
// Values for properties that nobody thought of: by type, and by what the name says.

#include "tests/simulator/facts.hpp"
#include "tests/simulator/random.hpp"
#include "tests/simulator/times.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>

namespace graphsim {

class Filler {
public:
    Filler(Random& random, TimePoint now) : x_random{&random}, x_now{now} {}

    /// An object with every property of `type`, or of one of its derived types; navigations and
    /// what no read returns are left out.
    boost::json::object object(const Type& type);
    boost::json::value value(const Property& property);
    std::string member_of(const Enum& enumeration);
    /// Within the last `days`, in one of Graph's spellings: 0 to 7 digits.
    std::string past(int days);
    std::string future(int days);

private:
    boost::json::value one(const Property& property);
    std::string text(std::string_view name);

    Random* x_random;
    TimePoint x_now;
};

}  // namespace graphsim
