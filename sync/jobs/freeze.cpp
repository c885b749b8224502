#include "sync/jobs/freeze.hpp"

#include "sync/core/log.hpp"
#include "sync/jobs/durable_file.hpp"
#include "sync/store/database.hpp"

#include <cerrno>
#include <sys/stat.h>

namespace cloudpcd::jobs {

namespace {

constexpr std::size_t reason_bytes_max = 1024;

}  // namespace

Freeze::Freeze(const std::filesystem::path& database)
    : x_path{(database.has_parent_path() ? database.parent_path() : ".") / file_name}
{}

bool Freeze::is_on() const noexcept
{
    struct stat status{};
    return ::lstat(x_path.c_str(), &status) == 0 || errno != ENOENT;
}

std::string Freeze::reason() const
{
    try {
        const auto text = read_small_file(x_path, reason_bytes_max).value_or("");
        return log::escape(text.substr(0, text.find('\n')), reason_bytes_max);
    } catch (const store::StoreError&) {
        return {};  // made by hand, by whatever means; it counts all the same
    }
}

void Freeze::turn_on(std::string_view reason) const
{
    if (is_on())
        return;
    replace_file(x_path, log::escape(reason, reason_bytes_max - 1) + "\n", 0644);
}

void Freeze::turn_off() const
{
    remove_file(x_path);
}

}  // namespace cloudpcd::jobs
