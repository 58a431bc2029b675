#pragma once

#include "runtime/local_table.hpp"

#include <algorithm>

namespace bennu::runtime {

// -- what a container built on a local_table needs: keys, pieces, the end -----

namespace detail {

/// Stands, in a comparison with a key, for the place where a range begins or
/// ends.
template <class Range>
struct range_begin {
  const Range& range;
  template <class Key>
  friend bool operator<(const Key& key, const range_begin& x) {
    return x.range.before(key);
  }
};

template <class Range>
struct range_end {
  const Range& range;
  template <class Key>
  friend bool operator<(const Key& key, const range_end& x) {
    return !x.range.past(key);
  }
};

} // namespace detail

template <class Row, class Key, class Hash>
bool local_table<Row, Key, Hash>::would_add(const Key& key,
                                            const Row& row) const {
  const auto index = index_of(key);
  if (index == none || keys_[index].count == 0)
    return true;
  return options_.kind == table_kind::duplicate_bag
         || (options_.kind == table_kind::bag && !find_equal(index, row));
}

template <class Row, class Key, class Hash>
template <class K>
object_ref local_table<Row, Key, Hash>::first_of(const K& key) const {
  const auto index = index_of(key);
  if (index == none || keys_[index].head == none)
    return {};
  return ref_to(keys_[index].head);
}

template <class Row, class Key, class Hash>
template <class K>
std::size_t local_table<Row, Key, Hash>::erase_equal(const K& key,
                                                     const Row& row) {
  const auto index = index_of(key);
  std::size_t erased = 0;
  if constexpr (std::equality_comparable<Row>)
    for (auto i = index == none ? none : keys_[index].head; i != none;) {
      const auto here = std::exchange(i, at(i).next);
      if (at(here).row == row && erase(ref_to(here)))
        ++erased;
    }
  return erased;
}

// -- keys ---------------------------------------------------------------------

template <class Row, class Key, class Hash>
std::uint32_t local_table<Row, Key, Hash>::live_key(std::uint32_t from) const {
  while (from < keys_.size()
         && (keys_[from].key == nullptr || keys_[from].count == 0))
    ++from;
  return from < keys_.size() ? from : none;
}

template <class Row, class Key, class Hash>
const Key* local_table<Row, Key, Hash>::first_key() const {
  if (!is_ordered()) {
    const auto i = live_key(first_hint_.load(std::memory_order_relaxed));
    if (i == none)
      return nullptr;
    if (holds_ == 0)
      first_hint_.store(i, std::memory_order_relaxed);
    return keys_[i].key;
  }
  for (const auto& [key, index] : sorted_)
    if (keys_[index].count > 0)
      return &key;
  return nullptr;
}

template <class Row, class Key, class Hash>
const Key* local_table<Row, Key, Hash>::last_key() const {
  if (!is_ordered())
    return first_key();
  for (auto i = sorted_.rbegin(); i != sorted_.rend(); ++i)
    if (keys_[i->second].count > 0)
      return &i->first;
  return nullptr;
}

template <class Row, class Key, class Hash>
const Key* local_table<Row, Key, Hash>::next_key(const Key& key) const {
  if (!is_ordered()) {
    const auto index = index_of(key);
    if (index == none)
      detail::no_such_key(options_.name);
    const auto i = live_key(index + 1);
    return i == none ? nullptr : keys_[i].key;
  }
  for (auto i = sorted_.upper_bound(key); i != sorted_.end(); ++i)
    if (keys_[i->second].count > 0)
      return &i->first;
  return nullptr;
}

template <class Row, class Key, class Hash>
const Key* local_table<Row, Key, Hash>::previous_key(const Key& key) const {
  if (!is_ordered())
    return next_key(key);
  for (auto i = sorted_.lower_bound(key); i != sorted_.begin();)
    if (--i; keys_[i->second].count > 0)
      return &i->first;
  return nullptr;
}

template <class Row, class Key, class Hash>
void local_table<Row, Key, Hash>::release_keys() {
  if (--holds_ > 0)
    return;
  for (const auto index : std::exchange(buried_, {}))
    if (keys_[index].key != nullptr && keys_[index].count == 0)
      drop_key(index);
  dead_keys_ = 0;
}

// -- in pieces ----------------------------------------------------------------

template <class Row, class Key, class Hash>
template <class Range, class F>
std::size_t local_table<Row, Key, Hash>::visit(position& at, std::size_t max,
                                               const Range& range, F f) {
  if (!std::exchange(at.begun, true))
    at.end_birth = births_;
  if (!is_ordered())
    return visit_places(at, max, range, f);
  return at.backwards ? visit_backwards(at, max, range, f)
                      : visit_in_order(at, max, range, f);
}

template <class Row, class Key, class Hash>
template <class Range, class F>
std::size_t
local_table<Row, Key, Hash>::visit_places(position& where, std::size_t max,
                                          const Range& range, F& f) {
  // Free places count too: they also take time under a lock.
  std::size_t seen = 0;
  while (where.place < used_ && seen < max) {
    ++seen;
    const auto i = where.place++;
    auto& x = at(i);
    if (x.key == none || x.birth() >= where.end_birth)
      continue;
    const auto& key = *keys_[x.key].key;
    if (range.before(key) || range.past(key))
      continue;
    if (!f(key, x.row, ref_to(i)))
      break;
  }
  where.done = where.place >= used_;
  return seen;
}

template <class Row, class Key, class Hash>
template <class Range, class F>
std::size_t
local_table<Row, Key, Hash>::visit_in_order(position& where, std::size_t max,
                                            const Range& range, F& f) {
  auto i = where.last ? sorted_.upper_bound(*where.last)
                      : sorted_.lower_bound(detail::range_begin<Range>{range});
  std::size_t seen = 0;
  bool more = true;
  auto here = sorted_.end();
  while (more && i != sorted_.end() && seen < max && !range.past(i->first)) {
    here = i++;
    ++seen;
    const auto head = keys_[here->second].head;
    if (head == none || at(head).birth() >= where.end_birth)
      continue;
    // `f` may erase the object and with it the key.
    where.last = here->first;
    more = f(here->first, at(head).row, ref_to(head));
    here = sorted_.end();
  }
  if (here != sorted_.end())
    where.last = here->first;
  where.done = i == sorted_.end() || range.past(i->first);
  return seen;
}

template <class Row, class Key, class Hash>
template <class Range, class F>
std::size_t
local_table<Row, Key, Hash>::visit_backwards(position& where, std::size_t max,
                                             const Range& range, F& f) {
  auto i = where.last ? sorted_.lower_bound(*where.last)
                      : sorted_.lower_bound(detail::range_end<Range>{range});
  const auto at_end = [&] {
    return i == sorted_.begin() || range.before(std::prev(i)->first);
  };
  std::size_t seen = 0;
  bool more = true;
  while (more && seen < max && !at_end()) {
    const auto here = std::prev(i);
    ++seen;
    where.last = here->first;
    const auto head = keys_[here->second].head;
    if (head != none && at(head).birth() < where.end_birth)
      more = f(here->first, at(head).row, ref_to(head));
    // Perhaps `f` has erased it.
    i = sorted_.lower_bound(*where.last);
  }
  where.done = at_end();
  return seen;
}

template <class Row, class Key, class Hash>
template <class K, class F>
std::size_t local_table<Row, Key, Hash>::visit_key(position& where,
                                                   std::size_t max,
                                                   const K& key, F f) {
  const auto index = index_of(key);
  const bool first = !std::exchange(where.begun, true);
  if (first)
    where.end_birth = births_;
  auto i = index == none ? none : keys_[index].head;
  // Goes on behind the last one met; if that has gone, past all its elders.
  if (!first && where.place < used_ && at(where.place).key == index
      && at(where.place).birth() == where.last_birth)
    i = at(where.place).next;
  else if (!first)
    while (i != none && at(i).birth() <= where.last_birth)
      i = at(i).next;
  std::size_t seen = 0;
  bool more = true;
  while (more && i != none && seen < max && at(i).birth() < where.end_birth) {
    const auto here = std::exchange(i, at(i).next);
    ++seen;
    where.place = here;
    where.last_birth = at(here).birth();
    more = f(*keys_[index].key, at(here).row, ref_to(here));
  }
  where.done = i == none || at(i).birth() >= where.end_birth;
  return seen;
}

template <class Row, class Key, class Hash>
bool local_table<Row, Key, Hash>::dismantle(std::size_t max) {
  for (std::size_t freed = 0; freed < max;) {
    if (!chunks_.empty()) {
      chunks_.pop_back();
      freed += chunk_size;
    } else if (!hashed_.empty()) {
      hashed_.erase(hashed_.begin());
      ++freed;
    } else if (!sorted_.empty()) {
      sorted_.erase(sorted_.begin());
      ++freed;
    } else {
      return false;
    }
  }
  return true;
}

} // namespace bennu::runtime
