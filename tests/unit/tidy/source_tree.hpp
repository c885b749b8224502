#pragma once
// The C++ files of the checkout that the tests were built from.

#include <string>
#include <string_view>
#include <vector>

namespace cloudpcd::tidy {

struct SourceFile {
    std::string path;                ///< from the root, with forward slashes
    std::vector<std::string> lines;  ///< as written
    /// The same lines with comments, string and character literals blanked out.
    std::vector<std::string> code;

    bool is_header() const { return path.ends_with(".hpp"); }
    bool is_in(std::string_view folder) const;
};

/// All *.hpp and *.cpp of our folders, sorted by path. Read once.
const std::vector<SourceFile>& source_tree();

/// `text` without what the compiler does not see as code; line breaks stay.
std::string without_comments_and_literals(std::string_view text);

}  // namespace cloudpcd::tidy
