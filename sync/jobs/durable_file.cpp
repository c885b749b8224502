#include "sync/jobs/durable_file.hpp"

#include "sync/store/database.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace cloudpcd::jobs {

namespace {

[[noreturn]] void unusable(const std::filesystem::path& path, std::string_view what, int cause)
{
    throw store::StoreError{
        store::StoreError::Kind::unusable,
        fmt::format("{}: {}: {}", path.string(), what, std::generic_category().message(cause))};
}

class Descriptor {
public:
    explicit Descriptor(int file) noexcept : x_file{file} {}
    ~Descriptor()
    {
        if (x_file >= 0)
            ::close(x_file);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    operator int() const noexcept { return x_file; }

private:
    int x_file;
};

void sync_directory_of(const std::filesystem::path& path)
{
    const auto directory = path.has_parent_path() ? path.parent_path() : ".";
    const Descriptor file{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (file < 0 || ::fsync(file) != 0)
        unusable(directory, "cannot be made durable", errno);
}

void write_all(int file, std::string_view content, const std::filesystem::path& path)
{
    while (!content.empty()) {
        const auto written = ::write(file, content.data(), content.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            unusable(path, "cannot be written", errno);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

std::optional<std::string> read_small_file(const std::filesystem::path& path, std::size_t bytes_max)
{
    // NONBLOCK: a pipe in its place must not stop us.
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (file < 0) {
        if (errno == ENOENT)
            return std::nullopt;
        unusable(path, "cannot be read", errno);
    }
    struct stat status{};
    if (::fstat(file, &status) != 0)
        unusable(path, "cannot be read", errno);
    if (!S_ISREG(status.st_mode))
        unusable(path, "is no regular file", EINVAL);
    if (std::cmp_greater(status.st_size, bytes_max))
        unusable(path, "is too long to be ours", EFBIG);
    std::string content(static_cast<std::size_t>(status.st_size), '\0');
    const auto got = ::read(file, content.data(), content.size());
    if (got < 0)
        unusable(path, "cannot be read", errno);
    content.resize(static_cast<std::size_t>(got));
    return content;
}

void replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode)
{
    auto made = path;
    made += ".new";
    ::unlink(made.c_str());  // of an attempt that was killed
    {
        const Descriptor file{
            ::open(made.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode)};
        if (file < 0 || ::fchmod(file, mode) != 0)
            unusable(made, "cannot be created", errno);
        write_all(file, content, made);
        if (::fsync(file) != 0)
            unusable(made, "cannot be made durable", errno);
    }
    if (::rename(made.c_str(), path.c_str()) != 0)
        unusable(path, "cannot be replaced", errno);
    sync_directory_of(path);
}

void remove_file(const std::filesystem::path& path)
{
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT)
            return;
        unusable(path, "cannot be removed", errno);
    }
    sync_directory_of(path);
}

}  // namespace cloudpcd::jobs
