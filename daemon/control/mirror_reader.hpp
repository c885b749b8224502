#pragma once
// The mirror as cloudpcctl reads it, for those who ask the daemon instead: on a connection and a
// thread of its own, so that nobody waits for a merge.

#include "daemon/ctl/status.hpp"
#include "sync/store/store.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>

namespace cloudpcd::daemon::control {

class MirrorReader {
public:
    explicit MirrorReader(std::filesystem::path mirror) : x_mirror{std::move(mirror)} {}

    /// Exceptions: ctl::Failure
    boost::asio::awaitable<ctl::MirrorStatus> status();

private:
    std::filesystem::path x_mirror;
    store::StoreThread x_thread;
};

}  // namespace cloudpcd::daemon::control
