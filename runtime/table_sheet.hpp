#pragma once

#include "runtime/sheet.hpp"
#include "runtime/table_info.hpp"

#include <string>
#include <vector>

namespace bennu::runtime {

// How tables look in the sheets "tables" and "rows": for layers with tables of
// their own, such as those of a local_table, which the node does not know.

std::vector<sheet_column> table_columns();
std::vector<sheet_column> table_row_columns();

sheet_row table_cells(const table_info& x, std::string owner_name);

} // namespace bennu::runtime
