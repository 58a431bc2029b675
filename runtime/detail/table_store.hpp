#pragma once

#include "runtime/detail/table_core.hpp"
#include "runtime/detail/table_lock.hpp"
#include "runtime/detail/table_text.hpp"
#include "runtime/key_range.hpp"
#include "runtime/local_table.hpp"

#include <algorithm>
#include <any>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

namespace bennu::runtime {

/// One object of a table: ETS's tuple, its key apart. Value.
template <class Row, class Key>
struct table_object {
  Key key{};
  Row row{};
  friend bool operator==(const table_object&, const table_object&) = default;
};

} // namespace bennu::runtime

namespace bennu::runtime::detail {

/// The rows of a table under its locks. Knows who owns it, not who asks: that
/// is the handle's, `table`. Rows' and keys' own functions (==, <, hash, copy)
/// run under a lock, so they may not use tables. Thread-safe.
template <class Row, class Key, class Hash>
class table_store final : public table_core {
public:
  using object = table_object<Row, Key>;
  using objects = std::vector<object>;
  using rows_type = local_table<Row, Key, Hash>;

  /// Objects looked at, or freed, under one lock and in one go: a long
  /// operation holds up the owner for that long.
  static constexpr std::size_t chunk_max = 1000;

  /// Parts of a table with write_concurrency: ETS has 64 locks, for more cores
  /// than a shard a core of ours is meant for.
  static constexpr std::size_t write_parts = 16;

  /// Reader locks of a part of a table with read_concurrency. Fewer where there
  /// are many parts: what writes to all of them takes every one.
  static constexpr std::size_t reader_locks(const table_options& options) {
    return !options.read_concurrency ? 1 : options.write_concurrency ? 2 : 8;
  }

  /// Where a traversal of all parts stands. Value.
  struct position {
    std::size_t part = 0;
    table_position<Key> in_part{};
    bool done = false;
  };

  table_store(table_options options, const pid& owner);

  // -- single objects: atomic, isolated --

  void insert(const Key& key, Row row);
  bool insert_new(const Key& key, Row row);
  std::vector<Row> lookup(const Key& key) const;
  std::size_t count(const Key& key) const;
  std::size_t erase(const Key& key);
  std::size_t erase_object(const Key& key, const Row& row);
  std::vector<Row> take(const Key& key);

  /// `f(row)` of the key's oldest object, under the lock; nothing without one.
  template <class F>
  auto with_first(const Key& key, F f) const
    -> std::optional<std::decay_t<std::invoke_result_t<F, const Row&>>>;

  /// `f(row)` on the one object of a key, which is `*otherwise` if there is
  /// none; false if there is neither. When `f` throws, nothing has changed that
  /// it had not.
  template <class F>
  bool modify(const Key& key, const Row* otherwise, F f);

  // -- several: atomic --

  void insert(const objects& all);
  bool insert_new(const objects& all);
  void clear();

  // -- keys in order --

  enum class direction { first, last, next, previous };

  /// `f(key, rows)` of the key a step leads to, under the lock.
  template <class F>
  bool at_step(direction how, const Key* from, F f) const;
  void hold_keys();
  void release_keys();

  // -- in pieces --

  /// Looks at objects until `f(key, row)` returns false or the end has come;
  /// `f` runs under a lock, on a row it may change if `Lock` is exclusive, and
  /// may erase by returning. At most chunk_max objects under one lock.
  template <class Range, class F>
  void scan(position& at, const Range& range, F f) const;

  /// The same under exclusive locks: `f(key, row)` says what becomes of it.
  enum class verdict { keep, erase };
  template <class Range, class F>
  void scan_to_write(const Range& range, F f);

  /// Copies at most `max` objects, at least one unless at.done.
  template <class Range>
  objects copy(position& at, std::size_t max, const Range& range) const;

  std::size_t size() const;

  // -- table_core --

  type_token type() const noexcept override { return token_of<Row, Key, Hash>; }
  std::string row_type() const override {
    return demangled(typeid(Row).name());
  }
  std::string key_type() const override {
    return demangled(typeid(Key).name());
  }
  table_info info() const override;
  table_rows rows(std::size_t max, const std::any& after) const override;
  bool dismantle(std::size_t max) override;

protected:
  void wait_for_all() override;

private:
  struct part {
    part(const table_options& options, std::size_t objects_max)
      : lock(reader_locks(options)), rows({.name = options.name,
                                           .kind = options.kind,
                                           .objects_max = objects_max}) {}
    mutable table_lock lock;
    rows_type rows;
  };

  class writer;

  bool ordered() const noexcept {
    return options_.kind == table_kind::ordered_set;
  }
  std::size_t index_of(const Key& key) const {
    return parts_.size() == 1
             ? 0
             : mixed_hash(0, Hash{}(key)) / 65536 % parts_.size();
  }
  std::uint64_t bit_of(const Key& key) const {
    return std::uint64_t{1} << index_of(key);
  }
  std::uint64_t bits_of(const objects& all) const;
  std::uint64_t all_parts() const noexcept {
    return (std::uint64_t{1} << parts_.size()) - 1;
  }
  const part& part_of(const Key& key) const { return *parts_[index_of(key)]; }
  std::shared_lock<table_lock> reading(const part& x) const {
    std::shared_lock guard{x.lock};
    check_open();
    return guard;
  }
  void admit_one(writer& guard);
  std::size_t growth(const objects& all) const;
  void put(writer& guard, const objects& all);
  template <class Range, class F>
  std::size_t visit(rows_type& rows, table_position<Key>& at, std::size_t max,
                    const Range& range, F f) const;

  std::vector<std::unique_ptr<part>> parts_;
  std::atomic<std::size_t> size_{0}; // only counted with several parts
};

} // namespace bennu::runtime::detail

#include "runtime/detail/table_scan_impl.hpp"
