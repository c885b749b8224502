// Prints a generated reference; tools/regen writes them to docs/reference.

#include "schema/actions.hpp"
#include "schema/ddl.hpp"
#include "schema/views.hpp"

#include <cstdio>
#include <string>
#include <string_view>

int main(int argc, char** argv)
{
    using namespace cloudpcd::schema;
    const std::string_view which = argc == 2 ? argv[1] : "";
    std::string text;
    if (which == "actions")
        text = action_reference();
    else if (which == "tables")
        text = table_reference();
    else if (which == "views")
        text = view_reference();
    else {
        std::fputs("usage: schema-reference actions|tables|views\n", stderr);
        return 64;
    }
    return std::fputs(text.c_str(), stdout) < 0 ? 1 : 0;
}
