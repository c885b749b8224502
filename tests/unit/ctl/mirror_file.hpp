#pragma once
// A mirror as the daemon leaves it, in a directory of its own, and a cloudpcctl that looks at it.

#include "daemon/ctl/database.hpp"
#include "daemon/ctl/output.hpp"
#include "daemon/ctl/waiting.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace cloudpcd::ctl::test {

/// Directory that goes away with its owner.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    const std::filesystem::path& path() const noexcept { return x_path; }

private:
    std::filesystem::path x_path;
};

/// What a run of the program left behind.
struct Ending {
    int status = 0;
    std::string out;
    std::string errors;
};

class MirrorFile {
public:
    /// `name` of the database file, which may be an awkward one.
    explicit MirrorFile(const std::string& name = "mirror.db");

    std::filesystem::path path() const { return x_directory.path() / x_name; }
    std::filesystem::path jobs_path() const
    {
        return x_jobs_path.empty() ? x_directory.path() / "jobs.db" : x_jobs_path;
    }
    /// A queue elsewhere, which the configuration names from now on.
    void use_jobs(std::filesystem::path path) { x_jobs_path = std::move(path); }
    /// How time passes for programs run from now on.
    void use_pace(Pace pace) { x_pace = std::move(pace); }
    std::filesystem::path directory() const { return x_directory.path(); }
    /// Changes the file through a connection of its own, as the daemon would.
    void execute(const std::string& sql) const;
    /// A jobs.db with a table `jobs` of one row.
    void make_jobs() const;
    Database open() const { return Database::open(path()); }

    /// `cloudpcctl --config F ARGUMENTS…`, F naming this mirror; `more` is added to F.
    Ending run(const std::vector<std::string>& arguments, const std::string& more = "",
               const std::string& in = "") const;

private:
    TemporaryDirectory x_directory;
    std::string x_name;
    std::filesystem::path x_jobs_path;
    Pace x_pace = Pace::real();
};

/// The program without a configuration of its own.
Ending run_program(const std::vector<std::string>& arguments, const std::string& in = "",
                   Pace pace = Pace::real());

}  // namespace cloudpcd::ctl::test
