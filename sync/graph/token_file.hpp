#pragma once
// The sign-in of a user on disk: the one secret that the daemon itself writes. A file of mode 0600,
// replaced as a whole, so that a crash leaves the old one or the new one. Its calls wait for the
// disk, some milliseconds at each token request of a user: twice an hour while one acts.

#include "sync/core/error.hpp"
#include "sync/core/time.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace cloudpcd::graph {

inline constexpr std::size_t token_file_bytes_max = 256UL * 1024;

struct StoredSignIn {
    // Whom it may be shown to: a refresh token of another configuration is not sent anywhere.
    std::string authority;
    std::string tenant_id;
    std::string client_id;

    std::string principal_name;
    std::string object_id;
    UtcTime signed_in_at{};
    UtcTime refreshed_at{};
    std::string refresh_token;  ///< a secret
};

class TokenFile {
public:
    explicit TokenFile(std::filesystem::path path) : x_path{std::move(path)} {}

    const std::filesystem::path& path() const noexcept { return x_path; }

    /// Nothing when there is no such file.
    ///
    /// Errors: Errc::configuration when it is no regular file, not this user's own, open to others
    ///         (anything but 0600 and 0400), or its content is not what write() wrote
    Result<std::optional<StoredSignIn>> read() const;

    /// On disk when it returns; the old content stays when it fails.
    ///
    /// Errors: Errc::configuration with the system's reason
    Result<void> write(const StoredSignIn& sign_in) const;

    /// Also what a crash left behind. No file is no error.
    Result<void> remove() const;

private:
    std::filesystem::path fresh_path() const;

    std::filesystem::path x_path;
};

}  // namespace cloudpcd::graph
