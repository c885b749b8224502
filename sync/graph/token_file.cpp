#include "sync/graph/token_file.hpp"

#include "sync/graph/token_endpoint.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace cloudpcd::graph {

namespace {

constexpr mode_t mode_of_others = S_IRWXG | S_IRWXO;
constexpr int format_version = 1;

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

Error problem(const std::filesystem::path& path, std::string_view what)
{
    return {.code = Errc::configuration,
            .context = "stored sign-in",
            .message = fmt::format("{}: {}", path.string(), what)};
}

Error system_problem(const std::filesystem::path& path, std::string_view action)
{
    const int number = errno;
    return problem(path, fmt::format("{}: {}", action, std::generic_category().message(number)));
}

/// Why the open file is not to be trusted; empty when it is.
std::string distrust(const struct stat& info)
{
    if (!S_ISREG(info.st_mode))
        return "is not a regular file";
    if (info.st_uid != ::geteuid())
        return fmt::format("belongs to user {}, accepted: the daemon's own user", info.st_uid);
    if ((info.st_mode & mode_of_others) != 0)
        return fmt::format("is open to others (mode {:04o}), accepted: 0600 (chmod 600)",
                           info.st_mode & 07777U);
    if (info.st_size > static_cast<off_t>(token_file_bytes_max))
        return "is too large";
    return {};
}

/// The members in the order of the struct; a member that is missing is no sign-in.
std::optional<StoredSignIn> parse(std::string_view content)
{
    boost::system::error_code failure;
    const auto value = boost::json::parse(content, failure);
    const auto* root = failure ? nullptr : value.if_object();
    if (root == nullptr)
        return std::nullopt;
    const auto* version = root->if_contains("version");
    if (version == nullptr || *version != format_version)
        return std::nullopt;
    bool whole = true;
    const auto text = [&](std::string_view name) {
        const auto* member = root->if_contains(name);
        const auto* found = member == nullptr ? nullptr : member->if_string();
        whole = whole && found != nullptr;
        return found == nullptr ? std::string{} : std::string{*found};
    };
    const auto time = [&](std::string_view name) {
        const auto found = parse_graph_time(text(name));
        whole = whole && found.has_value();
        return found.value_or(UtcTime{});
    };
    StoredSignIn sign_in{.authority = text("authority"),
                         .tenant_id = text("tenant_id"),
                         .client_id = text("client_id"),
                         .principal_name = text("user_principal_name"),
                         .object_id = text("object_id"),
                         .signed_in_at = time("signed_in_at"),
                         .refreshed_at = time("refreshed_at"),
                         .refresh_token = text("refresh_token")};
    if (!whole || sign_in.refresh_token.empty())
        return std::nullopt;
    return sign_in;
}

std::string serialize(const StoredSignIn& sign_in)
{
    return boost::json::serialize(
        boost::json::object{{"version", format_version},
                            {"authority", sign_in.authority},
                            {"tenant_id", sign_in.tenant_id},
                            {"client_id", sign_in.client_id},
                            {"user_principal_name", sign_in.principal_name},
                            {"object_id", sign_in.object_id},
                            {"signed_in_at", format_rfc3339(sign_in.signed_in_at)},
                            {"refreshed_at", format_rfc3339(sign_in.refreshed_at)},
                            {"refresh_token", sign_in.refresh_token}});
}

bool write_all(int fd, std::string_view content)
{
    while (!content.empty()) {
        const auto count = ::write(fd, content.data(), content.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

/// Makes a rename or removal in the file's directory last.
Result<void> sync_directory(const std::filesystem::path& file)
{
    const auto directory = file.has_parent_path() ? file.parent_path() : ".";
    const Descriptor opened{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (opened.get() < 0 || ::fsync(opened.get()) != 0)
        return system_problem(directory, "cannot be synced");
    return {};
}

}  // namespace

std::filesystem::path TokenFile::fresh_path() const
{
    auto path = x_path;
    path += ".new";
    return path;
}

Result<std::optional<StoredSignIn>> TokenFile::read() const
{
    // O_NONBLOCK: a FIFO in its place must not hold up the daemon.
    const Descriptor file{::open(x_path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (file.get() < 0) {
        if (errno == ENOENT)
            return std::optional<StoredSignIn>{};
        return system_problem(x_path, "cannot be read");
    }
    struct stat info{};
    if (::fstat(file.get(), &info) != 0)
        return system_problem(x_path, "cannot be read");
    if (const auto why = distrust(info); !why.empty())
        return problem(x_path, why);
    std::string content(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t size = 0;
    while (size < content.size()) {
        const auto count = ::read(file.get(), content.data() + size, content.size() - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return system_problem(x_path, "cannot be read");
        if (count == 0)
            break;
        size += static_cast<std::size_t>(count);
    }
    auto sign_in = parse(std::string_view{content}.substr(0, size));
    wipe(content);
    if (!sign_in)
        return problem(x_path, "holds no sign-in; sign in again with cloudpcctl login");
    return sign_in;
}

Result<void> TokenFile::write(const StoredSignIn& sign_in) const
{
    const auto fresh = fresh_path();
    ::unlink(fresh.c_str());  // what a crash left behind; O_EXCL says whether that worked
    {
        const Descriptor file{::open(fresh.c_str(),
                                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                     S_IRUSR | S_IWUSR)};
        if (file.get() < 0)
            return system_problem(fresh, "cannot be written");
        auto content = serialize(sign_in);
        const bool written = write_all(file.get(), content) && ::fsync(file.get()) == 0;
        wipe(content);
        if (!written) {
            auto error = system_problem(fresh, "cannot be written");
            ::unlink(fresh.c_str());
            return error;
        }
    }
    if (::rename(fresh.c_str(), x_path.c_str()) != 0) {
        auto error = system_problem(x_path, "cannot be replaced");
        ::unlink(fresh.c_str());
        return error;
    }
    return sync_directory(x_path);
}

Result<void> TokenFile::remove() const
{
    const auto fresh = fresh_path();
    for (const auto* path : {&fresh, &x_path}) {
        if (::unlink(path->c_str()) != 0 && errno != ENOENT)
            return system_problem(*path, "cannot be removed");
    }
    return sync_directory(x_path);
}

}  // namespace cloudpcd::graph
