#pragma once
// Looking at jobs: the daemon is asked, and when it does not answer jobs.db is read, which gives
// the same JSON.

#include "config/config.hpp"
#include "daemon/ctl/client.hpp"
#include "daemon/ctl/queue_status.hpp"
#include "sync/jobs/listing.hpp"
#include "sync/store/database.hpp"

#include <boost/json/object.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::ctl {

/// Opens jobs.db for reading.
///
/// Errors: Failure not_found when there is none; database when it cannot be read
store::Database open_queue_reader(const std::filesystem::path& path);

class JobSource {
public:
    explicit JobSource(const config::Config& settings);

    /// As GET /v1/jobs. Errors: Failure, here as below: of the file when the daemon does not answer
    boost::json::object list(const jobs::Filter& filter);
    /// All jobs of a batch, oldest first. Errors: also not_found when there is none
    std::vector<boost::json::object> batch(const std::string& batch_id);
    /// As GET /v1/jobs/{id}; nullopt: no such job.
    std::optional<boost::json::object> find(jobs::JobId job);
    /// As find(). Errors: also not_found
    boost::json::object show(jobs::JobId job);

    /// Why the last answer came from the file; empty: it did not.
    const std::string& no_daemon() const noexcept { return x_no_daemon; }

private:
    /// The daemon's answer; nullopt when the file has to do.
    std::optional<Answer> ask(const std::string& target);
    template <class Read>
    auto read(Read work);

    std::filesystem::path x_path;
    ControlClient x_client;
    std::optional<store::Database> x_queue{};
    std::string x_no_daemon{};
    bool x_not_allowed = false;  ///< that was because it does not let this user
};

}  // namespace cloudpcd::ctl
