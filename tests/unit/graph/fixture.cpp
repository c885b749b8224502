#include "tests/unit/graph/fixture.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <sys/mman.h>
#include <unistd.h>

namespace cloudpcd::graph::test {

StderrCapture::StderrCapture()
    : x_saved{::dup(STDERR_FILENO)}, x_file{::memfd_create("stderr", MFD_CLOEXEC)}
{
    std::fflush(stderr);
    ::dup2(x_file, STDERR_FILENO);
}

StderrCapture::~StderrCapture()
{
    std::fflush(stderr);
    ::dup2(x_saved, STDERR_FILENO);
    ::close(x_saved);
    ::close(x_file);
}

std::string StderrCapture::text() const
{
    std::fflush(stderr);
    std::string out;
    std::array<char, 4096> buffer{};
    while (true) {
        const auto read =
            ::pread(x_file, buffer.data(), buffer.size(), static_cast<off_t>(out.size()));
        if (read <= 0)
            return out;
        out.append(buffer.data(), static_cast<std::size_t>(read));
    }
}

std::string base64url(std::string_view text)
{
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    unsigned bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        bits = (bits << 8U | static_cast<unsigned char>(c)) & 0xFFFFU;
        for (count += 8; count >= 6; count -= 6)
            out += digits[bits >> (count - 6) & 0x3FU];
    }
    if (count > 0)
        out += digits[bits << (6 - count) & 0x3FU];
    return out;
}

std::string jwt(std::string_view payload)
{
    return fmt::format("{}.{}.{}", base64url(R"({"typ":"JWT","alg":"RS256"})"), base64url(payload),
                       base64url("signature"));
}

HttpResponse json_response(int status, std::string body, std::vector<Header> headers)
{
    headers.push_back({"Content-Type", "application/json"});
    return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

std::size_t count_of(std::string_view text, std::string_view part)
{
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

}  // namespace cloudpcd::graph::test
