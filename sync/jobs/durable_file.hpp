#pragma once
// Small files beside the queue that must survive a power cut, in a directory that others may write:
// links are never followed, and a name shows the old content or the new, nothing between.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace cloudpcd::jobs {

/// Content of a regular file of at most `bytes_max`; nullopt when there is nothing of that name.
///
/// Errors: StoreError unusable for a link, another kind of file, a longer one, or one that cannot
///         be read
std::optional<std::string> read_small_file(const std::filesystem::path& path,
                                           std::size_t bytes_max);

/// Replaces the file in one step; when it returns, the new content is on the disk.
///
/// Errors: StoreError unusable
void replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode);

/// Removes the file, if it is there, and makes that durable.
///
/// Errors: StoreError unusable
void remove_file(const std::filesystem::path& path);

}  // namespace cloudpcd::jobs
