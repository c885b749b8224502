#include "daemon/command_line.hpp"

#include "daemon/exit_status.hpp"
#include "sync/core/version.hpp"
#include "sync/store/database.hpp"

#include <CLI/CLI.hpp>
#include <boost/version.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

#include <cstdio>

namespace cloudpcd::daemon {

std::string version_text()
{
    auto text =
        fmt::format("cloudpcd {} (commit {})\nSQLite {}\n{}\nBoost {}.{}.{}\n", version, commit,
                    sqlite3_libversion(), OpenSSL_version(OPENSSL_VERSION), BOOST_VERSION / 100000,
                    BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
    if (store::has_wal_reset_bug(sqlite3_libversion_number()))
        text +=
            "This SQLite has the WAL-reset bug (fixed in 3.51.3): let nothing but cloudpcd write "
            "or checkpoint its databases.\n";
    return text;
}

std::variant<CommandLine, int> parse_command_line(int argc, char** argv)
{
    CommandLine line;
    bool show_version = false;
    CLI::App app{"Keeps a SQLite mirror of a Windows 365 Cloud PC tenant"};
    app.add_option("--config", line.config, "Configuration file")->capture_default_str();
    auto* once =
        app.add_flag("--once", line.once, "Read every included collection in full, then exit");
    auto* check = app.add_flag("--check-config", line.check_config,
                               "Check the configuration and the credential files, then exit");
    app.add_flag("--version", show_version, "Show this version and those of its libraries");
    once->excludes(check);
    app.footer(
        "Exit status: 0 done, 1 a read was incomplete (--once), 64 usage, 70 a bug, 74 "
        "database,\n75 another instance runs, 77 credential refused (--once), 78 "
        "configuration.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked_for_help) {
        app.exit(asked_for_help);
        return exit_done;
    } catch (const CLI::ParseError& problem) {
        fmt::print(stderr, "cloudpcd: {}; see cloudpcd --help\n", problem.what());
        return exit_usage;
    }
    if (show_version) {
        fmt::print("{}", version_text());
        return exit_done;
    }
    return line;
}

}  // namespace cloudpcd::daemon
