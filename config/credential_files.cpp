#include "config/config.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace cloudpcd::config {

namespace {

/// A file descriptor that is closed when it goes.
class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : x_fd{fd} {}
    ~Descriptor()
    {
        if (x_fd >= 0)
            ::close(x_fd);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return x_fd; }

private:
    int x_fd;
};

std::string reason(int error)
{
    return std::generic_category().message(error);
}

constexpr std::string_view accepted_file =
    "a regular file with the secret, 1 to 1000000 bytes, not readable by others (chmod o-r)";

enum class Written { by_operator, by_platform };

/// Opens and looks at the file; empty when it is good.
std::string problem_of(const Path& path, Written written)
{
    // O_NONBLOCK: a FIFO in its place must not hold up the start.
    const int follow = written == Written::by_platform ? 0 : O_NOFOLLOW;
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | follow)};
    if (file.get() < 0) {
        if (errno == ENOENT)
            return fmt::format("{} does not exist", path.string());
        if (errno == ELOOP)
            return fmt::format("{} is a symbolic link", path.string());
        return fmt::format("{} cannot be read ({})", path.string(), reason(errno));
    }
    struct stat info{};
    if (::fstat(file.get(), &info) != 0)
        return fmt::format("{} cannot be read ({})", path.string(), reason(errno));
    if (!S_ISREG(info.st_mode))
        return fmt::format("{} is not a regular file", path.string());
    if (info.st_size == 0)
        return fmt::format("{} is empty", path.string());
    if (info.st_size > static_cast<off_t>(secret_bytes_max))
        return fmt::format("{} is larger than 1 MB", path.string());
    if (written == Written::by_operator && (info.st_mode & S_IROTH) != 0)
        return fmt::format("{} is readable by others", path.string());
    if (info.st_size > 2)
        return {};
    // A lone newline is an empty secret.
    const auto content = read_secret_file(path);
    if (content.secret && content.secret->empty())
        return fmt::format("{} is empty", path.string());
    return {};
}

std::string_view key_of(CredentialKind kind)
{
    switch (kind) {
        case CredentialKind::client_secret:
            return "client_secret_file";
        case CredentialKind::certificate:
            return "certificate_file";
        case CredentialKind::federated_token:
            return "federated_token_file";
        case CredentialKind::managed_identity:
            return "managed_identity";
    }
    return "";
}

}  // namespace

std::vector<std::string> check_credential_files(const Config& config)
{
    std::vector<std::string> messages;
    const auto check = [&](std::string_view section, std::string_view key, const Path& path,
                           Written written) {
        if (const auto problem = problem_of(path, written); !problem.empty()) {
            messages.push_back(config.message(
                section, key, fmt::format("{}, accepted: {}", problem, accepted_file)));
        }
    };
    const auto& credential = config.auth.credential;
    if (!credential.file.empty()) {
        check("auth", key_of(credential.kind), credential.file,
              credential.kind == CredentialKind::federated_token ? Written::by_platform
                                                                 : Written::by_operator);
    }
    for (const auto& [name, path] : config.jobs.secrets)
        check("jobs.secrets", name, path, Written::by_operator);
    return messages;
}

SecretOutcome read_secret_file(const Path& path)
{
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.get() < 0)
        return {.secret = {}, .error = fmt::format("{}: {}", path.string(), reason(errno))};
    std::string content(secret_bytes_max + 1, '\0');
    std::size_t size = 0;
    while (size < content.size()) {
        const auto count = ::read(file.get(), content.data() + size, content.size() - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return {.secret = {}, .error = fmt::format("{}: {}", path.string(), reason(errno))};
        if (count == 0)
            break;
        size += static_cast<std::size_t>(count);
    }
    if (size > secret_bytes_max)
        return {.secret = {}, .error = fmt::format("{}: larger than 1 MB", path.string())};
    content.resize(size);
    if (content.ends_with('\n'))
        content.resize(content.size() - (content.ends_with("\r\n") ? 2 : 1));
    // A copy, so that no secret is carried about in a buffer of a megabyte.
    SecretOutcome outcome{.secret = std::string{content}, .error = {}};
    ::explicit_bzero(content.data(), content.size());
    return outcome;
}

SecretOutcome read_client_secret(const Config& config, const Environment& environment)
{
    if (!config.auth.credential.from_environment)
        return read_secret_file(config.auth.credential.file);
    if (auto secret = environment.find("AZURE_CLIENT_SECRET"))
        return {.secret = std::move(secret), .error = {}};
    return {.secret = {}, .error = "AZURE_CLIENT_SECRET: not set"};
}

}  // namespace cloudpcd::config
