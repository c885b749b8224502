#pragma once
// A program as a user starts it: arguments, an environment of its own, output in files.

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace cloudpcd::test {

/// Longest that anything here may take; beyond it, something hangs.
inline constexpr std::chrono::seconds patience{300};

class Process {
public:
    using Environment = std::map<std::string, std::string>;

    /// Starts `arguments[0]`. Output goes to `<output>.out` and `<output>.err`.
    Process(const std::vector<std::string>& arguments, const Environment& environment,
            std::filesystem::path output);
    /// Kills what still runs.
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    void signal(int number) const;
    /// Exit status; -N when signal N ended it. Throws when it does not end in time.
    int wait(std::chrono::milliseconds limit = patience);
    bool running();
    /// Of one that a signal ended: whether the system took its core, to wherever.
    bool dumped_core() const noexcept { return x_dumped_core; }
    pid_t pid() const noexcept { return x_pid; }

    std::string output() const;
    std::string errors() const;
    /// Waits until the standard error has that text; throws when it does not come.
    void wait_for_error(std::string_view text);
    /// Largest resident set so far in KiB, sampled while it runs.
    long peak_kib() const noexcept { return x_peak_kib; }

private:
    void sample();

    pid_t x_pid = -1;
    std::filesystem::path x_output;
    bool x_ended = false;
    int x_status = 0;
    bool x_dumped_core = false;
    long x_peak_kib = 0;
};

/// Content of a file; empty when there is none.
std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace cloudpcd::test
