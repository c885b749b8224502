// What the daemon opens and what it leaves alone. Whoever points it at the wrong file must find
// that file as it was.

#include "sync/store/database.hpp"
#include "tests/unit/store/fixture.hpp"

#include <SQLiteCpp/Exception.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sys/stat.h>
#include <unistd.h>

using namespace cloudpcd::store;
using namespace cloudpcd::store::test;
using Kind = StoreError::Kind;
namespace fs = std::filesystem;

namespace {

/// Opening `path` is refused with `kind`, and neither it nor its directory is any different after.
void check_refused_untouched(const fs::path& path, Kind kind)
{
    CAPTURE(path);
    const auto names = [&] {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator{path.parent_path()})
            found.push_back(entry.path());
        std::ranges::sort(found);
        return found;
    };
    const auto before = names();
    const bool readable = fs::is_regular_file(path);
    const auto content = readable ? read_file(path) : "";
    CHECK(refusal([&] { Database::open(options(path)); }) == kind);
    CHECK(names() == before);
    CHECK((readable ? read_file(path) : "") == content);
}

mode_t mode_of(const fs::path& path)
{
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

/// Sets the umask while it lives.
class Umask {
public:
    explicit Umask(mode_t mask) : x_before{::umask(mask)} {}
    ~Umask() { ::umask(x_before); }
    Umask(const Umask&) = delete;
    Umask& operator=(const Umask&) = delete;

private:
    mode_t x_before;
};

/// Open files of this process that lie in `directory`.
std::size_t open_files_in(const fs::path& directory)
{
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator{"/proc/self/fd"}) {
        std::error_code gone;  // the iterator's own
        const auto target = fs::read_symlink(entry.path(), gone);
        count += target.string().starts_with(directory.string() + "/") ? 1 : 0;
    }
    return count;
}

}  // namespace

TEST_CASE("store: a directory is no database")
{
    TemporaryDirectory directory;
    fs::create_directory(directory.path() / "mirror.db");
    check_refused_untouched(directory.path() / "mirror.db", Kind::unusable);
}

TEST_CASE("store: the directory of the database must exist")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "none" / "mirror.db";
    CHECK(refusal([&] { Database::open(options(path)); }) == Kind::unusable);
    CHECK_FALSE(fs::exists(directory.path() / "none"));
}

TEST_CASE("store: a symbolic link is refused, whether or not it leads anywhere")
{
    TemporaryDirectory directory;
    const auto real = directory.path() / "real.db";
    const auto link = directory.path() / "mirror.db";
    fs::create_symlink(real, link);
    check_refused_untouched(link, Kind::unusable);
    CHECK_FALSE(fs::exists(real));
    Database::open(options(real));
    check_refused_untouched(link, Kind::unusable);
}

TEST_CASE("store: the directory may be reached through a symbolic link")
{
    TemporaryDirectory directory;
    fs::create_directory(directory.path() / "disk2");
    fs::create_symlink(directory.path() / "disk2", directory.path() / "state");
    auto database = Database::open(options(directory.path() / "state" / "mirror.db"));
    database.execute("CREATE TABLE t (x)");
    CHECK(fs::exists(directory.path() / "disk2" / "mirror.db"));
}

TEST_CASE("store: a file with a second hard link is refused")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    Database::open(options(path));
    fs::create_hard_link(path, directory.path() / "other.db");
    check_refused_untouched(path, Kind::unusable);
    fs::remove(directory.path() / "other.db");
    CHECK_NOTHROW(Database::open(options(path)));
}

TEST_CASE("store: a file that is not SQLite's is refused and stays as it was")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    const std::string almost = std::string{"SQLite format 3"} + std::string(200, 'x');
    const std::string cut_off = std::string{"SQLite format 3\0", 16} + "short";
    for (const auto& content : {std::string{"x"}, std::string(5000, 'x'), almost, cut_off}) {
        write_file(path, content);
        check_refused_untouched(path, Kind::unusable);
    }
}

TEST_CASE("store: an empty file is refused, for it may be what is left of a database")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    write_file(path, "");
    check_refused_untouched(path, Kind::unusable);
}

TEST_CASE("store: what a creation that was killed left behind is no obstacle")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    write_file(beside(path, ".new"), "half a database");
    write_file(beside(path, ".new-journal"), "and its journal");
    auto database = Database::open(options(path));
    CHECK(value(database, "PRAGMA integrity_check") == "ok");
    CHECK_FALSE(fs::exists(beside(path, ".new")));
    CHECK_FALSE(fs::exists(beside(path, ".new-journal")));
}

TEST_CASE("store: a file that has just appeared is in WAL mode, with all that a reader needs")
{
    const TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    // Of an earlier database that somebody removed without its log.
    write_file(beside(path, "-wal"), "a log of something else");
    create_database(path, options(path));
    constexpr std::size_t write_version = 18;  // file format, section 1.3: 2 is WAL
    CHECK(read_file(path).at(write_version) == 2);
    for (const auto* suffix : {"-wal", "-shm"})
        CHECK(fs::exists(beside(path, suffix)));
    for (const auto& entry : fs::directory_iterator{directory.path()})
        CHECK_MESSAGE(entry.path().string().find(".new") == std::string::npos, entry.path());
    SQLite::Database reader{"file:" + path.string() + "?mode=ro",
                            SQLite::OPEN_READONLY | SQLite::OPEN_URI};
    CHECK(reader.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0);
    CHECK(reader.execAndGet("PRAGMA integrity_check").getString() == "ok");
}

TEST_CASE("store: another application's database is refused and stays as it was")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    for (const std::int32_t id : {0, 1, application_id + 1, -application_id}) {
        fs::remove(path);
        make_foreign(path, id);
        check_refused_untouched(path, Kind::foreign);
    }
}

TEST_CASE("store: each refusal names the file and says what is wrong with it")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    const auto check_says = [&](const char* what) {
        CAPTURE(what);
        std::string message;
        try {
            Database::open(options(path));
        } catch (const StoreError& error) {
            message = error.what();
        }
        CHECK(message.starts_with(path.string() + ": "));
        CHECK(message.find(what) != std::string::npos);
        fs::remove_all(path);
    };
    fs::create_directory(path);
    check_says("not a regular file");
    fs::create_symlink("elsewhere", path);
    check_says("symbolic link");
    write_file(path, "");
    check_says("empty");
    write_file(path, std::string(500, 'x'));
    check_says("not an SQLite database");
    make_foreign(path, 5);
    check_says("another application (application_id 5)");
    Database::open(options(path));
    fs::create_hard_link(path, directory.path() / "other.db");
    check_says("hard link");
}

TEST_CASE("store: the application id is negative as readily as positive")
{
    TemporaryDirectory directory;
    auto open = options(directory.path() / "mirror.db");
    open.application_id = -2;
    Database::open(open);
    auto database = Database::open(open);
    CHECK(value(database, "PRAGMA application_id") == "-2");
}

TEST_CASE("store: what may not be read and written is refused")
{
    if (::geteuid() == 0) {
        MESSAGE("skipped: root may write anywhere");
        return;
    }
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    Database::open(options(path));
    ::chmod(path.c_str(), 0440);
    check_refused_untouched(path, Kind::unusable);
    ::chmod(path.c_str(), 0640);
    ::chmod(directory.path().c_str(), 0500);
    check_refused_untouched(path, Kind::unusable);
    check_refused_untouched(directory.path() / "none.db", Kind::unusable);
    ::chmod(directory.path().c_str(), 0700);
}

TEST_CASE("store: a new database is 0640 whatever the umask, and so are -wal and -shm")
{
    for (const mode_t mask : {0000U, 0022U, 0077U, 0777U}) {
        CAPTURE(mask);
        TemporaryDirectory directory;
        const auto path = directory.path() / "mirror.db";
        const Umask umask{mask};
        auto database = Database::open(options(path));
        database.execute("CREATE TABLE t (x)");
        for (const auto* suffix : {"", "-wal", "-shm"})
            CHECK(mode_of(beside(path, suffix)) == 0640U);
    }
}

TEST_CASE("store: the mode that an administrator gave the file stays")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    Database::open(options(path));
    ::chmod(path.c_str(), 0660);
    Database::open(options(path));
    CHECK(mode_of(path) == 0660U);
}

TEST_CASE("store: a new database has the page size, the application id and the WAL asked for")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    auto open = options(path);
    {
        auto database = Database::open(open);
        CHECK(value(database, "PRAGMA page_size") == "16384");
        CHECK(value(database, "PRAGMA auto_vacuum") == "0");
        CHECK(value(database, "PRAGMA encoding") == "UTF-8");
        CHECK(database.path() == path);
    }
    open.page_size = 4096;  // counts at birth only
    auto database = Database::open(open);
    CHECK(value(database, "PRAGMA page_size") == "16384");
    CHECK(value(database, "PRAGMA application_id") == std::to_string(application_id));
    CHECK(value(database, "PRAGMA journal_mode") == "wal");
    open.path = directory.path() / "small.db";
    auto small = Database::open(open);
    CHECK(value(small, "PRAGMA page_size") == "4096");
}

TEST_CASE("store: every connection has the settings that the promises rest on")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    Database::open(options(path));
    auto database = Database::open(options(path));  // not the one that made the file
    for (const auto& [name, expected] :
         std::initializer_list<std::array<std::string_view, 2>>{{"synchronous", "2"},
                                                                {"foreign_keys", "1"},
                                                                {"recursive_triggers", "0"},
                                                                {"cell_size_check", "1"},
                                                                {"mmap_size", "0"},
                                                                {"wal_autocheckpoint", "0"},
                                                                {"temp_store", "1"},
                                                                {"secure_delete", "0"},
                                                                {"trusted_schema", "0"},
                                                                {"cache_size", "-4096"}}) {
        CAPTURE(name);
        CHECK(value(database, fmt::format("PRAGMA {}", name)) == expected);
    }
    // DEFENSIVE, no extensions, and a string in double quotes is not silently text.
    CHECK_THROWS_AS(database.execute("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema"),
                    SQLite::Exception);
    CHECK_THROWS_AS(rows(database, "SELECT load_extension('x')"), SQLite::Exception);
    CHECK_THROWS_AS(rows(database, "SELECT \"no such column\""), SQLite::Exception);
}

TEST_CASE("store: a database of ours in another journal mode is brought to WAL")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    make_foreign(path, application_id);
    {
        SQLite::Database other{path.string(), SQLite::OPEN_READWRITE};
        other.exec("PRAGMA journal_mode = DELETE");
    }
    auto database = Database::open(options(path));
    CHECK(value(database, "PRAGMA journal_mode") == "wal");
    CHECK(value(database, "SELECT x FROM theirs") == "1");
}

TEST_CASE("store: a corrupt database is unusable and stays as it was")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    make_foreign(path, application_id);
    auto content = read_file(path);
    content[16] = 3;  // page size 768 plus: no power of two
    content[17] = 1;
    write_file(path, content);
    CHECK(refusal([&] { Database::open(options(path)); }) == Kind::unusable);
    CHECK(read_file(path) == content);
}

TEST_CASE("store: -wal and -shm outlive the daemon, and a reader with mode=ro reads on")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    {
        auto database = Database::open(options(path));
        database.execute("CREATE TABLE t (x); INSERT INTO t VALUES (7)");
        CHECK(read_only_rows(path, "SELECT x FROM t") == Rows{"7"});
    }
    CHECK(fs::exists(beside(path, "-wal")));
    CHECK(fs::exists(beside(path, "-shm")));
    CHECK(read_only_rows(path, "SELECT x FROM t") == Rows{"7"});
    CHECK(fs::exists(beside(path, "-wal")));
}

TEST_CASE("store: a database that gives way to another is closed")
{
    TemporaryDirectory first;
    TemporaryDirectory second;
    auto database = Database::open(options(first.path() / "mirror.db"));
    database.execute("CREATE TABLE t (x)");
    CHECK(value(database, "SELECT count(*) FROM t") == "0");
    CHECK(open_files_in(first.path()) > 0);
    database = Database::open(options(second.path() / "mirror.db"));
    CHECK(open_files_in(first.path()) == 0);
    database.execute("CREATE TABLE u (x)");
    CHECK(value(database, "SELECT count(*) FROM u") == "0");
}

TEST_CASE("store: a database that was moved works on, its statements too")
{
    TemporaryDirectory directory;
    auto first = Database::open(options(directory.path() / "mirror.db"));
    first.execute("CREATE TABLE t (x)");
    CHECK(value(first, "SELECT count(*) FROM t") == "0");
    auto second = std::move(first);
    second.execute("INSERT INTO t VALUES (1)");
    CHECK(value(second, "SELECT count(*) FROM t") == "1");
}

TEST_CASE("store: local file systems are local")
{
    CHECK_FALSE(on_network_filesystem("/proc"));
    CHECK_FALSE(on_network_filesystem("/none/such"));
}

TEST_CASE("store: the WAL-reset bug is in every SQLite before 3.51.3")
{
    CHECK(has_wal_reset_bug(3'040'001));  // Debian 12
    CHECK(has_wal_reset_bug(3'051'002));
    CHECK_FALSE(has_wal_reset_bug(3'051'003));
    CHECK_FALSE(has_wal_reset_bug(3'052'000));
    CHECK_FALSE(has_wal_reset_bug(4'000'000));
}

TEST_CASE("open: a second connection reads what the first has committed, and changes nothing")
{
    TemporaryDirectory directory;
    const auto path = directory.path() / "mirror.db";
    auto writer = Database::open(options(path));
    writer.execute("CREATE TABLE t (x)");
    auto reader = Database::open_reader(path);
    writer.execute("INSERT INTO t VALUES (1)");
    CHECK(value(reader, "SELECT x FROM t") == "1");
    CHECK_THROWS_AS(reader.execute("INSERT INTO t VALUES (2)"), SQLite::Exception);
    CHECK(refusal([&] { Database::open_reader(directory.path() / "none.db"); }) == Kind::unusable);
}
