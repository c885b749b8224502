#pragma once
// What holds for the process as a whole: memory, secrets, SQLite's own settings.

#include <filesystem>

namespace cloudpcd::daemon {

/// Call once, before the first use of SQLite and before any thread.
void prepare_process(const std::filesystem::path& database);

}  // namespace cloudpcd::daemon
