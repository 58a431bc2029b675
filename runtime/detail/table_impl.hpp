#pragma once

#include "runtime/table.hpp"

namespace bennu::runtime {

namespace detail {

[[noreturn]] void counter_overflows(const std::string& table);

template <class T>
T stepped(const std::string& table, T value, const counter_step<T>& by) {
  T sum{};
  if constexpr (std::is_integral_v<T>) {
    if (__builtin_add_overflow(value, by.increment, &sum))
      counter_overflows(table);
  } else {
    sum = value + by.increment;
  }
  if (!by.threshold)
    return sum;
  const bool past =
    by.increment < T{} ? sum < *by.threshold : *by.threshold < sum;
  return past ? by.set_value : sum;
}

} // namespace detail

/// Holds the keys of a table in their places as long as it lives. Neither
/// copied nor moved; any process may have one of a table it may read.
template <class Row, class Key, class Hash>
class table<Row, Key, Hash>::fixation {
public:
  explicit fixation(std::shared_ptr<store> of) : store_(std::move(of)) {
    store_->hold_keys();
  }
  fixation(const fixation&) = delete;
  fixation& operator=(const fixation&) = delete;
  ~fixation() { store_->release_keys(); }

private:
  std::shared_ptr<store> store_;
};

template <class Row, class Key, class Hash>
table<Row, Key, Hash> table<Row, Key, Hash>::create(process& self,
                                                    table_options options) {
  const auto owner = detail::running_process();
  options.named = options.named && !options.name.empty();
  auto made = std::make_shared<store>(std::move(options), owner);
  detail::own_table(self, made);
  return table(std::move(made));
}

template <class Row, class Key, class Hash>
table<Row, Key, Hash> table<Row, Key, Hash>::from(const table_ref& ref) {
  const auto& core = ref.core();
  if (core && core->type() != detail::token_of<Row, Key, Hash>)
    detail::wrong_table_type(*core, detail::demangled(typeid(Row).name()),
                             detail::demangled(typeid(Key).name()));
  return table(std::static_pointer_cast<store>(core));
}

// -- objects ------------------------------------------------------------------

template <class Row, class Key, class Hash>
template <class A>
auto table<Row, Key, Hash>::count_up(
  const Key& key, const A& what,
  const std::vector<counter_step<element<A>>>& steps,
  const Row* otherwise) const -> std::vector<element<A>> {
  std::vector<element<A>> results;
  const auto count = [&](Row& row) {
    auto value = std::invoke(what, row);
    for (const auto& x : steps)
      results.push_back(value = detail::stepped(store_->name(), value, x));
    std::invoke(what, row) = value;
  };
  if (!writing().modify(key, otherwise, count))
    detail::no_such_key(store_->name());
  return results;
}

template <class Row, class Key, class Hash>
template <class A>
auto table<Row, Key, Hash>::lookup_elements(const Key& key, const A& what) const
  -> std::vector<element<A>> {
  std::vector<element<A>> all;
  for (auto& row : lookup(key))
    all.push_back(std::invoke(what, row));
  return all;
}

template <class Row, class Key, class Hash>
std::optional<Key> table<Row, Key, Hash>::key_at(direction how,
                                                 const Key* from) const {
  std::optional<Key> found;
  reading().at_step(how, from,
                    [&](const Key& key, const auto&) { found = key; });
  return found;
}

template <class Row, class Key, class Hash>
auto table<Row, Key, Hash>::rows_at(direction how, const Key* from) const
  -> std::optional<key_and_rows> {
  std::optional<key_and_rows> found;
  reading().at_step(how, from, [&](const Key& key, const auto& rows) {
    found = key_and_rows{key, rows.lookup(key)};
  });
  return found;
}

// -- many objects -------------------------------------------------------------

template <class Row, class Key, class Hash>
template <key_range<Key> Range, class Pred>
auto table<Row, Key, Hash>::select(const Range& range, const Pred& pred) const
  -> objects {
  objects found;
  position at;
  reading().scan(at, range, [&](const Key& key, const Row& row) {
    if (pred(key, row))
      found.push_back({key, row});
    return true;
  });
  return found;
}

template <class Row, class Key, class Hash>
template <class Range, class Pred>
auto table<Row, Key, Hash>::page_of(const Range& range, Pred pred,
                                    std::size_t limit, position at) const
  -> page {
  page some;
  if (limit > 0)
    reading().scan(at, range, [&](const Key& key, const Row& row) {
      if (pred(key, row))
        some.found.push_back({key, row});
      return some.found.size() < limit;
    });
  some.done = at.done;
  if (!some.done)
    some.next = [*this, range, pred, limit, at] {
      return page_of(range, pred, limit, at);
    };
  return some;
}

template <class Row, class Key, class Hash>
template <key_range<Key> Range, class F>
auto table<Row, Key, Hash>::select_map(const Range& range, const F& f) const {
  using result = std::invoke_result_t<const F&, const Key&, const Row&>;
  std::vector<typename result::value_type> found;
  position at;
  reading().scan(at, range, [&](const Key& key, const Row& row) {
    if (auto x = f(key, row))
      found.push_back(std::move(*x));
    return true;
  });
  return found;
}

template <class Row, class Key, class Hash>
template <key_range<Key> Range, class Pred>
std::size_t table<Row, Key, Hash>::select_count(const Range& range,
                                                const Pred& pred) const {
  std::size_t count = 0;
  position at;
  reading().scan(at, range, [&](const Key& key, const Row& row) {
    count += pred(key, row) ? 1 : 0;
    return true;
  });
  return count;
}

template <class Row, class Key, class Hash>
template <key_range<Key> Range, class Pred>
std::size_t table<Row, Key, Hash>::select_delete(const Range& range,
                                                 const Pred& pred) const {
  using verdict = typename store::verdict;
  std::size_t count = 0;
  writing().scan_to_write(range, [&](const Key& key, const Row& row) {
    if (!pred(key, row))
      return verdict::keep;
    ++count;
    return verdict::erase;
  });
  return count;
}

template <class Row, class Key, class Hash>
template <key_range<Key> Range, class F>
std::size_t table<Row, Key, Hash>::select_replace(const Range& range,
                                                  const F& f) const {
  auto& rows = writing();
  if (rows.kind() == table_kind::bag)
    throw table_error("table " + rows.name()
                      + " is a bag: select_replace could make two objects "
                        "the same");
  std::size_t count = 0;
  rows.scan_to_write(range, [&](const Key& key, Row& row) {
    if (auto x = f(key, std::as_const(row))) {
      row = std::move(*x);
      ++count;
    }
    return store::verdict::keep;
  });
  return count;
}

template <class Row, class Key, class Hash>
template <class T, class F>
T table<Row, Key, Hash>::fold_from(position at, T acc, F& f) const {
  while (!at.done)
    for (auto& x : reading().copy(at, store::chunk_max, all_keys{}))
      acc = f(std::as_const(x.key), std::as_const(x.row), std::move(acc));
  return acc;
}

template <class Row, class Key, class Hash>
template <class F>
void table<Row, Key, Hash>::for_each(F f) const {
  position at;
  while (!at.done)
    for (const auto& x : reading().copy(at, store::chunk_max, all_keys{}))
      f(x.key, x.row);
}

} // namespace bennu::runtime
