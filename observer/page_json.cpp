#include "observer/page_json.hpp"

#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::observer {

namespace {

using channels::json;

json columns_json(const std::vector<runtime::sheet_column>& columns) {
  auto all = json::array();
  for (const auto& x : columns)
    all.push_back({{"name", x.name}, {"kind", to_string(x.kind)}});
  return all;
}

[[noreturn]] void wrong(const char* field, const char* type) {
  throw std::invalid_argument(
    fmt::format("field \"{}\" is not {}", field, type));
}

void take(std::string& to, const json& from, const char* field) {
  const auto at = from.find(field);
  if (at == from.end() || at->is_null())
    return;
  if (!at->is_string())
    wrong(field, "a text");
  to = at->get<std::string>();
}

void take(std::size_t& to, const json& from, const char* field) {
  const auto at = from.find(field);
  if (at == from.end() || at->is_null())
    return;
  if (!at->is_number_integer() || (!at->is_number_unsigned() && *at < 0))
    wrong(field, "a number of rows");
  to = at->get<std::size_t>();
}

void take(bool& to, const json& from, const char* field) {
  const auto at = from.find(field);
  if (at == from.end() || at->is_null())
    return;
  if (!at->is_boolean())
    wrong(field, "true or false");
  to = at->get<bool>();
}

} // namespace

std::string to_utf8(std::string x) {
  // The JSON library's own check, without its exception.
  const auto quoted =
    json(std::move(x)).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(quoted).get<std::string>();
}

json to_json(const runtime::cell& x) {
  if (const auto* count = std::get_if<std::int64_t>(&x))
    return *count;
  return to_utf8(to_string(x));
}

json to_json(const std::string& sheet, const runtime::sheet_page& x) {
  auto rows = json::array();
  for (const auto& row : x.rows) {
    auto cells = json::array();
    for (const auto& one : row)
      cells.push_back(to_json(one));
    rows.push_back(std::move(cells));
  }
  return {{"sheet", sheet},          {"columns", columns_json(x.columns)},
          {"rows", std::move(rows)}, {"seen", x.seen},
          {"more", x.more},          {"note", to_utf8(x.note)},
          {"missing", x.missing},    {"error", to_utf8(x.error)}};
}

json to_json(const runtime::probe::description& x) {
  return {{"name", x.name},
          {"columns", columns_json(x.columns)},
          {"sort", x.sort},
          {"about", x.about}};
}

json to_json(const runtime::sheet_query& x) {
  return {{"sheet", x.sheet},     {"about", x.about},   {"sort", x.sort},
          {"reverse", x.reverse}, {"filter", x.filter}, {"limit", x.limit},
          {"offset", x.offset},   {"after", x.after}};
}

runtime::sheet_query query_of(const json& x) {
  if (!x.is_object())
    throw std::invalid_argument("a question is an object");
  runtime::sheet_query q;
  take(q.sheet, x, "sheet");
  take(q.about, x, "about");
  take(q.sort, x, "sort");
  take(q.reverse, x, "reverse");
  take(q.filter, x, "filter");
  take(q.limit, x, "limit");
  take(q.offset, x, "offset");
  take(q.after, x, "after");
  return q;
}

} // namespace bennu::observer
