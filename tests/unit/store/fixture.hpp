#pragma once
// Database files in a directory of their own, and how tests look at them.

#include "sync/store/database.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::store::test {

using Rows = std::vector<std::string>;

/// Directory that goes away with its owner.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::filesystem::path& path() const noexcept { return x_path; }

private:
    std::filesystem::path x_path;
};

constexpr std::int32_t application_id = 0x43504344;

/// What the daemon would open `path` with.
OpenOptions options(const std::filesystem::path& path);

void write_file(const std::filesystem::path& path, std::string_view content);
std::string read_file(const std::filesystem::path& path);
/// `path` with something appended to its last component.
std::filesystem::path beside(const std::filesystem::path& path, std::string_view suffix);

/// A database in WAL mode of whatever application, with one table.
void make_foreign(const std::filesystem::path& path, std::int32_t id);

/// Rows of a query, columns joined by '|', NULL as "-".
Rows rows(Database& database, std::string_view sql);
/// The one value of a query.
std::string value(Database& database, std::string_view sql);

/// Rows that a reader with mode=ro gets, who opens the file anew.
Rows read_only_rows(const std::filesystem::path& path, const std::string& sql);

/// The kind of the StoreError that `body` throws; doctest fails when it throws none.
StoreError::Kind refusal(const std::function<void()>& body);

}  // namespace cloudpcd::store::test

namespace cloudpcd::store {
/// For doctest's messages.
doctest::String toString(StoreError::Kind kind);
}  // namespace cloudpcd::store
