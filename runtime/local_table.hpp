#pragma once

#include "runtime/table_info.hpp"

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bennu::runtime {

struct local_table_options {
  std::string name;
  table_kind kind = table_kind::set;

  /// One more throws std::length_error. The default is the processes a shard
  /// can have, four rows each.
  std::size_t objects_max = std::size_t{1} << 24;
};

/// Names one object of one table as long as it lives; a later object in the
/// same place has another reference. Value.
struct object_ref {
  std::uint32_t place = ~std::uint32_t{0};
  std::uint32_t birth = 0;

  explicit operator bool() const noexcept { return place != ~std::uint32_t{0}; }
  friend bool operator==(const object_ref&, const object_ref&) = default;
};

namespace detail {
[[noreturn]] void table_is_full(const std::string& name, std::size_t max);
[[noreturn]] void bag_needs_equality(const std::string& name);
[[noreturn]] void no_such_key(const std::string& name);

/// Where a traversal without a cursor stands; see local_table::visit. Value.
template <class Key>
struct table_position {
  bool begun = false;
  bool done = false;
  bool backwards = false;       // in an ordered_set; elsewhere the same
  std::uint32_t place = 0;      // the next one to look at
  std::uint64_t end_birth = 0;  // younger rows are not met
  std::uint64_t last_birth = 0; // of a traversal of one key
  std::optional<Key> last{};    // the last key met, in an ordered_set
};
} // namespace detail

/// Rows under keys inside one process: an ETS table without what makes one
/// shared. `table` is built on it. In chunks of places that never move, a row
/// costs its own size and 20 bytes; a free place is used again first. Every row
/// has a birth, counted up, so that the rows of a key are in time order and a
/// traversal never meets a row born after it began.
///
/// Differs from ETS: the key lies beside the row instead of in it; a row is
/// any default-constructible type (a bag's has ==); traversals are always
/// safe, as if under safe_fixtable. A key needs std::hash or `Hash`, and <.
/// Confined to its process.
///
///     local_table<int, std::string> ages{{.name = "ages"}};
///     ages.insert("ann", 31);
///     for (auto at = ages.scan(); const int* age = at.next();)
///       use(*age);
template <class Row, class Key, class Hash = std::hash<Key>>
class local_table {
public:
  class cursor;
  using position = detail::table_position<Key>;

  explicit local_table(local_table_options options)
    : options_(std::move(options)) {
    if (options_.kind == table_kind::bag && !std::equality_comparable<Row>)
      detail::bag_needs_equality(options_.name);
  }
  local_table(const local_table&) = delete;
  local_table& operator=(const local_table&) = delete;
  ~local_table();

  // -- writing --

  /// Adds a row, last among its key's; in a set it takes the place of the
  /// one that was there, in a bag an identical one stays alone.
  object_ref insert(const Key& key, Row row);

  /// Removes one object in O(1), in time and in the number of objects under
  /// its key. False when it had gone.
  bool erase(const object_ref& ref);

  /// Removes all objects of a key; returns how many.
  template <class K>
  std::size_t erase_key(const K& key);

  void clear();

  // -- reading --

  /// The row, or null when it has gone. Valid until the next write.
  const Row* find(const object_ref& ref) const;

  /// Copies of a key's rows, the oldest first.
  template <class K>
  std::vector<Row> lookup(const K& key) const;

  template <class K>
  std::size_t count(const K& key) const;

  /// The same of the key of a living object, without looking for it.
  std::size_t count_beside(const object_ref& ref) const {
    return keys_[at(ref.place).key].count;
  }
  template <class K>
  bool member(const K& key) const {
    return count(key) > 0;
  }

  /// The key as stored: for interning. Null without objects.
  template <class K>
  const Key* find_key(const K& key) const;

  /// The key of a living object.
  const Key& key_of(const object_ref& ref) const {
    return *keys_[at(ref.place).key].key;
  }

  /// Begins a traversal of all rows, in key order in an ordered_set, else in
  /// no order; or of a key's rows, the oldest first.
  cursor scan() { return cursor(*this); }
  template <class K>
  cursor scan(const K& key) {
    return cursor(*this, key);
  }

  std::size_t size() const noexcept { return size_; }
  table_info info() const;

  // -- for a container built on this one --

  /// As insert, but it is `admit()` that throws when one more is too many.
  template <class Admit>
  object_ref insert_if(const Key& key, Row row, Admit admit);

  /// Whether an insert would add an object instead of replacing or finding one.
  bool would_add(const Key& key, const Row& row) const;

  /// The oldest object of a key; an empty reference without one.
  template <class K>
  object_ref first_of(const K& key) const;
  Row* find(const object_ref& ref) {
    return const_cast<Row*>(std::as_const(*this).find(ref));
  }

  /// Removes the objects of a key that equal `row`; returns how many.
  template <class K>
  std::size_t erase_equal(const K& key, const Row& row);

  /// Keys in the order of ets:first and ets:next: that of an ordered_set, or
  /// none. Null at the end. `next_key` of a key that is not there is none of
  /// our business in an ordered_set, and throws elsewhere, unless held.
  const Key* first_key() const;
  const Key* last_key() const;
  const Key* next_key(const Key& key) const;
  const Key* previous_key(const Key& key) const;

  /// While held, a key that loses its last object keeps its place among the
  /// others: what safe_fixtable is for.
  void hold_keys() noexcept { ++holds_; }
  void release_keys();
  std::size_t holds() const noexcept { return holds_; }

  /// A traversal without a cursor, a piece at a time: calls `f(key, row, ref)`
  /// for at most `max` objects in `range` (see key_range.hpp), or until it
  /// returns false; `f` may erase the object it is given. Keeps a cursor's
  /// promises; between calls the table may change. Returns how many objects it
  /// has looked at, and sets `at.done` at the end.
  template <class Range, class F>
  std::size_t visit(position& at, std::size_t max, const Range& range, F f);

  /// The same for the objects of one key, the oldest first.
  template <class K, class F>
  std::size_t visit_key(position& at, std::size_t max, const K& key, F f);

  /// Gives back the memory of at least `max` objects, if so many are left, and
  /// returns false when none is. The table is of no other use meanwhile.
  bool dismantle(std::size_t max);

private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr std::uint32_t chunk_bits = 8;
  static constexpr std::uint32_t chunk_size = 1u << chunk_bits;

  struct place {
    Row row{};
    std::uint32_t next = none;
    std::uint32_t previous = none;
    std::uint32_t key = none; // none: free, and `next` is the next free one
    std::uint32_t birth_low = 0;
    std::uint32_t birth_high = 0;

    std::uint64_t birth() const noexcept {
      return (std::uint64_t{birth_high} << 32) | birth_low;
    }
  };

  struct key_record {
    const Key* key = nullptr;
    std::uint32_t head = none; // of a free record: the next free one
    std::uint32_t tail = none;
    std::uint32_t count = 0;
  };

  place& at(std::uint32_t i) {
    return chunks_[i >> chunk_bits][i & (chunk_size - 1)];
  }
  const place& at(std::uint32_t i) const {
    return chunks_[i >> chunk_bits][i & (chunk_size - 1)];
  }
  bool is_ordered() const noexcept {
    return options_.kind == table_kind::ordered_set;
  }
  template <class K>
  std::uint32_t index_of(const K& key) const;
  std::uint32_t make_key(const Key& key);
  void drop_key(std::uint32_t index);
  std::uint32_t make_place();
  object_ref append(std::uint32_t key, Row row);
  std::uint32_t live_key(std::uint32_t from) const;
  template <class Range, class F>
  std::size_t visit_places(position& at, std::size_t max, const Range& range,
                           F& f);
  template <class Range, class F>
  std::size_t visit_in_order(position& at, std::size_t max, const Range& range,
                             F& f);
  template <class Range, class F>
  std::size_t visit_backwards(position& at, std::size_t max, const Range& range,
                              F& f);
  std::optional<object_ref> find_equal(std::uint32_t key, const Row& row) const;
  object_ref ref_to(std::uint32_t i) const { return {i, at(i).birth_low}; }

  local_table_options options_;
  std::vector<std::unique_ptr<place[]>> chunks_;
  std::uint32_t used_ = 0; // places ever used
  std::uint32_t free_place_ = none;
  std::size_t size_ = 0;
  std::uint64_t births_ = 0;
  std::vector<key_record> keys_;
  std::uint32_t free_key_ = none;
  std::unordered_map<Key, std::uint32_t, Hash, std::equal_to<>> hashed_;
  std::map<Key, std::uint32_t, std::less<>> sorted_;
  cursor* cursors_ = nullptr;
  std::size_t holds_ = 0;
  std::vector<std::uint32_t> buried_; // keys that were without objects, held
  std::size_t dead_keys_ = 0;         // those that are

  /// No key lies before this record. A hint: readers beside each other may
  /// raise it.
  mutable std::atomic<std::uint32_t> first_hint_{0};
};

/// A traversal in progress. Rows may be inserted and erased between its steps:
/// it meets every row at most once, every row that lives throughout exactly
/// once, and none born after it began. Each one alive costs an erase one
/// comparison. Outlives its table as an ended one. Confined to its process.
template <class Row, class Key, class Hash>
class local_table<Row, Key, Hash>::cursor {
public:
  explicit cursor(local_table& owner);
  template <class K>
  cursor(local_table& owner, const K& key);
  cursor(const cursor&) = delete;
  cursor& operator=(const cursor&) = delete;
  ~cursor();

  /// The next row, or null at the end. Valid until the next write.
  const Row* next();

  /// What the last next() returned.
  const object_ref& ref() const noexcept { return ref_; }

private:
  friend class local_table;

  enum class mode : std::uint8_t { places, keys_in_order, one_key };

  void enlist();
  std::uint32_t step();
  std::uint32_t step_in_key_order();

  local_table* owner_;
  mode mode_;
  std::uint32_t next_ = none;
  std::uint64_t end_birth_;
  std::optional<Key> last_;
  object_ref ref_;
  cursor* following_ = nullptr;
  cursor** back_ = nullptr;
};

} // namespace bennu::runtime

#include "runtime/detail/local_table_impl.hpp"
#include "runtime/detail/local_table_visit.hpp"
