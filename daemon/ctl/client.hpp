#pragma once
// Talks to the daemon over its control socket; see docs/control.md.

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace cloudpcd::ctl {

/// Of an answer.
inline constexpr std::size_t answer_bytes_max = std::size_t{64} << 20U;

struct Answer {
    unsigned status = 0;
    std::string body{};

    bool is_success() const noexcept { return status >= 200 && status < 300; }
};

class ControlClient {
public:
    explicit ControlClient(std::filesystem::path socket) : x_socket{std::move(socket)} {}

    /// Sends one request on a connection of its own. A POST has a body, a GET has none. Without a
    /// limit it waits as long as the daemon does.
    ///
    /// Errors: Failure unavailable when nobody answers, or not to the end; not_allowed when the
    ///         socket cannot be reached by this user
    Answer get(std::string_view target,
               std::optional<std::chrono::milliseconds> limit = std::nullopt) const;
    Answer post(std::string_view target, std::string_view body) const;

private:
    std::filesystem::path x_socket;
};

/// What an answer that is none says is wrong, printable.
std::string detail_of(const Answer& answer);

/// The body of an answer that is a success.
///
/// Errors: Failure with what the daemon says is wrong; its status follows from that of HTTP
std::string expect_success(const Answer& answer);

}  // namespace cloudpcd::ctl
