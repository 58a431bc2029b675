#pragma once

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

/// How many objects a key may have, and how keys are ordered: ETS's words.
///
///     kind            objects a key   identical objects   insert
///     set             one             -                   O(1), replaces
///     ordered_set     one             -                   O(log n), replaces
///     bag             many            stored once         O(objects of the
///     key) duplicate_bag   many            all kept            O(1)
enum class table_kind { set, ordered_set, bag, duplicate_bag };

/// "duplicate_bag", as ets:info names it.
const char* to_string(table_kind kind);

struct table_options {
  std::string name;
  table_kind kind = table_kind::set;

  /// One more throws std::length_error. The default is the processes a shard
  /// can have, four rows each.
  std::size_t objects_max = std::size_t{1} << 24;
};

/// What ets:info tells. Memory is in bytes (ETS: words), without what rows and
/// keys point to.
struct table_info {
  std::string name;
  table_kind kind = table_kind::set;
  std::size_t size = 0;
  std::size_t keys = 0;
  std::size_t memory = 0;
  std::size_t objects_max = 0;
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
[[noreturn]] void table_is_full(const table_options& options);
[[noreturn]] void bag_needs_equality(const table_options& options);
} // namespace detail

/// A typed ETS table: rows under keys, in chunks of places that never move.
/// A row costs its own size and 20 bytes; a free place is used again first.
/// Every row has a birth, counted up, so that the rows of a key are in time
/// order and a traversal never meets a row born after it began.
///
/// Differs from ETS: the key lies beside the row instead of in it; a row is
/// any default-constructible type (a bag's has ==); traversals are always
/// safe, as if under safe_fixtable. A key needs std::hash or `Hash`, and <.
/// Confined to its process; sharing one read-only is a later matter.
///
///     table<int, std::string> ages{{.name = "ages"}};
///     ages.insert("ann", 31);
///     for (auto at = ages.scan(); const int* age = at.next();)
///       use(*age);
template <class Row, class Key, class Hash = std::hash<Key>>
class table {
public:
  class cursor;

  explicit table(table_options options) : options_(std::move(options)) {
    if (options_.kind == table_kind::bag && !std::equality_comparable<Row>)
      detail::bag_needs_equality(options_);
  }
  table(const table&) = delete;
  table& operator=(const table&) = delete;
  ~table();

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
  std::optional<object_ref> find_equal(std::uint32_t key, const Row& row) const;
  object_ref ref_to(std::uint32_t i) const { return {i, at(i).birth_low}; }

  table_options options_;
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
};

/// A traversal in progress. Rows may be inserted and erased between its steps:
/// it meets every row at most once, every row that lives throughout exactly
/// once, and none born after it began. Each one alive costs an erase one
/// comparison. Outlives its table as an ended one. Confined to its process.
template <class Row, class Key, class Hash>
class table<Row, Key, Hash>::cursor {
public:
  explicit cursor(table& owner);
  template <class K>
  cursor(table& owner, const K& key);
  cursor(const cursor&) = delete;
  cursor& operator=(const cursor&) = delete;
  ~cursor();

  /// The next row, or null at the end. Valid until the next write.
  const Row* next();

  /// What the last next() returned.
  const object_ref& ref() const noexcept { return ref_; }

private:
  friend class table;

  enum class mode : std::uint8_t { places, keys_in_order, one_key };

  void enlist();
  std::uint32_t step();
  std::uint32_t step_in_key_order();

  table* owner_;
  mode mode_;
  std::uint32_t next_ = none;
  std::uint64_t end_birth_;
  std::optional<Key> last_;
  object_ref ref_;
  cursor* following_ = nullptr;
  cursor** back_ = nullptr;
};

} // namespace bennu::runtime

#include "runtime/detail/table_impl.hpp"
