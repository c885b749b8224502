#pragma once
// A configuration that is good, and shorthands to make it bad.

#include "config/config.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

namespace cloudpcd::config::sample {

inline constexpr std::array<std::string_view, 4> tables{"cloud_pcs", "audit_events", "snapshots",
                                                        "supported_regions"};
inline constexpr std::array<std::string_view, 4> groups{"cloudpc", "intune", "entra", "reports"};

inline ParseOptions options(bool needs_identity = true)
{
    return {.known = {.tables = tables, .groups = groups}, .needs_identity = needs_identity};
}

/// Six lines: whatever is put behind begins at line 7.
inline constexpr std::string_view good =
    "[tenant]\n"
    "id = \"AAAAAAAA-2222-3333-4444-555555555555\"\n"
    "[auth]\n"
    "client_id = \"app\"\n"
    "client_secret_file = \"secret\"\n"
    "\n";

inline std::string with(std::string_view more)
{
    return std::string{good} + std::string{more};
}

inline ParseOutcome parse(std::string_view text, const Environment& environment = {})
{
    return parse_config(text, "/etc/c.toml", environment, options());
}

/// A directory of its own that goes with the test.
class TemporaryDirectory {
public:
    TemporaryDirectory()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "cloudpcd-XXXXXX").string();
        x_path = ::mkdtemp(pattern.data());
    }
    ~TemporaryDirectory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(x_path, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::filesystem::path& path() const noexcept { return x_path; }

    std::filesystem::path write(std::string_view name, std::string_view content,
                                std::filesystem::perms mode = std::filesystem::perms{0640}) const
    {
        const auto file = x_path / name;
        std::ofstream{file, std::ios::binary} << content;
        std::filesystem::permissions(file, mode);
        return file;
    }

private:
    std::filesystem::path x_path;
};

}  // namespace cloudpcd::config::sample
