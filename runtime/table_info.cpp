#include "runtime/table_info.hpp"

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

const char* to_string(table_access access) {
  switch (access) {
  case table_access::public_:
    return "public";
  case table_access::protected_:
    return "protected";
  case table_access::private_:
    return "private";
  }
  return "";
}

void detail::table_is_full(const std::string& name, std::size_t max) {
  throw std::length_error(
    fmt::format("table {} is full: objects_max is {}", name, max));
}

void detail::bag_needs_equality(const std::string& name) {
  throw std::invalid_argument(
    fmt::format("table {}: rows of a bag need ==", name));
}

void detail::no_such_key(const std::string& name) {
  throw std::out_of_range(fmt::format("table {} has no such key", name));
}

void detail::counter_overflows(const std::string& table) {
  throw std::overflow_error(
    fmt::format("table {}: a counter would overflow", table));
}

std::string detail::quoted_text(std::string_view x) {
  return fmt::format("\"{}\"", x);
}

} // namespace bennu::runtime
