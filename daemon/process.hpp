#pragma once
// What holds for the process as a whole: memory, secrets, SQLite's own settings.

#include "config/config.hpp"
#include "sync/core/rng.hpp"

#include <filesystem>
#include <string>

namespace cloudpcd::daemon {

/// Call once, before the first use of SQLite and before any thread.
void prepare_process(const std::filesystem::path& database);

/// The boot of this machine: 32 hexadecimal digits, as `journalctl --list-boots` has them. From the
/// kernel's file, else from CLOUDPCD_BOOT_ID, since the hardened service does not see that file.
/// Where neither says it, a random one stands for this start of the daemon.
std::string find_boot_id(
    const config::Environment& environment, Rng& rng,
    const std::filesystem::path& kernel_file = "/proc/sys/kernel/random/boot_id");

}  // namespace cloudpcd::daemon
