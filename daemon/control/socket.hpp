#pragma once
// The unix socket: where it is, who may reach it (everybody), and who is at the other end.

#include "daemon/control/message.hpp"
#include "sync/core/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <filesystem>
#include <optional>
#include <sys/types.h>

namespace cloudpcd::daemon::control {

using LocalSocket = boost::asio::local::stream_protocol::socket;

/// A socket that listens, with mode 0666: the kernel names the caller and the role decides. Its
/// file goes away with it, unless another one has taken its place.
class Listener {
public:
    /// Makes the directory (0755) where there is none, and replaces the socket of a daemon that
    /// was killed.
    ///
    /// Errors: configuration; somebody answers there, something else has the name, or the system
    ///         refuses
    static Result<Listener> open(const boost::asio::any_io_executor& executor,
                                 const std::filesystem::path& path);
    ~Listener();
    Listener(Listener&& other) noexcept;
    Listener& operator=(Listener&&) = delete;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    boost::asio::local::stream_protocol::acceptor& acceptor() noexcept { return x_acceptor; }

private:
    struct FileId {
        dev_t device = 0;
        ino_t inode = 0;
        bool operator==(const FileId&) const = default;
    };
    explicit Listener(const boost::asio::any_io_executor& executor) : x_acceptor{executor} {}
    std::optional<Error> bind(const std::filesystem::path& path);
    static std::optional<FileId> file_id(const std::filesystem::path& path) noexcept;

    boost::asio::local::stream_protocol::acceptor x_acceptor;
    std::filesystem::path x_path;  // empty when there is no file to remove
    std::optional<FileId> x_file;
};

/// Who connected, from the kernel: user and groups of the process at that moment. A membership thus
/// counts from the next login on, as it does for files, and no directory service is asked.
std::optional<Caller> peer_of(LocalSocket& socket);

}  // namespace cloudpcd::daemon::control
