#pragma once
// The numbered SQL files of schema/migrations (mirror.db) and schema/jobs (jobs.db), compiled in.
// Tables of the catalog are not among them: they follow from the catalog (schema/ddl.hpp).

#include "schema/embedded_file.hpp"

#include <span>

namespace cloudpcd::schema {

/// In the order of their numbers.
extern const std::span<const EmbeddedFile> migration_files;
extern const std::span<const EmbeddedFile> job_migration_files;

}  // namespace cloudpcd::schema
