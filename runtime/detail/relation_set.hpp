#pragma once

#include "runtime/fwd.hpp"
#include "runtime/pid.hpp"
#include "runtime/process.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace bennu::runtime::detail {

/// One link or monitor, as one of its two ends sees it.
struct relation {
  enum class kind : std::uint8_t {
    link,
    /// The link to the process that started this one as its child.
    parent,
    /// This process monitors the other.
    monitors,
    /// A monitor that belongs to a request waiting for its answer.
    request,
    /// The same, and the other is being started by this process: a timeout
    /// kills it.
    start,
    /// The other process monitors this one.
    monitored_by,
    /// The other waits for this one to have started.
    starter,
  };

  monitor_ref ref = 0;
  pid other;
  kind what = kind::link;

  bool is_request() const noexcept {
    return what == kind::request || what == kind::start;
  }
  /// The other end of a monitor or request.
  bool is_passive() const noexcept {
    return what == kind::monitored_by || what == kind::starter;
  }
  bool is_link() const noexcept {
    return what == kind::link || what == kind::parent;
  }
};

/// All relations of one process. A link to a process of the same shard lies in
/// the one pointer that this is: most have that alone, and there are millions
/// of them. More are a short array; past `linear_max` it carries a hash index,
/// so that a supervisor of a million children links and unlinks in constant
/// time. `self` is the process whose relations they are, always the same.
/// Confined to its process's shard.
class relation_set {
public:
  static constexpr std::uint32_t linear_max = 16;

  relation_set() = default;
  relation_set(const relation_set&) = delete;
  relation_set& operator=(const relation_set&) = delete;
  ~relation_set();

  std::size_t size() const noexcept;

  std::optional<relation> find_link(const pid& self,
                                    const pid& other) const noexcept;
  std::optional<relation> find_ref(monitor_ref ref) const noexcept;

  /// The one added last, unless one was removed since; for who takes all out.
  relation last(const pid& self) const noexcept;

  void add(const pid& self, const relation& x);

  /// One that is there.
  void remove(const relation& x);

  /// Calls `f` with each; it may not add or remove any.
  template <class F>
  void for_each(const pid& self, F f) const {
    if (is_single())
      return f(single(self));
    if (const auto* all = many())
      std::for_each(all->records(), all->records() + all->size, f);
  }

  /// Gives back room that is not used.
  void shrink();

  std::size_t memory() const noexcept;

private:
  /// Positions + 1 by hash, open addressing.
  using hash_index = std::vector<std::uint32_t>;

  /// In front of the records. Behind them, where there may be more than
  /// linear_max, lies the index.
  struct block {
    std::uint32_t size = 0;
    std::uint32_t capacity = 0;

    relation* records() noexcept {
      return reinterpret_cast<relation*>(this + 1);
    }
    const relation* records() const noexcept {
      return reinterpret_cast<const relation*>(this + 1);
    }
    bool may_have_index() const noexcept { return capacity > linear_max; }
    std::unique_ptr<hash_index>& index_place() noexcept {
      return *reinterpret_cast<std::unique_ptr<hash_index>*>(records()
                                                             + capacity);
    }
  };

  // What the word is: nothing, a block's address, or a link: a mark, whether
  // it is to the parent, the other's place in the table of the shard, its
  // serial.
  static constexpr std::uint64_t single_mark = 1;
  static constexpr std::uint64_t parent_mark = 2;
  static constexpr unsigned place_shift = 2;
  static constexpr unsigned serial_shift = 32;
  static_assert(place_shift + pid::index_bits <= serial_shift);
  static_assert(sizeof(void*) == sizeof(std::uint64_t));

  bool is_single() const noexcept { return (word_ & single_mark) != 0; }
  relation single(const pid& self) const noexcept;
  static bool fits_alone(const pid& self, const relation& x) noexcept;
  static std::uint64_t alone(const relation& x) noexcept;

  /// Null for none and for a single one.
  block* many() const noexcept {
    return is_single() ? nullptr : std::bit_cast<block*>(word_);
  }

  /// Null while there is none.
  hash_index* index() const noexcept {
    auto* all = many();
    return all && all->may_have_index() ? all->index_place().get() : nullptr;
  }
  static std::size_t size_of(std::uint32_t capacity) noexcept;
  static block* make_block(std::uint32_t capacity);
  static void free_block(block* x) noexcept;

  template <class Match>
  const relation* find(std::size_t hash, Match match) const noexcept;
  static bool same(const relation& a, const relation& b) noexcept;
  static std::size_t hash_of(const relation& x) noexcept;
  void remove_at(std::uint32_t position);
  void move_to(std::uint32_t capacity);
  void rebuild_index(std::size_t buckets);
  std::size_t bucket_of(std::uint32_t position) const noexcept;
  void erase_bucket(std::size_t bucket);

  std::uint64_t word_ = 0;
};

} // namespace bennu::runtime::detail
