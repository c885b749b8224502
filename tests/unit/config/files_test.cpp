#include "tests/unit/config/sample.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <sys/stat.h>

using namespace cloudpcd::config;
using std::filesystem::perms;

namespace {

std::string accepted()
{
    return ", accepted: a regular file with the secret, 1 to 1000000 bytes, not readable by others "
           "(chmod o-r)";
}

Config config_in(const sample::TemporaryDirectory& directory, std::string_view more = "")
{
    const auto file = directory.write("c.toml", sample::with(more));
    const auto outcome = load_config(file, {}, sample::options());
    REQUIRE(outcome.errors.empty());
    return *outcome.config;
}

}  // namespace

TEST_CASE("config: each fault of a credential file is named at its key")
{
    const sample::TemporaryDirectory directory;
    const auto config = config_in(directory);
    const std::string file = (directory.path() / "secret").string();
    const std::string place = config.file + ":5: [auth] client_secret_file: " + file;
    const auto is_only = [&](std::string_view problem) {
        const auto messages = check_credential_files(config);
        REQUIRE(messages.size() == 1);
        CHECK(messages[0] == place + std::string{problem} + accepted());
    };
    is_only(" does not exist");
    directory.write("secret", "");
    is_only(" is empty");
    directory.write("secret", "\n");
    is_only(" is empty");
    directory.write("secret", std::string(secret_bytes_max + 1, 'x'));
    is_only(" is larger than 1 MB");
    directory.write("secret", "hunter2", perms{0604});
    is_only(" is readable by others");
    std::filesystem::remove(file);
    directory.write("target", "hunter2");
    std::filesystem::create_symlink(directory.path() / "target", file);
    is_only(" is a symbolic link");
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    is_only(" is not a regular file");
    std::filesystem::remove(file);
    REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
    is_only(" is not a regular file");
    std::filesystem::remove(file);
    directory.write("secret", "hunter2", perms{0640});
    CHECK(check_credential_files(config).empty());
}

TEST_CASE("config: secrets of jobs are checked too")
{
    const sample::TemporaryDirectory directory;
    directory.write("secret", "s");
    const auto config = config_in(directory, "[jobs.secrets]\njoin = \"join\"\n");
    const auto messages = check_credential_files(config);
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].starts_with(config.file + ":8: [jobs.secrets] join: "));
}

TEST_CASE("config: a federated token is the platform's file, readable and linked as it likes")
{
    const sample::TemporaryDirectory directory;
    directory.write("target", "token", perms{0644});
    std::filesystem::create_symlink(directory.path() / "target", directory.path() / "token");
    const auto file =
        directory.write("c.toml",
                        "[tenant]\nid = \"11111111-2222-3333-4444-555555555555\"\n"
                        "[auth]\nclient_id = \"app\"\nfederated_token_file = \"token\"\n");
    const auto outcome = load_config(file, {}, sample::options());
    REQUIRE(outcome.config);
    CHECK(check_credential_files(*outcome.config).empty());
}

TEST_CASE("config: one trailing newline is not part of a secret")
{
    const sample::TemporaryDirectory directory;
    const auto read = [&](std::string_view content) {
        return *read_secret_file(directory.write("s", content)).secret;
    };
    CHECK(read("hunter2") == "hunter2");
    CHECK(read("hunter2\n") == "hunter2");
    CHECK(read("hunter2\r\n") == "hunter2");
    CHECK(read("hunter2\n\n") == "hunter2\n");
    CHECK(read("hunter2\r") == "hunter2\r");
    CHECK(read(" a b ") == " a b ");
    const auto missing = read_secret_file(directory.path() / "none");
    CHECK_FALSE(missing.secret);
    CHECK(missing.error.ends_with("none: No such file or directory"));
    CHECK_FALSE(read_secret_file(directory.write("s", std::string(1'000'001, 'x'))).secret);
}

TEST_CASE("config: a file that cannot be read is named")
{
    const sample::TemporaryDirectory directory;
    const auto error_of = [&](const std::filesystem::path& path) {
        const auto outcome = load_config(path, {}, sample::options());
        REQUIRE(outcome.errors.size() == 1);
        return outcome.errors[0];
    };
    const auto missing = directory.path() / "none.toml";
    CHECK(error_of(missing) ==
          missing.string() + ":1: there is no such file, accepted: a readable TOML file");
    CHECK(error_of(directory.path()) ==
          directory.path().string() + ":1: it is no regular file, accepted: a readable TOML file");
    const auto large = directory.write("large.toml", std::string(file_bytes_max + 1, '#'));
    CHECK(error_of(large) ==
          large.string() + ":1: the file is larger than 1 MiB, accepted: at most 1 MiB");
}
