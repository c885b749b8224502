// Prints a generated reference; tools/regen writes them to docs/reference.

#include "schema/ddl.hpp"
#include "schema/views.hpp"

#include <cstdio>
#include <string_view>

int main(int argc, char** argv)
{
    const std::string_view which = argc == 2 ? argv[1] : "";
    if (which != "tables" && which != "views") {
        std::fputs("usage: schema-reference tables|views\n", stderr);
        return 64;
    }
    const auto text = which == "tables" ? cloudpcd::schema::table_reference()
                                        : cloudpcd::schema::view_reference();
    return std::fputs(text.c_str(), stdout) < 0 ? 1 : 0;
}
