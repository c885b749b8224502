#pragma once
// The numbered SQL files of schema/migrations, compiled in. Tables of the catalog are not among
// them: they follow from the catalog (schema/ddl.hpp).

#include <span>
#include <string_view>

namespace cloudpcd::schema {

struct EmbeddedFile {
    std::string_view name;  ///< "0001-engine.sql"
    std::string_view text;
};

/// In the order of their numbers.
extern const std::span<const EmbeddedFile> migration_files;

}  // namespace cloudpcd::schema
