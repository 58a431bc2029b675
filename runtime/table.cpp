#include "runtime/table.hpp"

#include <stdexcept>

#include <fmt/core.h>

namespace bennu::runtime {

const char* to_string(table_kind kind) {
  switch (kind) {
  case table_kind::set:
    return "set";
  case table_kind::ordered_set:
    return "ordered_set";
  case table_kind::bag:
    return "bag";
  case table_kind::duplicate_bag:
    return "duplicate_bag";
  }
  return "";
}

void detail::table_is_full(const table_options& options) {
  throw std::length_error(fmt::format("table {} is full: objects_max is {}",
                                      options.name, options.objects_max));
}

void detail::bag_needs_equality(const table_options& options) {
  throw std::invalid_argument(
    fmt::format("table {}: rows of a bag need ==", options.name));
}

} // namespace bennu::runtime
