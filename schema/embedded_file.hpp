#pragma once
// A text file of the source tree that is compiled in.

#include <string_view>

namespace cloudpcd::schema {

struct EmbeddedFile {
    std::string_view name;  ///< "0001-engine.sql"
    std::string_view text;
};

}  // namespace cloudpcd::schema
