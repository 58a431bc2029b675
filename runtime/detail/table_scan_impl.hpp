#pragma once

#include "runtime/detail/table_store_impl.hpp"

namespace bennu::runtime::detail {

// -- long operations: a piece under one lock, then the next -------------------

template <class Range>
inline constexpr bool is_one_key = false;
template <class Key>
inline constexpr bool is_one_key<one_key<Key>> = true;

template <class Row, class Key, class Hash>
template <class Range, class F>
std::size_t table_store<Row, Key, Hash>::visit(rows_type& rows,
                                               table_position<Key>& at,
                                               std::size_t max,
                                               const Range& range, F f) const {
  const predicate_scope scope;
  if constexpr (is_one_key<Range>)
    return rows.visit_key(at, max, Key(range.key), f);
  else
    return rows.visit(at, max, range, f);
}

template <class Row, class Key, class Hash>
template <class Range, class F>
void table_store<Row, Key, Hash>::scan(position& at, const Range& range,
                                       F f) const {
  if constexpr (is_one_key<Range>)
    if (at.part == 0)
      at.part = index_of(Key(range.key));
  bool more = true;
  while (more && !at.done) {
    auto& x = *parts_[at.part];
    {
      const auto guard = reading(x);
      visit(x.rows, at.in_part, chunk_max, range,
            [&](const Key& key, const Row& row, const object_ref&) {
              return more = f(key, row);
            });
    }
    if (!at.in_part.done)
      continue;
    at.in_part = {.backwards = at.in_part.backwards};
    at.done = is_one_key<Range> || ++at.part == parts_.size();
  }
}

template <class Row, class Key, class Hash>
template <class Range, class F>
void table_store<Row, Key, Hash>::scan_to_write(const Range& range, F f) {
  std::size_t first = 0;
  auto last = parts_.size();
  if constexpr (is_one_key<Range>) {
    first = index_of(Key(range.key));
    last = first + 1;
  }
  for (auto i = first; i < last; ++i) {
    auto& rows = parts_[i]->rows;
    table_position<Key> at;
    while (!at.done) {
      const writer guard{*this, std::uint64_t{1} << i};
      visit(rows, at, chunk_max, range,
            [&](const Key& key, Row& row, const object_ref& ref) {
              if (f(key, row) == verdict::erase)
                rows.erase(ref);
              return true;
            });
    }
  }
}

template <class Row, class Key, class Hash>
template <class Range>
auto table_store<Row, Key, Hash>::copy(position& at, std::size_t max,
                                       const Range& range) const -> objects {
  objects some;
  if (max > 0)
    scan(at, range, [&](const Key& key, const Row& row) {
      some.push_back({key, row});
      return some.size() < max;
    });
  return some;
}

template <class Row, class Key, class Hash>
table_rows table_store<Row, Key, Hash>::rows(std::size_t max,
                                             const std::any& after) const {
  position at;
  if (const auto* earlier = std::any_cast<position>(&after))
    at = *earlier;
  table_rows page;
  if (at.done)
    return page;
  for (const auto& x : copy(at, max, all_keys{}))
    page.lines.push_back({shown(x.key), shown(x.row)});
  if (!at.done)
    page.more = at;
  return page;
}

} // namespace bennu::runtime::detail
