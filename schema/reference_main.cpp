// Prints the table reference; tools/regen writes it to docs/reference/tables.md.

#include "schema/ddl.hpp"

#include <cstdio>

int main()
{
    return std::fputs(cloudpcd::schema::table_reference().c_str(), stdout) < 0 ? 1 : 0;
}
