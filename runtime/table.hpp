#pragma once

#include "runtime/detail/table_owner.hpp"
#include "runtime/detail/table_store.hpp"
#include "runtime/fwd.hpp"
#include "runtime/key_range.hpp"
#include "runtime/table_info.hpp"
#include "runtime/table_ref.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bennu::runtime {

/// One step of a counter: adds `increment`; a result past `threshold` (above
/// it, or below for a negative step) becomes `set_value`. `{Pos, Incr,
/// Threshold, SetValue}` of ets:update_counter. Value.
template <class T>
struct counter_step {
  T increment = 1;
  std::optional<T> threshold{};
  T set_value{};
};

/// What a select takes every object with.
struct every_object {
  template <class Key, class Row>
  bool operator()(const Key&, const Row&) const {
    return true;
  }
};

/// An ETS table: typed rows under typed keys, owned by a process, shared by a
/// node. This is a handle: copy it, keep it, send it; the table lives until
/// its owner ends or somebody deletes it, and then every use of a handle throws
/// table_error, as does one the table's `access` forbids to the process that
/// runs. Names and meanings are those of the module ets; README.md has them
/// side by side.
///
/// Single objects are read and written atomically, lists inserted atomically.
/// What goes over many objects takes the table's lock for a thousand at a time:
/// it holds up no writer for long and is no snapshot, but meets every object
/// that is there throughout exactly once. Predicates and accessors run under
/// the lock, on the row itself: one that uses a table throws; those of fold and
/// for_each get copies, without a lock, and may do what they like.
///
/// Differs from ETS: the key lies beside the row; matching is by predicate and
/// key range instead of match specs; in a hash kind `last` is `first`, as in
/// ETS, and keys come in no order. A handle is a pointer: a const one writes
/// as well. Thread-safe; a thread that is no process
/// counts as one that owns nothing.
///
///     struct visit { std::string page; int count = 0; };
///     auto visits = table<visit, std::string>::create(
///       self, {.name = "visits", .access = table_access::public_});
///     visits.update_counter("ann", &visit::count, {.increment = 1}, visit{});
///     for (const auto& [user, x] : visits.select(often))
///       greet(user);
template <class Row, class Key, class Hash = key_hash<Key>>
class table {
  using store = detail::table_store<Row, Key, Hash>;

  template <class A>
  using element = std::remove_cvref_t<std::invoke_result_t<const A&, Row&>>;

public:
  using object = table_object<Row, Key>;
  using objects = std::vector<object>;

  /// Some of what a select found. `next()` gives more of it, with the table as
  /// it is then, unless `done`: ETS's continuation. Value.
  struct page {
    objects found{};
    bool done = true;
    std::function<page()> next{};
  };

  struct key_and_rows {
    Key key{};
    std::vector<Row> rows{};
  };

  /// Keeps keys in their places; see fix().
  class fixation;

  // -- making and finding one --

  /// A handle of no table.
  table() = default;

  /// Makes one that `self` owns; call it from `self`. Throws table_error when
  /// the name is taken, std::length_error past the node's tables_max.
  static table create(process& self, table_options options);

  /// The table of that name; an empty handle when there is none. Throws
  /// table_error when its rows or keys are of other types.
  static table whereis(const node& where, std::string_view name) {
    return from(table_ref{detail::find_table(where, name)});
  }

  /// What came in a message. Throws as whereis does.
  static table from(const table_ref& ref);

  table_ref ref() const { return table_ref{store_}; }
  explicit operator bool() const noexcept { return store_ != nullptr; }
  friend bool operator==(const table&, const table&) = default;

  // -- writing objects --

  /// In a set, takes the place of the object of that key.
  void insert(const Key& key, Row row) const {
    writing().insert(key, std::move(row));
  }

  /// All or, past objects_max, none; nobody sees a part.
  void insert(const objects& all) const { writing().insert(all); }

  /// False, and nothing done, when there is an object of that key, or of one of
  /// those keys.
  bool insert_new(const Key& key, Row row) const {
    return writing().insert_new(key, std::move(row));
  }
  bool insert_new(const objects& all) const {
    return writing().insert_new(all);
  }

  /// ets:delete/2: the objects of a key; returns how many there were.
  std::size_t erase(const Key& key) const { return writing().erase(key); }

  /// ets:delete_object: those of them that equal `row`.
  std::size_t erase_object(const Key& key, const Row& row) const {
    return writing().erase_object(key, row);
  }

  /// Removes the objects of a key and returns them.
  std::vector<Row> take(const Key& key) const { return writing().take(key); }

  /// ets:delete_all_objects.
  void clear() const { writing().clear(); }

  // -- changing an object of a set --
  // `what` is a pointer to a member, or a function from Row& to a T&.

  /// Adds to a number in the row of `key`, or of `otherwise` inserted for it;
  /// returns the new one. Throws std::out_of_range without a row, and
  /// std::overflow_error, leaving the row as it was (Erlang's numbers grow).
  template <class A>
  element<A> update_counter(const Key& key, const A& what,
                            counter_step<element<A>> step = {}) const {
    return count_up(key, what, {step}, nullptr).back();
  }
  template <class A>
  element<A> update_counter(const Key& key, const A& what,
                            counter_step<element<A>> step,
                            const Row& otherwise) const {
    return count_up(key, what, {step}, &otherwise).back();
  }

  /// Several steps in one go; returns each result.
  template <class A>
  std::vector<element<A>>
  update_counters(const Key& key, const A& what,
                  const std::vector<counter_step<element<A>>>& steps) const {
    return count_up(key, what, steps, nullptr);
  }

  /// False when there is no such row.
  template <class A>
  bool update_element(const Key& key, const A& what, element<A> value) const {
    return update(key,
                  [&](Row& row) { std::invoke(what, row) = std::move(value); });
  }
  template <class A>
  void update_element(const Key& key, const A& what, element<A> value,
                      const Row& otherwise) const {
    writing().modify(key, &otherwise, [&](Row& row) {
      std::invoke(what, row) = std::move(value);
    });
  }

  /// Any change to a row, atomically; ETS has none. False without a row.
  template <std::invocable<Row&> F>
  bool update(const Key& key, F f) const {
    return writing().modify(key, nullptr, std::move(f));
  }

  // -- reading objects --

  /// The rows of a key, the oldest first.
  std::vector<Row> lookup(const Key& key) const {
    return reading().lookup(key);
  }

  /// The oldest row of a key, in a set the only one.
  std::optional<Row> find(const Key& key) const {
    return reading().with_first(key, [](const Row& row) { return row; });
  }

  /// A part of it. Throws std::out_of_range without a row.
  template <class A>
  element<A> lookup_element(const Key& key, const A& what) const {
    auto found = find_element(key, what);
    if (!found)
      detail::no_such_key(store_->name());
    return std::move(*found);
  }
  template <class A>
  element<A> lookup_element(const Key& key, const A& what,
                            element<A> otherwise) const {
    return find_element(key, what).value_or(std::move(otherwise));
  }

  /// That part of each row of a key: ets:lookup_element of a bag.
  template <class A>
  std::vector<element<A>> lookup_elements(const Key& key, const A& what) const;

  bool member(const Key& key) const { return reading().count(key) > 0; }
  std::size_t count(const Key& key) const { return reading().count(key); }
  std::size_t size() const { return reading().size(); }

  // -- keys, one after another --

  std::optional<Key> first() const { return key_at(direction::first, nullptr); }
  std::optional<Key> last() const { return key_at(direction::last, nullptr); }

  /// Nothing at the end. In a hash kind the key must be there, or have been
  /// when a fixation began: else throws std::out_of_range.
  std::optional<Key> next(const Key& key) const {
    return key_at(direction::next, &key);
  }
  std::optional<Key> prev(const Key& key) const {
    return key_at(direction::previous, &key);
  }

  /// The same with the rows.
  std::optional<key_and_rows> first_lookup() const {
    return rows_at(direction::first, nullptr);
  }
  std::optional<key_and_rows> next_lookup(const Key& key) const {
    return rows_at(direction::next, &key);
  }
  std::optional<key_and_rows> last_lookup() const {
    return rows_at(direction::last, nullptr);
  }
  std::optional<key_and_rows> prev_lookup(const Key& key) const {
    return rows_at(direction::previous, &key);
  }

  /// ets:safe_fixtable: while one lives, `next` of a key since erased goes on
  /// where it was. Erased keys keep their memory meanwhile.
  [[nodiscard]] fixation fix() const { return fixation(reading_pointer()); }

  // -- many objects --
  // `range` is all_keys, one_key, keys_between, keys_with_prefix or
  // keys_starting_with; `pred` is called with key and row.

  template <class Pred = every_object>
  requires std::predicate<const Pred&, const Key&, const Row&>
    objects select(const Pred& pred = {})
  const { return select(all_keys{}, pred); }
  template <key_range<Key> Range, class Pred = every_object>
  objects select(const Range& range, const Pred& pred = {}) const;

  /// At most `limit` of them, and how to get more.
  template <key_range<Key> Range, class Pred>
  page select(const Range& range, const Pred& pred, std::size_t limit) const {
    return page_of(range, pred, limit, {});
  }

  /// From the last key of an ordered_set to its first.
  template <key_range<Key> Range, class Pred>
  page select_reverse(const Range& range, const Pred& pred,
                      std::size_t limit) const {
    return page_of(range, pred, limit, {.in_part = {.backwards = true}});
  }

  /// What `f(key, row)`, an optional, gives of each object: the body of a
  /// match spec.
  template <key_range<Key> Range, class F>
  auto select_map(const Range& range, const F& f) const;

  template <key_range<Key> Range, class Pred = every_object>
  std::size_t select_count(const Range& range, const Pred& pred = {}) const;

  /// Removes them; returns how many.
  template <key_range<Key> Range, class Pred = every_object>
  std::size_t select_delete(const Range& range, const Pred& pred = {}) const;

  /// Replaces a row by what `f(key, row)`, an optional, gives. Not in a bag,
  /// where two might become the same. Returns how many.
  template <key_range<Key> Range, class F>
  std::size_t select_replace(const Range& range, const F& f) const;

  /// `acc = f(key, row, acc)` over all; in an ordered_set by key.
  template <class T, class F>
  T fold(T acc, F f) const {
    return fold_from({}, std::move(acc), f);
  }

  /// In an ordered_set from the last key, else as fold: ets:foldr.
  template <class T, class F>
  T fold_reverse(T acc, F f) const {
    return fold_from({.in_part = {.backwards = true}}, std::move(acc), f);
  }
  template <class F>
  void for_each(F f) const;

  /// ets:tab2list.
  objects to_list() const { return select(); }

  // -- the table itself --

  table_info info() const {
    open();
    return store_->info();
  }

  /// Makes another process the owner: it gets a table_transfer with `data`.
  /// Only for the owner; throws table_error unless `to` is another process of
  /// this node, alive. (One of another shard that turns out to be dead is
  /// treated as if it had died a moment later.)
  void give_away(const pid& to, const message& data = {}) const {
    open();
    detail::give_table(store_, to, data);
  }

  /// Who gets it with a table_transfer when the owner ends; no process: nobody.
  void set_heir(const pid& heir, message data = {}) const {
    open();
    detail::set_table_heir(store_, {heir, std::move(data)});
  }

  void rename(std::string_view name) const {
    open();
    detail::rename_table(store_, name);
  }

  /// ets:delete/1. Its memory is given back a little at a time.
  void delete_table() const {
    open();
    detail::delete_table(store_);
  }

private:
  using direction = typename store::direction;
  using position = typename store::position;

  explicit table(std::shared_ptr<store> x) : store_(std::move(x)) {}

  void open() const {
    if (!store_)
      detail::no_table();
    detail::table_core::check_no_predicate();
  }
  const std::shared_ptr<store>& reading_pointer() const {
    open();
    if (store_->made_with().access == table_access::private_)
      store_->check_reader(detail::running_process());
    return store_;
  }
  const store& reading() const { return *reading_pointer(); }
  store& writing() const {
    open();
    if (store_->made_with().access != table_access::public_)
      store_->check_writer(detail::running_process());
    return *store_;
  }

  template <class A>
  std::vector<element<A>>
  count_up(const Key& key, const A& what,
           const std::vector<counter_step<element<A>>>& steps,
           const Row* otherwise) const;
  template <class A>
  std::optional<element<A>> find_element(const Key& key, const A& what) const {
    return reading().with_first(key, [&](const Row& row) -> element<A> {
      return std::invoke(what, const_cast<Row&>(row));
    });
  }
  std::optional<Key> key_at(direction how, const Key* from) const;
  std::optional<key_and_rows> rows_at(direction how, const Key* from) const;
  template <class Range, class Pred>
  page page_of(const Range& range, Pred pred, std::size_t limit,
               position at) const;
  template <class T, class F>
  T fold_from(position at, T acc, F& f) const;

  std::shared_ptr<store> store_;
};

} // namespace bennu::runtime

#include "runtime/detail/table_impl.hpp"
