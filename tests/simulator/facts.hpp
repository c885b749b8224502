#pragma once
// Microsoft's description of the Cloud PC interface as data: sets, types, enums. It was transcribed
// from Graph's metadata and documentation into tests/facts/graph.json, apart from everything the
// daemon believes.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace graphsim {

enum class Version { v1_0, beta };

std::string_view to_string(Version version) noexcept;

struct Versions {
    bool v1_0 = false;
    bool beta = false;
    bool has(Version version) const noexcept { return version == Version::v1_0 ? v1_0 : beta; }
};

/// When a read returns a property.
enum class Returned { by_default, on_select, on_expand, never };

struct Enum {
    bool flags = false;                  ///< comma-joined members are values too
    std::vector<std::string> members{};  ///< without unknownFutureValue
    std::set<std::string, std::less<>> hidden_v1_0{};
    std::set<std::string, std::less<>> hidden_beta{};

    /// Returned as unknownFutureValue unless the request prefers otherwise. Values that the facts
    /// do not list are newer than they are, hence behind the sentinel too.
    bool hides(std::string_view member, Version version) const noexcept;
};

struct Type;

struct Property {
    std::string name;
    std::string type;  ///< of one element: "String", "cloudPcStatus"
    bool collection = false;
    Versions versions{};
    Returned returned = Returned::by_default;
    bool nullable = true;
    const Type* complex = nullptr;  ///< of `type`, unless it is primitive or an enum
    const Enum* enumeration = nullptr;
    std::size_t index = 0;  ///< within its Type
};

struct Type {
    std::string name;
    std::string base{};
    std::vector<const Type*> derived{};
    std::vector<Property>
        properties{};     ///< its own, those of its bases, then those of derived types
    std::size_t own = 0;  ///< how many of them are no derived type's
    std::unordered_map<std::string_view, const Property*> by_name{};
    bool entity = false;         ///< has an id
    bool has_enums = false;      ///< at any depth
    bool has_beta_only = false;  ///< at any depth

    const Property* find(std::string_view name_of_property) const noexcept;
};

/// A documented way to change something.
struct Operation {
    Versions versions{};
    /// Application permissions, any one of which will do; empty: users only.
    std::vector<std::string> roles{};
};

/// An action or a function, bound to a set or to one of its objects.
struct Action {
    std::string name;
    std::string set{};  ///< name of the set, or of the singleton
    bool on_item = false;
    bool function = false;  ///< of GET
    int status = 204;
    Operation operation{};
    std::vector<Property> parameters{};
};

struct EntitySet {
    std::string name;                 ///< last segment of the path
    std::vector<std::string> path{};  ///< segments behind the version, the name included
    Versions versions;
    const Type* type = nullptr;
    bool singleton = false;
    /// Documented query options of a list; nothing where the documentation is silent.
    std::optional<std::vector<std::string>> list_options{};
    std::vector<std::string> roles{};  ///< any one of them allows reading
    /// The same of the delta function; empty: there is none.
    std::vector<std::string> delta_roles{};
    /// `create`, `update` and `delete`, as far as they are documented.
    std::map<std::string, Operation, std::less<>> operations{};
};

class Facts {
public:
    /// The embedded facts.
    static const Facts& instance();
    explicit Facts(std::string_view document);
    Facts(const Facts&) = delete;
    Facts& operator=(const Facts&) = delete;
    ~Facts() = default;

    const EntitySet* set(std::string_view name) const noexcept;
    /// The set that the segments of a target, version first, lead into.
    const EntitySet* set_at(const std::vector<std::string>& segments) const noexcept;
    const Type* type(std::string_view name) const noexcept;
    const Enum* enumeration(std::string_view name) const noexcept;
    /// Bound to the set (`on_item` false) or to an object of it.
    const Action* action(std::string_view set, std::string_view name, bool on_item) const noexcept;
    /// What the simulator serves of them, in the order of names.
    const std::map<std::string, EntitySet, std::less<>>& sets() const noexcept { return x_sets; }

private:
    void resolve(Property& property) const noexcept;

    std::map<std::string, Enum, std::less<>> x_enums;
    std::map<std::string, Type, std::less<>> x_types;
    std::map<std::string, EntitySet, std::less<>> x_sets;
    std::vector<Action> x_actions;
};

}  // namespace graphsim
