#pragma once

#include "runtime/fwd.hpp"
#include "runtime/pid.hpp"
#include "runtime/process.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
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

/// All relations of one process: a short array, since nearly every process has
/// a handful; past `linear_max` it carries a hash index, so that a supervisor
/// of a million children links and unlinks in constant time. One pointer while
/// empty. Confined to its process's shard.
class relation_set {
public:
  static constexpr std::uint32_t linear_max = 16;

  relation_set() = default;
  relation_set(const relation_set&) = delete;
  relation_set& operator=(const relation_set&) = delete;
  ~relation_set();

  std::size_t size() const noexcept { return block_ ? block_->size : 0; }
  const relation* begin() const noexcept {
    return block_ ? block_->records() : nullptr;
  }
  const relation* end() const noexcept { return begin() + size(); }

  const relation* find_link(const pid& other) const noexcept;
  const relation* find_ref(monitor_ref ref) const noexcept;

  void add(const relation& x);

  /// `at` is one of begin()..end(); others may move.
  void remove(const relation* at);

  /// Gives back room that is not used.
  void shrink();

  std::size_t memory() const noexcept;

private:
  /// Positions + 1 by hash, open addressing.
  using hash_index = std::vector<std::uint32_t>;

  /// In front of the records. Behind them, where there may be more than
  /// linear_max, lies the index: a process with one link pays 32 bytes.
  struct block {
    std::uint32_t size = 0;
    std::uint32_t capacity = 0;

    relation* records() noexcept {
      return reinterpret_cast<relation*>(this + 1);
    }
    bool may_have_index() const noexcept { return capacity > linear_max; }
    std::unique_ptr<hash_index>& index_place() noexcept {
      return *reinterpret_cast<std::unique_ptr<hash_index>*>(records()
                                                             + capacity);
    }
  };

  /// Null while there is none.
  hash_index* index() const noexcept {
    return block_ && block_->may_have_index() ? block_->index_place().get()
                                              : nullptr;
  }
  static std::size_t size_of(std::uint32_t capacity) noexcept;
  static block* make_block(std::uint32_t capacity);
  static void free_block(block* x) noexcept;

  template <class Match>
  const relation* find(std::size_t hash, Match match) const noexcept;
  static std::size_t hash_of(const relation& x) noexcept;
  void grow();
  void move_to(std::uint32_t capacity);
  void rebuild_index(std::size_t buckets);
  std::size_t bucket_of(std::uint32_t position) const noexcept;
  void erase_bucket(std::size_t bucket);

  block* block_ = nullptr;
};

} // namespace bennu::runtime::detail
