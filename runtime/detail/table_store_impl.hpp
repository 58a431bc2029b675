#pragma once

#include "runtime/detail/table_store.hpp"

namespace bennu::runtime::detail {

/// Says, as long as it lives, that a predicate runs on this thread.
class predicate_scope {
public:
  predicate_scope() : outer_(std::exchange(in_table_predicate, true)) {}
  predicate_scope(const predicate_scope&) = delete;
  predicate_scope& operator=(const predicate_scope&) = delete;
  ~predicate_scope() { in_table_predicate = outer_; }

private:
  bool outer_;
};

/// Some parts under exclusive locks, and the table's size kept right.

template <class Row, class Key, class Hash>
class table_store<Row, Key, Hash>::writer {
public:
  /// Takes the parts in the order of their numbers, as everybody does.
  writer(table_store& owner, std::uint64_t parts)
    : owner_(owner), taken_(parts & owner.all_parts()) {
    for (std::size_t i = 0; i < owner_.parts_.size(); ++i)
      if (taken_ >> i & 1)
        owner_.parts_[i]->lock.lock();
    if (!owner_.open()) {
      unlock();
      owner_.check_open();
    }
    rows_before_ = rows_now();
  }
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;

  ~writer() {
    if (owner_.parts_.size() > 1)
      owner_.size_ += rows_now() - rows_before_ - claimed_;
    unlock();
  }

  /// Counts what is about to come in; false when there is no room.
  bool claim(std::size_t n) {
    const auto max = owner_.options_.objects_max;
    if (owner_.parts_.size() == 1)
      return rows_now() + n <= max;
    if (owner_.size_.fetch_add(n) + n <= max) {
      claimed_ += n;
      return true;
    }
    owner_.size_ -= n;
    return false;
  }

private:
  void unlock() {
    for (std::size_t i = 0; i < owner_.parts_.size(); ++i)
      if (taken_ >> i & 1)
        owner_.parts_[i]->lock.unlock();
    taken_ = 0;
  }
  std::size_t rows_now() const {
    std::size_t n = 0;
    for (std::size_t i = 0; i < owner_.parts_.size(); ++i)
      if (taken_ >> i & 1)
        n += owner_.parts_[i]->rows.size();
    return n;
  }

  table_store& owner_;
  std::uint64_t taken_; // a bit a part
  std::size_t rows_before_ = 0;
  std::size_t claimed_ = 0;
};

template <class Row, class Key, class Hash>
table_store<Row, Key, Hash>::table_store(table_options options,
                                         const pid& owner)
  : table_core(std::move(options), owner) {
  const bool several = options_.write_concurrency && !ordered();
  for (std::size_t i = 0; i < (several ? write_parts : 1); ++i)
    parts_.push_back(std::make_unique<part>(options_, options_.objects_max));
}

// -- single objects -----------------------------------------------------------

template <class Row, class Key, class Hash>
void table_store<Row, Key, Hash>::admit_one(writer& guard) {
  if (!guard.claim(1))
    table_is_full(name(), options_.objects_max);
}

template <class Row, class Key, class Hash>
void table_store<Row, Key, Hash>::insert(const Key& key, Row row) {
  writer guard{*this, bit_of(key)};
  parts_[index_of(key)]->rows.insert_if(key, std::move(row),
                                        [&] { admit_one(guard); });
}

template <class Row, class Key, class Hash>
bool table_store<Row, Key, Hash>::insert_new(const Key& key, Row row) {
  writer guard{*this, bit_of(key)};
  auto& rows = parts_[index_of(key)]->rows;
  if (rows.member(key))
    return false;
  rows.insert_if(key, std::move(row), [&] { admit_one(guard); });
  return true;
}

template <class Row, class Key, class Hash>
std::vector<Row> table_store<Row, Key, Hash>::lookup(const Key& key) const {
  const auto& x = part_of(key);
  const auto guard = reading(x);
  return x.rows.lookup(key);
}

template <class Row, class Key, class Hash>
std::size_t table_store<Row, Key, Hash>::count(const Key& key) const {
  const auto& x = part_of(key);
  const auto guard = reading(x);
  return x.rows.count(key);
}

template <class Row, class Key, class Hash>
std::size_t table_store<Row, Key, Hash>::erase(const Key& key) {
  const writer guard{*this, bit_of(key)};
  return parts_[index_of(key)]->rows.erase_key(key);
}

template <class Row, class Key, class Hash>
std::size_t table_store<Row, Key, Hash>::erase_object(const Key& key,
                                                      const Row& row) {
  const writer guard{*this, bit_of(key)};
  return parts_[index_of(key)]->rows.erase_equal(key, row);
}

template <class Row, class Key, class Hash>
std::vector<Row> table_store<Row, Key, Hash>::take(const Key& key) {
  const writer guard{*this, bit_of(key)};
  auto& rows = parts_[index_of(key)]->rows;
  auto taken = rows.lookup(key);
  rows.erase_key(key);
  return taken;
}

template <class Row, class Key, class Hash>
template <class F>
auto table_store<Row, Key, Hash>::with_first(const Key& key, F f) const
  -> std::optional<std::decay_t<std::invoke_result_t<F, const Row&>>> {
  const auto& x = part_of(key);
  const auto guard = reading(x);
  const predicate_scope scope;
  if (const auto ref = x.rows.first_of(key))
    return f(*x.rows.find(ref));
  return std::nullopt;
}

template <class Row, class Key, class Hash>
template <class F>
bool table_store<Row, Key, Hash>::modify(const Key& key, const Row* otherwise,
                                         F f) {
  if (options_.kind != table_kind::set && !ordered())
    throw table_error("table " + name() + " is a " + to_string(kind())
                      + ": only an object of a set can be updated");
  writer guard{*this, bit_of(key)};
  const predicate_scope scope;
  auto& rows = parts_[index_of(key)]->rows;
  if (const auto ref = rows.first_of(key)) {
    f(*rows.find(ref));
    return true;
  }
  if (!otherwise)
    return false;
  auto row = *otherwise;
  f(row);
  rows.insert_if(key, std::move(row), [&] { admit_one(guard); });
  return true;
}

template <class Row, class Key, class Hash>
std::uint64_t table_store<Row, Key, Hash>::bits_of(const objects& all) const {
  std::uint64_t bits = 0;
  for (const auto& x : all)
    bits |= bit_of(x.key);
  return bits;
}

// -- several ------------------------------------------------------------------

template <class Row, class Key, class Hash>
std::size_t table_store<Row, Key, Hash>::growth(const objects& all) const {
  if (options_.kind == table_kind::duplicate_bag)
    return all.size();
  // Played through in a table that has nothing else.
  rows_type alone{{.name = options_.name, .kind = options_.kind}};
  for (const auto& x : all)
    alone.insert(x.key, x.row);
  std::size_t n = 0;
  table_position<Key> at;
  alone.visit(at, ~std::size_t{0}, all_keys{},
              [&](const Key& key, const Row& row, const object_ref&) {
                n += parts_[index_of(key)]->rows.would_add(key, row);
                return true;
              });
  return n;
}

template <class Row, class Key, class Hash>
void table_store<Row, Key, Hash>::put(writer& guard, const objects& all) {
  // Mostly there is room for all, whatever they replace.
  if (!guard.claim(all.size()) && !guard.claim(growth(all)))
    table_is_full(name(), options_.objects_max);
  for (const auto& x : all)
    parts_[index_of(x.key)]->rows.insert_if(x.key, x.row, [] {});
}

template <class Row, class Key, class Hash>
void table_store<Row, Key, Hash>::insert(const objects& all) {
  writer guard{*this, bits_of(all)};
  put(guard, all);
}

template <class Row, class Key, class Hash>
bool table_store<Row, Key, Hash>::insert_new(const objects& all) {
  writer guard{*this, bits_of(all)};
  for (const auto& x : all)
    if (parts_[index_of(x.key)]->rows.member(x.key))
      return false;
  put(guard, all);
  return true;
}

template <class Row, class Key, class Hash>
void table_store<Row, Key, Hash>::clear() {
  const writer guard{*this, all_parts()};
  for (auto& x : parts_)
    x->rows.clear();
}

// -- keys in order ------------------------------------------------------------

template <class Row, class Key, class Hash>
template <class F>
bool table_store<Row, Key, Hash>::at_step(direction how, const Key* from,
                                          F f) const {
  for (auto i = from ? index_of(*from) : 0; i < parts_.size(); ++i) {
    const auto& x = *parts_[i];
    const auto guard = reading(x);
    const Key* key = nullptr;
    if (how == direction::first || (how == direction::next && !from))
      key = x.rows.first_key();
    else if (how == direction::last || (how == direction::previous && !from))
      key = x.rows.last_key();
    else
      key = how == direction::next ? x.rows.next_key(*from)
                                   : x.rows.previous_key(*from);
    if (key) {
      f(*key, x.rows);
      return true;
    }
    from = nullptr;
  }
  return false;
}

template <class Row, class Key, class Hash>
void table_store<Row, Key, Hash>::hold_keys() {
  const writer guard{*this, all_parts()};
  for (auto& x : parts_)
    x->rows.hold_keys();
}

template <class Row, class Key, class Hash>
void table_store<Row, Key, Hash>::release_keys() {
  for (auto& x : parts_) {
    const std::lock_guard guard{x->lock};
    if (open())
      x->rows.release_keys();
  }
}

// -- table_core ---------------------------------------------------------------

template <class Row, class Key, class Hash>
std::size_t table_store<Row, Key, Hash>::size() const {
  std::size_t n = 0;
  for (const auto& x : parts_) {
    const auto guard = reading(*x);
    n += x->rows.size();
  }
  return n;
}

template <class Row, class Key, class Hash>
table_info table_store<Row, Key, Hash>::info() const {
  auto all = describe();
  for (const auto& x : parts_) {
    const auto guard = reading(*x);
    const auto some = x->rows.info();
    all.size += some.size;
    all.keys += some.keys;
    all.memory += some.memory;
    all.fixed = some.fixed;
  }
  return all;
}

template <class Row, class Key, class Hash>
void table_store<Row, Key, Hash>::wait_for_all() {
  for (auto& x : parts_) {
    x->lock.lock();
    x->lock.unlock();
  }
}

template <class Row, class Key, class Hash>
bool table_store<Row, Key, Hash>::dismantle(std::size_t max) {
  for (auto& x : parts_) {
    const std::lock_guard guard{x->lock};
    if (x->rows.dismantle(max))
      return true;
  }
  return false;
}

} // namespace bennu::runtime::detail
