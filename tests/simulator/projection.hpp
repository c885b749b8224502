#pragma once
// What of an object a read shows: the properties of the version, selected ones, expanded ones, and
// enum members behind the sentinel only for who asked for them.

#include "tests/simulator/facts.hpp"
#include "tests/simulator/query.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace graphsim {

class Projection {
public:
    /// Takes: `unknown_members`: the request prefers include-unknown-enum-members
    Projection(const Type& type, const Query& query, bool unknown_members);
    /// Everything there is: $select=*, all expanded, nothing hidden.
    Projection(const Type& type, Version version);

    void append(std::string& out, std::string_view object) const;

private:
    void append_object(std::string& out, std::string_view object, const Type& type, bool top) const;
    void append_value(std::string& out, std::string_view value, const Property& property) const;
    void append_enum(std::string& out, std::string_view value, const Enum& enumeration) const;
    bool plain(const Type& type) const noexcept;

    const Type* x_type;
    Version x_version;
    bool x_unknown_members;
    bool x_names_only = false;  ///< $select: nothing else, however new it is
    std::vector<bool> x_keep;   ///< by Property::index, for the members of the object itself
};

}  // namespace graphsim
