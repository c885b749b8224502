#pragma once
// The switch that stops every write: a file named `freeze` beside the database. Anybody who may
// write the directory can throw it by hand, also while the daemon is stopped; it lasts over
// restarts. QueueWatch wakes when it comes or goes.

#include <filesystem>
#include <string>
#include <string_view>

namespace cloudpcd::jobs {

class Freeze {
public:
    static constexpr std::string_view file_name = "freeze";

    explicit Freeze(const std::filesystem::path& database);

    /// Asked before each send. Whatever bears the name counts, and so does not being able to look.
    bool is_on() const noexcept;

    /// What the file says, for `status`; empty when it says nothing.
    std::string reason() const;

    /// Durable when it returns. Keeps a file that is there, with its reason.
    ///
    /// Errors: StoreError unusable
    void turn_on(std::string_view reason) const;
    void turn_off() const;

    const std::filesystem::path& path() const noexcept { return x_path; }

private:
    std::filesystem::path x_path;
};

}  // namespace cloudpcd::jobs
