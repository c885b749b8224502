#include "daemon/control/socket.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace cloudpcd::daemon::control {

namespace asio = boost::asio;
using asio::local::stream_protocol;

namespace {

constexpr mode_t socket_mode = 0666;
constexpr mode_t directory_mode = 0755;

Error problem(const std::filesystem::path& path, std::string message)
{
    return {.code = Errc::configuration,
            .context = fmt::format("control socket {}", path.string()),
            .message = std::move(message)};
}

std::string reason_of(int code)
{
    return std::generic_category().message(code);
}

/// Makes what is missing of the path; what is there keeps its mode. Gives errno, 0 when all is
/// well.
int make_directory(const std::filesystem::path& path)
{
    if (path.empty())
        return 0;
    if (::mkdir(path.c_str(), directory_mode) == 0)
        return ::chmod(path.c_str(), directory_mode) == 0 ? 0 : errno;  // whatever the umask is
    if (errno == EEXIST)
        return 0;
    if (errno != ENOENT)
        return errno;
    const int code = make_directory(path.parent_path());
    return code != 0 ? code : make_directory(path);
}

/// What stands in the way of a socket of that name; nothing when it was removed.
std::optional<Error> remove_stale(const asio::any_io_executor& executor,
                                  const std::filesystem::path& path)
{
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0)
        return problem(path, reason_of(errno));
    if (!S_ISSOCK(status.st_mode))
        return problem(path, "something else has that name; it stays as it is");
    // Of a daemon that was killed nobody listens any more. One that lives is left in peace: it may
    // be another instance, with another database.
    LocalSocket probe{executor};
    boost::system::error_code failure;
    probe.connect(stream_protocol::endpoint{path.native()}, failure);
    if (failure != asio::error::connection_refused)
        return problem(path,
                       "somebody answers there; give each instance a [control] socket of "
                       "its own");
    if (::unlink(path.c_str()) != 0)
        return problem(path, reason_of(errno));
    return std::nullopt;
}

}  // namespace

Result<Listener> Listener::open(const asio::any_io_executor& executor,
                                const std::filesystem::path& path)
{
    if (const int code = make_directory(path.parent_path()); code != 0)
        return problem(path, fmt::format("its directory cannot be made: {}", reason_of(code)));
    Listener listener{executor};
    if (auto failure = listener.bind(path))
        return *std::move(failure);
    return listener;
}

std::optional<Error> Listener::bind(const std::filesystem::path& path)
{
    const stream_protocol::endpoint endpoint{path.native()};
    x_acceptor.open(endpoint.protocol());
    boost::system::error_code failure;
    x_acceptor.bind(endpoint, failure);
    if (failure == asio::error::address_in_use) {
        if (auto obstacle = remove_stale(x_acceptor.get_executor(), path))
            return obstacle;
        x_acceptor.bind(endpoint, failure);
    }
    if (failure)
        return problem(path, failure.message());
    x_path = path;
    x_file = file_id(path);
    if (::chmod(path.c_str(), socket_mode) != 0)
        return problem(path, reason_of(errno));
    x_acceptor.listen(asio::socket_base::max_listen_connections, failure);
    if (failure)
        return problem(path, failure.message());
    return std::nullopt;
}

std::optional<Listener::FileId> Listener::file_id(const std::filesystem::path& path) noexcept
{
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0)
        return std::nullopt;
    return FileId{.device = status.st_dev, .inode = status.st_ino};
}

Listener::Listener(Listener&& other) noexcept
    : x_acceptor{std::move(other.x_acceptor)},
      x_path{std::exchange(other.x_path, {})},
      x_file{other.x_file}
{}

Listener::~Listener()
{
    if (!x_path.empty() && x_file && file_id(x_path) == x_file)
        ::unlink(x_path.c_str());
}

std::optional<Caller> peer_of(LocalSocket& socket)
{
    ucred credentials{};
    socklen_t size = sizeof credentials;
    const int descriptor = socket.native_handle();
    if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return std::nullopt;
    Caller caller{.uid = credentials.uid, .gid = credentials.gid, .pid = credentials.pid};
    // The kernel says how much room it needs, when it was not enough.
    constexpr std::size_t groups_first = 64;
    caller.groups.resize(groups_first);
    for (int attempt = 0; attempt < 2; ++attempt) {
        size = static_cast<socklen_t>(caller.groups.size() * sizeof(gid_t));
        const int code =
            ::getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, caller.groups.data(), &size);
        const int error = code == 0 ? 0 : errno;
        caller.groups.resize(size / sizeof(gid_t));
        if (error == 0)
            return caller;
        if (error != ERANGE)
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace cloudpcd::daemon::control
