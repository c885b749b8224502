#include "tests/integration/daemon/process.hpp"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <thread>

namespace cloudpcd::test {

namespace {

constexpr std::chrono::milliseconds sample_interval{5};

void check(int code, const char* what)
{
    if (code != 0)
        throw std::system_error{code, std::generic_category(), what};
}

std::filesystem::path with_suffix(std::filesystem::path path, const char* suffix)
{
    path += suffix;
    return path;
}

}  // namespace

std::string read_file(const std::filesystem::path& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

void write_file(const std::filesystem::path& path, std::string_view text)
{
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file << text;
    if (!file.flush())
        throw std::runtime_error{"cannot write " + path.string()};
}

Process::Process(const std::vector<std::string>& arguments, const Environment& environment,
                 std::filesystem::path output)
    : x_output{std::move(output)}
{
    std::vector<std::string> argument_texts = arguments;
    std::vector<char*> argument_pointers;
    for (auto& text : argument_texts)
        argument_pointers.push_back(text.data());
    argument_pointers.push_back(nullptr);
    std::vector<std::string> variables{"PATH=/usr/bin:/bin"};
    for (const auto& [name, value] : environment)
        variables.push_back(name + "=" + value);
    std::vector<char*> variable_pointers;
    for (auto& text : variables)
        variable_pointers.push_back(text.data());
    variable_pointers.push_back(nullptr);

    posix_spawn_file_actions_t files{};
    check(posix_spawn_file_actions_init(&files), "posix_spawn_file_actions_init");
    const auto out = with_suffix(x_output, ".out");
    const auto err = with_suffix(x_output, ".err");
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out.c_str(), flags, 0644);
    posix_spawn_file_actions_addopen(&files, 2, err.c_str(), flags, 0644);
    const int code = posix_spawnp(&x_pid, argument_pointers.front(), &files, nullptr,
                                  argument_pointers.data(), variable_pointers.data());
    posix_spawn_file_actions_destroy(&files);
    check(code, arguments.front().c_str());
}

Process::~Process()
{
    if (!x_ended) {
        ::kill(x_pid, SIGKILL);
        ::waitpid(x_pid, nullptr, 0);
    }
}

void Process::signal(int number) const
{
    ::kill(x_pid, number);
}

void Process::sample()
{
    const auto status = read_file("/proc/" + std::to_string(x_pid) + "/status");
    constexpr std::string_view key = "VmHWM:";
    const auto at = status.find(key);
    if (at != std::string::npos)
        x_peak_kib = std::max(x_peak_kib, std::stol(status.substr(at + key.size())));
}

bool Process::running()
{
    if (x_ended)
        return false;
    sample();
    int status = 0;
    if (::waitpid(x_pid, &status, WNOHANG) != x_pid)
        return true;
    x_ended = true;
    x_dumped_core = WIFSIGNALED(status) && WCOREDUMP(status);
    x_status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    return false;
}

int Process::wait(std::chrono::milliseconds limit)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    while (running()) {
        if (std::chrono::steady_clock::now() > end)
            throw std::runtime_error{"process does not end; stderr: " + errors()};
        std::this_thread::sleep_for(sample_interval);
    }
    return x_status;
}

std::string Process::output() const
{
    return read_file(with_suffix(x_output, ".out"));
}

std::string Process::errors() const
{
    return read_file(with_suffix(x_output, ".err"));
}

void Process::wait_for_error(std::string_view text)
{
    const auto end = std::chrono::steady_clock::now() + patience;
    while (errors().find(text) == std::string::npos) {
        if (std::chrono::steady_clock::now() > end || !running())
            throw std::runtime_error{"never said \"" + std::string{text} + "\": " + errors()};
        std::this_thread::sleep_for(sample_interval);
    }
}

}  // namespace cloudpcd::test
