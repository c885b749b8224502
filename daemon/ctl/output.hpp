#pragma once
// Where commands write. Every write is checked: a report that was cut off by a full disk must not
// end with status 0.

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace cloudpcd::ctl {

/// The reader of a pipe went away (`| head`): there is nothing left to do, and nothing to report.
class OutputClosed : public std::exception {
public:
    const char* what() const noexcept override { return "the reader of the output went away"; }
};

/// Errors: OutputClosed, or Failure with ExitStatus::database for what cannot be written
class Output {
public:
    virtual ~Output() = default;
    virtual void write(std::string_view text) = 0;
    virtual void flush() = 0;
};

/// A file descriptor, which it does not own. SIGPIPE has to be ignored by the process. What was not
/// flushed is lost.
class FileOutput : public Output {
public:
    explicit FileOutput(int descriptor) noexcept : x_descriptor{descriptor} {}
    void write(std::string_view text) override;
    void flush() override;

private:
    static constexpr std::size_t buffer_bytes_max = std::size_t{1} << 16U;
    int x_descriptor;
    std::string x_buffer;
};

/// Keeps everything, for tests.
class TextOutput : public Output {
public:
    void write(std::string_view text) override { x_text += text; }
    void flush() override {}
    const std::string& text() const noexcept { return x_text; }

private:
    std::string x_text;
};

}  // namespace cloudpcd::ctl
