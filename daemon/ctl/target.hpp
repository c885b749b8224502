#pragma once
// From what people call an object to its id: `--target` and `--targets-from`.

#include "daemon/ctl/database.hpp"
#include "schema/actions.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::ctl {

/// Jobs of one `--targets-from`.
inline constexpr std::size_t targets_max = 10'000;

/// From what an object is called to its id: its id, display name, user principal name or, of a
/// Cloud PC, managed device name; without case. A GUID is taken as it is, so that for GUIDs there
/// need be no mirror.
class TargetResolver {
public:
    /// Errors: Failure usage when the kind takes no target
    TargetResolver(const schema::Action& action, std::filesystem::path mirror);

    /// Errors: Failure not_found when nothing is called so; failed when several are, with their
    ///         names; those of Database::open
    std::string id_of(std::string_view text);

private:
    const schema::Action& x_action;
    std::filesystem::path x_path;
    std::optional<Database> x_mirror{};
};

/// The first column of each row of a statement that reads, in its order.
///
/// Errors: Failure failed for what is wrong with the SQL, for NULL, for no row and for more than
///         targets_max; database
std::vector<std::string> select_targets(Database& mirror, std::string_view sql);

}  // namespace cloudpcd::ctl
