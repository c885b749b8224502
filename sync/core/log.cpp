#include "sync/core/log.hpp"

#include "sync/core/time.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace cloudpcd::log {

namespace {

std::atomic<Format> output_format{Format::text};

spdlog::level::level_enum to_spdlog(Level level)
{
    switch (level) {
        case Level::trace:
            return spdlog::level::trace;
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warning:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

std::string_view name_of(Level level)
{
    switch (level) {
        case Level::trace:
            return "trace";
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    return "info";
}

spdlog::logger& logger()
{
    // stderr, so that stdout stays free for what a command prints.
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = std::make_shared<spdlog::logger>(
            "cloudpcd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%v");
        made->set_level(spdlog::level::info);
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *instance;
}

/// Length of the valid UTF-8 sequence at the start of `text`, 0 when there is none.
std::size_t utf8_length(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto lead = byte(0);
    std::size_t length = lead < 0x80                   ? 1
                         : lead >= 0xC2 && lead < 0xE0 ? 2
                         : lead >= 0xE0 && lead < 0xF0 ? 3
                         : lead >= 0xF0 && lead < 0xF5 ? 4
                                                       : 0;
    if (length == 0 || text.size() < length)
        return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80)
            return 0;
    }
    if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F) ||
        (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F))
        return 0;
    return length;
}

void append_json_string(std::string& out, std::string_view text)
{
    out += '"';
    for (char c : escape(text)) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    out += '"';
}

void append_value(std::string& out, const Field& field, Format format)
{
    std::visit(
        [&](const auto& value) {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, std::string_view>) {
                if (format == Format::json || value.empty() ||
                    value.find_first_of(" =\"") != std::string_view::npos)
                    append_json_string(out, value);
                else
                    out += escape(value);
            } else if constexpr (std::is_same_v<T, bool>) {
                out += value ? "true" : "false";
            } else {
                out += fmt::format("{}", value);
            }
        },
        field.value);
}

}  // namespace

std::string escape(std::string_view text, std::size_t bytes_max)
{
    std::string out;
    out.reserve(std::min(text.size(), bytes_max));
    while (!text.empty() && out.size() < bytes_max) {
        const auto c = static_cast<unsigned char>(text.front());
        std::size_t used = utf8_length(text);
        // C1 control characters (U+0080..U+009F) drive terminals too.
        const bool c1 = used == 2 && c == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
        if (used == 0) {
            out += "\xEF\xBF\xBD";
            used = 1;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c < 0x20 || c == 0x7F) {
            out += fmt::format("\\u{:04x}", c);
        } else if (c1) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[1]));
        } else {
            out.append(text.substr(0, used));
        }
        text.remove_prefix(used);
    }
    if (!text.empty())
        out += "…";
    return out;
}

void configure(Level level, Format format)
{
    output_format = format;
    logger().set_level(to_spdlog(level));
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields)
{
    auto& out = logger();
    const auto severity = to_spdlog(level);
    if (!out.should_log(severity))
        return;
    const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    std::string line;
    if (output_format.load() == Format::json) {
        line = fmt::format(R"({{"time":"{}","level":"{}","message":)", format_rfc3339(now),
                           name_of(level));
        append_json_string(line, message);
        for (const auto& field : fields) {
            line += fmt::format(R"(,"{}":)", field.key);
            append_value(line, field, Format::json);
        }
        line += '}';
    } else {
        line = fmt::format("{} {:<7} {}", format_rfc3339(now), name_of(level), escape(message));
        for (const auto& field : fields) {
            line += fmt::format(" {}=", field.key);
            append_value(line, field, Format::text);
        }
    }
    out.log(severity, line);
}

}  // namespace cloudpcd::log
