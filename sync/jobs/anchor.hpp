#pragma once
// What the queue has sent, remembered outside it. A backup that was restored has forgotten its
// newest requests; sending what it thinks is unsent would send it twice. The anchor file beside
// the database still knows the highest attempt: it is written after an intent has committed and
// before the first byte leaves, so that the database may be ahead of it, and never behind.

#include "sync/jobs/job.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace cloudpcd::jobs {

enum class AnchorState {
    normal,
    behind,         ///< the database knows fewer attempts, or is another one: it was restored
    missing,        ///< no anchor, or one that cannot be read, beside attempts
    other_machine,  ///< the disk or machine was cloned; the original may be sending
};

struct AnchorCheck {
    AnchorState state{};
    std::string why{};  ///< for people, of all but `normal`
};

class Anchor {
public:
    /// The file `<database>.anchor`. The machine's id is compared only where there is one.
    explicit Anchor(const std::filesystem::path& database,
                    const std::filesystem::path& machine_id_file = "/etc/machine-id");

    /// What the anchor says of the database that was opened. In every state but `normal` the caller
    /// freezes writes, then holds what is unsent (hold_restored) and gives the database an id of
    /// its own (renew_database_id), then write()s: whatever it is killed between, the next start
    /// finds such a state again.
    AnchorCheck check(store::Database& database) const;

    /// Makes the highest attempt of the database durable outside it.
    ///
    /// Errors: StoreError unusable: then nothing may be sent
    void write(store::Database& database) const;

    const std::filesystem::path& path() const noexcept { return x_path; }

private:
    std::filesystem::path x_path;
    std::string x_machine_id;  ///< empty: none
};

}  // namespace cloudpcd::jobs
