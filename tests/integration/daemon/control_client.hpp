#pragma once
// Bytes to the control socket, and bytes back: what no well-behaved client would send.

#include <filesystem>
#include <string>
#include <string_view>

namespace cloudpcd::test {

/// Sends all of `bytes`, ends its side, and then reads everything that comes back. Gives nothing
/// when the bytes were not taken.
std::string talk(const std::filesystem::path& socket, std::string_view bytes);

}  // namespace cloudpcd::test
