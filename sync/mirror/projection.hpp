#pragma once
// From an object to columns: the catalog's rule, applied. A value that does not fit its type is
// NULL in its column and noted as drift; `raw` has it either way.

#include "schema/catalog.hpp"
#include "sync/store/database.hpp"

#include <boost/json/value.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudpcd::mirror {

/// Deviations from the catalog that a pull met, for the table schema_drift. Bounded.
class DriftNotes {
public:
    enum class Kind { property, enumeration, type, refused };
    struct Note {
        std::string example;
        std::int64_t count = 0;
    };

    /// Notes once per object and (path, kind).
    void add(std::string_view path, Kind kind, std::string_view example);
    /// Begins another object: what it adds counts again.
    void next_object() { x_in_object.clear(); }

    const std::map<std::pair<std::string, Kind>, Note>& notes() const noexcept { return x_notes; }
    bool empty() const noexcept { return x_notes.empty(); }

    static std::string_view to_string(Kind kind) noexcept;

private:
    std::map<std::pair<std::string, Kind>, Note> x_notes;
    std::map<std::pair<std::string, Kind>, bool> x_in_object;
};

/// A list of columns that take their values from one object.
class Projection {
public:
    explicit Projection(std::span<const schema::Column> columns);

    std::size_t size() const noexcept { return x_fields.size(); }
    /// Binds one value per column to the parameters from `first` on.
    void bind(const boost::json::value& object, store::Statement& statement, int first,
              DriftNotes& drift, std::string_view path_prefix) const;

private:
    struct Field {
        const schema::Column* column;
        std::vector<std::string_view> path;
    };
    std::vector<Field> x_fields;
};

/// Which members of an object the catalog knows; finds the others.
class KnownMembers {
public:
    void add(std::string_view path);
    /// `path` is an array of objects; what lies below it are their members.
    void add_collection(std::string_view path);
    void note_unknown(const boost::json::value& value, std::string_view path,
                      DriftNotes& drift) const;

private:
    KnownMembers& at(std::string_view path);
    void note_members(const boost::json::value& value, std::string_view path,
                      DriftNotes& drift) const;

    std::map<std::string, KnownMembers, std::less<>> x_members;
    bool x_leaf = false;
    bool x_collection = false;
};

/// Member names along a property path; "@odata.type" is one name.
std::vector<std::string_view> split_path(std::string_view path);

/// The member at `path`, or null when any step is missing or no object.
const boost::json::value* find_value(const boost::json::value& object,
                                     std::span<const std::string_view> path) noexcept;

}  // namespace cloudpcd::mirror
