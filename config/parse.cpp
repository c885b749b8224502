#include "config/config.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"
#include "config/values.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <system_error>

namespace cloudpcd::config {

namespace {

using namespace std::chrono_literals;
using std::chrono::days;

constexpr Duration interval_min = 100ms;
constexpr Duration duration_max = days{36500};  // a hundred years

/// The first of a list such as systemd's $STATE_DIRECTORY, or `fallback`.
Path directory_of(const Environment& environment, std::string_view variable, const char* fallback)
{
    const auto list = environment.find(variable);
    return list ? Path{list->substr(0, list->find(':'))} : Path{fallback};
}

void read_database(Section section, const Path& state, Database& database)
{
    database.path = state / file_name(section, "path").value_or("mirror.db");
    set(database.history_retention, section.retention("history_retention", 1s, duration_max));
    set(database.audit_retention, section.retention("audit_retention", 1s, duration_max));
    section.finish();
}

std::string words_of(std::span<const std::string_view> words)
{
    std::string text;
    for (const auto word : words)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
    return text;
}

void read_include(Section& section, std::span<const std::string_view> groups, Sync& sync)
{
    const auto accepted = fmt::format("one or more of {}", words_of(groups));
    const auto include = section.texts("include", accepted);
    if (!include)
        return;
    if (include->empty()) {
        section.complain("include", "is empty", accepted);
        return;
    }
    std::set<std::string_view> seen;
    for (const auto& group : *include) {
        if (std::ranges::find(groups, group) == groups.end()) {
            const auto meant = nearest(group, groups);
            section.complain(
                "include",
                fmt::format("{} is no group{}", show_value(group),
                            meant.empty() ? "" : fmt::format(", did you mean {}?", meant)),
                accepted);
        } else if (!seen.insert(group).second) {
            section.complain("include", fmt::format("{} is named twice", show_value(group)),
                             accepted);
        }
    }
    sync.include = *include;
}

ResourceSync read_resource(Section section)
{
    ResourceSync resource;
    set(resource.enabled, section.boolean("enabled"));
    resource.interval = section.duration("interval", interval_min, duration_max);
    resource.full_interval = section.duration("full_interval", interval_min, duration_max);
    resource.max_delete_fraction = section.number("max_delete_fraction", 0, 1);
    section.finish();
    return resource;
}

void read_sync(Section section, const KnownNames& known, Sync& sync)
{
    set(sync.interval, section.duration("interval", interval_min, duration_max));
    read_include(section, known.groups, sync);
    set(sync.audit_overlap, section.duration("audit_overlap", 1s, days{400}));
    set(sync.max_delete_fraction, section.number("max_delete_fraction", 0, 1));
    Section resources = section.child("resource");
    for (auto& [table, entry] : resources.children()) {
        if (std::ranges::find(known.tables, table) != known.tables.end()) {
            sync.resources.emplace(table, read_resource(entry));
            continue;
        }
        const auto meant = nearest(table, known.tables);
        resources.complain(table,
                           meant.empty()
                               ? "is no table of the mirror"
                               : fmt::format("is no table of the mirror, did you mean {}?", meant),
                           words_of(known.tables));
    }
    section.finish();
}

void read_secrets(Section section, const Context& context, Jobs& jobs)
{
    constexpr std::size_t name_max = 128;
    for (const auto& name : section.keys()) {
        if (name.empty() || name.size() > name_max)
            section.complain(name, "is no name",
                             "a name of 1 to 128 bytes and the file of its secret");
        else if (const auto file = file_name(section, name))
            jobs.secrets.emplace(name, credential_path(*file, context));
    }
}

void read_jobs(Section section, const Context& context, const Path& state, Jobs& jobs)
{
    constexpr std::array<Choice<Approval>, 3> approvals{
        {{"none", Approval::none}, {"destructive", Approval::destructive}, {"all", Approval::all}}};
    constexpr std::int64_t per_hour_max = 1'000'000;
    set(jobs.enabled, section.boolean("enabled"));
    jobs.path = state / file_name(section, "path").value_or("jobs/jobs.db");
    set(jobs.sql_submit, section.boolean("sql_submit"));
    set(jobs.approval, section.choice("approval", approvals));
    if (jobs.approval != Approval::none && jobs.sql_submit) {
        // Whoever can write the queue by SQL could approve as well.
        section.complain("approval", "needs sql_submit = false",
                         "none, or destructive and all together with sql_submit = false");
    }
    set(jobs.destructive_per_hour, section.integer("destructive_per_hour", 0, per_hour_max));
    set(jobs.destructive_fraction_per_day, section.number("destructive_fraction_per_day", 0, 1));
    set(jobs.default_expiry, section.duration("default_expiry", 1s, days{7}));
    set(jobs.destructive_expiry, section.duration("destructive_expiry", 1s, days{7}));
    read_secrets(section.child("secrets"), context, jobs);
    section.finish();
}

void read_control(Section section, const Context& context, Control& control)
{
    const auto run = directory_of(context.environment, "RUNTIME_DIRECTORY", "/run/cloudpcd");
    control.socket = run / file_name(section, "socket").value_or("control.sock");
    // sockaddr_un holds 108 bytes, the terminating zero among them.
    if (control.socket.native().size() > 107)
        section.complain("socket",
                         fmt::format("{} is too long", show_value(control.socket.native())),
                         "a path of at most 107 bytes");
    Section roles = section.child("roles");
    constexpr std::string_view accepted = "an array of unix group names";
    set(control.roles.read, roles.texts("read", accepted));
    set(control.roles.submit, roles.texts("submit", accepted));
    set(control.roles.approve, roles.texts("approve", accepted));
    set(control.roles.operate, roles.texts("operate", accepted));
    roles.finish();
    section.finish();
}

void read_http(Section section, Http& http)
{
    constexpr std::string_view accepted =
        "\"\" for off, or HOST:PORT on a loopback host (any host with allow_remote = true)";
    set(http.allow_remote, section.boolean("allow_remote"));
    const auto listen = section.text("listen", accepted);
    if (listen && !listen->empty()) {
        http.listen = parse_listen(*listen);
        if (!http.listen)
            section.complain("listen", fmt::format("{} is no address", show_value(*listen)),
                             accepted);
        else if (!http.allow_remote && !is_loopback(http.listen->host))
            section.complain("listen",
                             fmt::format("{} can be reached from elsewhere", show_value(*listen)),
                             accepted);
    }
    section.finish();
}

void read_log(Section section, Log& log)
{
    constexpr std::array<Choice<LogLevel>, 5> levels{{{"trace", LogLevel::trace},
                                                      {"debug", LogLevel::debug},
                                                      {"info", LogLevel::info},
                                                      {"warning", LogLevel::warning},
                                                      {"error", LogLevel::error}}};
    constexpr std::array<Choice<LogFormat>, 4> formats{{{"auto", LogFormat::automatic},
                                                        {"journal", LogFormat::journal},
                                                        {"text", LogFormat::text},
                                                        {"json", LogFormat::json}}};
    set(log.level, section.choice("level", levels));
    set(log.format, section.choice("format", formats));
    section.finish();
}

void read_alerts(Section section, Alerts& alerts)
{
    set(alerts.exec, section.texts("exec", "an array: the program and its arguments"));
    section.finish();
}

Config read_document(const toml::table* document, const Context& context)
{
    Config config;
    Section root{context.findings, document, ""};
    const auto state = directory_of(context.environment, "STATE_DIRECTORY", "/var/lib/cloudpcd");
    read_tenant(root.child("tenant"), context, config.tenant);
    read_auth(root.child("auth"), context, config.auth);
    read_graph(root.child("graph"), context, config.tenant.cloud, config.graph);
    read_database(root.child("database"), state, config.database);
    read_sync(root.child("sync"), context.options.known, config.sync);
    read_jobs(root.child("jobs"), context, state, config.jobs);
    read_control(root.child("control"), context, config.control);
    read_alerts(root.child("alerts"), config.alerts);
    read_http(root.child("http"), config.http);
    read_log(root.child("log"), config.log);
    root.finish();
    return config;
}

/// What makes a file unreadable before TOML is looked at.
bool is_text(std::string_view text, Findings& findings)
{
    if (text.size() > file_bytes_max) {
        findings.syntax(1, "the file is larger than 1 MiB, accepted: at most 1 MiB");
        return false;
    }
    // toml++ decodes in blocks, so that the line it gives for a bad byte may be an earlier one.
    const bool utf16 = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
    const auto good = std::min(text.find('\0'), utf16 ? 0 : utf8_prefix(text));
    if (good >= text.size())
        return true;
    findings.syntax(
        1 + static_cast<int>(std::ranges::count(text.substr(0, good), '\n')),
        fmt::format("the file {}, accepted: UTF-8 text", utf16                ? "is UTF-16"
                                                         : text[good] == '\0' ? "holds a NUL byte"
                                                                              : "is not UTF-8"));
    return false;
}

/// One line without control characters: toml++ repeats characters of the file.
std::string printable(std::string_view text)
{
    std::string out;
    for (const char c : text)
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    return out;
}

}  // namespace

ParseOutcome parse_config(std::string_view text, const std::string& file_name,
                          const Environment& environment, const ParseOptions& options)
{
    Findings findings{printable(file_name)};
    if (!is_text(text, findings))
        return {.config = {}, .errors = findings.take_errors()};
    try {
        const toml::table document = toml::parse(text, file_name);
        const Context context{.findings = findings,
                              .environment = environment,
                              .options = options,
                              .file_directory = Path{file_name}.parent_path()};
        Config config = read_document(&document, context);
        if (!findings.clean())
            return {.config = {}, .errors = findings.take_errors()};
        config.file = printable(file_name);
        config.lines = findings.take_lines();
        return {.config = std::move(config), .errors = {}};
    } catch (const toml::parse_error& error) {
        findings.syntax(static_cast<int>(error.source().begin.line),
                        fmt::format("{}, accepted: TOML 1.0", printable(error.description())));
        return {.config = {}, .errors = findings.take_errors()};
    }
}

ParseOutcome load_config(const Path& path, const Environment& environment,
                         const ParseOptions& options)
{
    const std::string name = path.string();
    const auto fail = [&](std::string_view what) {
        Findings findings{printable(name)};
        findings.syntax(1, fmt::format("{}, accepted: a readable TOML file", what));
        return ParseOutcome{.config = {}, .errors = findings.take_errors()};
    };
    std::error_code failure;
    const auto status = std::filesystem::status(path, failure);
    if (!std::filesystem::exists(status))
        return fail(failure && failure != std::errc::no_such_file_or_directory
                        ? failure.message()
                        : "there is no such file");
    if (!std::filesystem::is_regular_file(status))
        return fail("it is no regular file");
    std::ifstream in{path, std::ios::binary};
    if (!in)
        return fail("the file cannot be opened for reading");
    // One byte more than allowed, so that parse_config sees that the file is too large.
    std::string text(file_bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad())
        return fail("the file cannot be read");
    text.resize(static_cast<std::size_t>(in.gcount()));
    return parse_config(text, name, environment, options);
}

std::vector<std::string> known_keys()
{
    Findings findings{""};
    const Environment environment;
    const ParseOptions options;
    const Context context{
        .findings = findings, .environment = environment, .options = options, .file_directory = {}};
    read_document(nullptr, context);
    read_resource(Section{findings, nullptr, "sync.resource.*"});
    findings.know("jobs.secrets", "*");
    return findings.known();
}

}  // namespace cloudpcd::config
