#pragma once
// Which build this is; filled in by CMake.

#include <string_view>

namespace cloudpcd {

extern const std::string_view version;
/// Short commit hash, or "unknown" when built outside a git checkout.
extern const std::string_view commit;

}  // namespace cloudpcd
