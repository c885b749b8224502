#include "sync/jobs/jobs_database.hpp"

#include "schema/migrations.hpp"
#include "sync/core/log.hpp"
#include "sync/store/migrations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace cloudpcd::jobs {

namespace {

namespace fs = std::filesystem;

/// A file while it is open for its attributes only. O_PATH: closing it drops no lock of SQLite's,
/// and a link put in its place is not followed.
class Place {
public:
    explicit Place(const fs::path& path)
        : x_file{::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)}
    {
        if (x_file >= 0 && ::fstat(x_file, &x_status) != 0)
            x_status = {};
    }
    ~Place()
    {
        if (x_file >= 0)
            ::close(x_file);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    bool is(mode_t type) const noexcept
    {
        return x_file >= 0 && (x_status.st_mode & S_IFMT) == type;
    }
    mode_t mode() const noexcept { return x_status.st_mode & 07777U; }
    bool is_ours() const noexcept { return ::geteuid() == 0 || x_status.st_uid == ::geteuid(); }

    /// Group first: changing it takes the setgid bit away.
    void set(std::optional<gid_t> group, mode_t mode, const fs::path& path)
    {
        if (group && x_status.st_gid != *group &&
            ::fchownat(x_file, "", static_cast<uid_t>(-1), *group, AT_EMPTY_PATH) != 0)
            complain(path, fmt::format("its group cannot be set to {}", queue_group));
        ::fstat(x_file, &x_status);
        if (this->mode() == mode || change_mode(mode))
            return;
        // RestrictSUIDSGID= of the unit refuses the setgid bit. What others lose, they lose all the
        // same; without the bit nobody else could have made use of the group anyway.
        constexpr mode_t writable_by_others = S_IWGRP | S_IWOTH;
        if ((mode & writable_by_others) == 0 && change_mode(mode & ~mode_t{S_ISGID}))
            return;
        complain(path, fmt::format("its mode cannot be set to {:04o}", mode));
    }

private:
    bool change_mode(mode_t mode) const
    {
        return ::chmod(fmt::format("/proc/self/fd/{}", x_file).c_str(), mode) == 0;
    }

    static void complain(const fs::path& path, const std::string& what)
    {
        log::warning("who may write the queue cannot be arranged",
                     {{"path", path.string()},
                      {"what", what},
                      {"error", std::generic_category().message(errno)}});
    }

    int x_file = -1;
    struct stat x_status{};
};

/// The group of those who insert, where the system has it and we may give files to it.
std::optional<gid_t> group_of_the_queue()
{
    std::array<char, 16384> buffer{};
    struct group entry{};
    struct group* found = nullptr;
    if (::getgrnam_r(queue_group, &entry, buffer.data(), buffer.size(), &found) != 0 ||
        found == nullptr)
        return std::nullopt;
    if (::geteuid() == 0 || ::getegid() == found->gr_gid)
        return found->gr_gid;
    std::vector<gid_t> ours(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
    const int count = ::getgroups(static_cast<int>(ours.size()), ours.data());
    ours.resize(static_cast<std::size_t>(std::max(0, count)));
    const bool member = std::ranges::count(ours, found->gr_gid) > 0;
    return member ? std::optional{found->gr_gid} : std::nullopt;
}

void arrange_directory(const fs::path& directory, bool sql_submit, std::optional<gid_t> group)
{
    // The mode is set below, whatever the umask. What cannot be made or entered, Database::open
    // complains of in its own words.
    const bool made = ::mkdir(directory.c_str(), 0755) == 0;
    std::error_code failed;
    const auto real = fs::canonical(directory, failed);
    if (failed)
        return;
    Place place{real};
    if (!place.is(S_IFDIR) || !place.is_ours())
        return;
    // A directory that has other uses (a queue put beside the mirror) keeps its mode.
    const bool of_the_queue = made || (place.mode() & S_ISGID) != 0 || fs::is_empty(real, failed);
    if (of_the_queue)
        place.set(group, sql_submit ? 02775 : 02755, directory);
}

void arrange_files(const fs::path& path, mode_t mode, std::optional<gid_t> group)
{
    for (const auto* suffix : {"", "-wal", "-shm"}) {
        auto name = path;
        name += suffix;
        Place place{name};
        if (place.is(S_IFREG) && place.is_ours())
            place.set(group, mode, name);
    }
}

void daemon_is_here(sqlite3_context* context, int, sqlite3_value**)
{
    sqlite3_result_int(context, 1);
}

/// The triggers of every table call it: a connection without it cannot even compile a change.
/// Innocuous, or a connection with trusted_schema = OFF, as ours, could not either.
void register_daemon(store::Database& database)
{
    const int code = sqlite3_create_function_v2(database.handle(), "cloudpcd_daemon", 0,
                                                SQLITE_UTF8 | SQLITE_INNOCUOUS, nullptr,
                                                daemon_is_here, nullptr, nullptr, nullptr);
    CLOUDPCD_ASSERT(code == SQLITE_OK);
}

std::optional<std::string> meta(store::Database& database, std::string_view key)
{
    auto table = database.prepared("SELECT 1 FROM sqlite_master WHERE name = 'meta'");
    if (!table.step())
        return std::nullopt;
    auto row = database.prepared("SELECT value FROM meta WHERE key = ?");
    row.bind(1, key);
    return row.step() ? std::optional{row.string(0)} : std::nullopt;
}

void add_meta(store::Database& database, std::string_view key, const std::string& value)
{
    auto row = database.prepared("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)");
    row.bind(1, key).bind(2, value).run();
}

std::vector<store::Migration> migrations()
{
    std::vector<store::Migration> all;
    for (const auto& file : schema::job_migration_files)
        all.push_back({.name = file.name, .text = file.text});
    return all;
}

}  // namespace

void arrange_queue_directory(const QueueOptions& options)
{
    const auto directory =
        options.path.has_parent_path() ? options.path.parent_path() : fs::path{"."};
    arrange_directory(directory, options.sql_submit, group_of_the_queue());
}

store::Database open_queue(const QueueOptions& options, const Clock& clock, Rng& rng)
{
    const auto group = group_of_the_queue();
    const mode_t mode = options.sql_submit ? 0664 : 0644;
    arrange_queue_directory(options);
    arrange_files(options.path, mode, group);

    auto database = store::Database::open({
        .path = options.path,
        .application_id = jobs_application_id,
        .page_size = 4096,  // small rows, and each commit writes whole pages through fsync
        .mode = mode,
        .secure_delete = true,  // an erased secret is overwritten
    });
    if (const auto tenant = meta(database, "tenant_id"); tenant && *tenant != options.tenant_id)
        throw store::StoreError{
            store::StoreError::Kind::other_tenant,
            fmt::format("{}: is the queue of tenant {}, the configuration names {}; give each "
                        "tenant a [jobs] path of its own",
                        options.path.string(), *tenant, options.tenant_id)};
    register_daemon(database);
    store::migrate(database, migrations(), clock);
    database.transaction([&] {
        add_meta(database, "tenant_id", options.tenant_id);
        add_meta(database, "database_id", rng.uuid());
    });
    // Made just now, they have our own group where the directory gives none.
    arrange_files(options.path, mode, group);
    return database;
}

std::string database_id(store::Database& database)
{
    const auto id = meta(database, "database_id");
    CLOUDPCD_ASSERT(id.has_value());
    return *id;
}

}  // namespace cloudpcd::jobs
