#include "tests/unit/ctl/mirror_file.hpp"

#include "daemon/ctl/program.hpp"
#include "schema/ddl.hpp"
#include "schema/migrations.hpp"
#include "schema/views.hpp"

#include <SQLiteCpp/Database.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

namespace cloudpcd::ctl::test {

namespace {

void execute_in(const std::filesystem::path& path, const std::string& sql)
{
    SQLite::Database database{path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    database.exec(sql);
}

}  // namespace

TemporaryDirectory::TemporaryDirectory()
{
    auto name = (std::filesystem::temp_directory_path() / "cloudpcd-ctl-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::system_error{errno, std::generic_category(), "mkdtemp"};
    x_path = name;
}

TemporaryDirectory::~TemporaryDirectory()
{
    std::error_code ignored;  // nothing to be done about it in a destructor
    std::filesystem::remove_all(x_path, ignored);
}

MirrorFile::MirrorFile(const std::string& name) : x_name{name}
{
    std::string sql = "PRAGMA journal_mode = WAL; BEGIN;";
    for (const auto& migration : schema::migration_files)
        sql += migration.text;
    for (const auto& collection : schema::catalog()) {
        for (const auto& statement : schema::create_statements(collection))
            sql += statement + ";";
    }
    for (const auto& view : schema::mirror_views())
        sql += view.sql + ";";
    sql += "INSERT INTO meta VALUES ('tenant_id', '11111111-2222-3333-4444-555555555555'); COMMIT;";
    execute(sql);
}

void MirrorFile::execute(const std::string& sql) const
{
    execute_in(path(), sql);
}

void MirrorFile::make_jobs() const
{
    execute_in(jobs_path(),
               "CREATE TABLE jobs (job_id INTEGER PRIMARY KEY, kind TEXT);"
               "INSERT INTO jobs (kind) VALUES ('cloud_pc.reboot')");
}

Ending MirrorFile::run(const std::vector<std::string>& arguments, const std::string& more,
                       const std::string& in) const
{
    const auto config = x_directory.path() / "cloudpcd.toml";
    std::ofstream{config} << fmt::format(
        "[database]\npath = '{}'\n[control]\nsocket = '{}'\n"
        "[jobs]\npath = '{}'\n{}",
        path().string(), (x_directory.path() / "control.sock").string(), jobs_path().string(),
        more);
    std::vector<std::string> all{"--config", config.string()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_program(all, in, x_pace);
}

Ending run_program(const std::vector<std::string>& arguments, const std::string& in, Pace pace)
{
    std::vector<const char*> argv{"cloudpcctl"};
    for (const auto& argument : arguments)
        argv.push_back(argument.c_str());
    TextOutput out;
    TextOutput errors;
    std::istringstream input{in};
    Console console{.out = out, .errors = errors, .in = input, .pace = std::move(pace)};
    const int status = ctl::run(static_cast<int>(argv.size()), argv.data(), console);
    return {.status = status, .out = out.text(), .errors = errors.text()};
}

}  // namespace cloudpcd::ctl::test
