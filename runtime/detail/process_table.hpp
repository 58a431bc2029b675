#pragma once

#include "runtime/pid.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace bennu::runtime::detail {

class process_core;

/// Which process is in which slot of a shard, and whose serial is valid there.
/// Slots are reused first in, first out, their serials grow. A slot for a
/// process spawned by another shard comes from `reserve_remote`, the one member
/// that any thread may call; such slots lie at the table's far end, so that
/// spawning on the own shard takes no lock.
class process_table {
public:
  static constexpr std::uint32_t chunk_bits = 12;
  static constexpr std::uint32_t chunk_size = 1u << chunk_bits;

  /// The end of a chain.
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  process_table(std::uint32_t node, std::size_t shard);

  /// A free place, or an empty pid when all are taken.
  pid acquire();
  pid reserve_remote();

  void insert(const pid& id, process_core* core);
  void erase(const pid& id);

  /// Whether the pid is of this table, be the process alive or not.
  bool names(const pid& id) const noexcept {
    return id.node == node_
           && (id.slot & ~(pid::processes_per_shard_max - 1)) == first_slot_;
  }

  process_core* find(const pid& id) const noexcept {
    const auto* x = taken(id);
    return x ? x->core : nullptr;
  }

  /// Where the timer wheel keeps the first of the timers to a process; null
  /// when the process is not here.
  std::uint32_t* first_timer(const pid& id) noexcept {
    auto* x = taken(id);
    return x ? &x->chain : nullptr;
  }

  /// The same, of a process that is known to be in that place.
  std::uint32_t& first_timer_at(std::uint32_t index) noexcept {
    return (*chunks_[index >> chunk_bits])[index & (chunk_size - 1)].chain;
  }

  /// From any thread, for observers.
  std::size_t size() const noexcept {
    return size_.load(std::memory_order_relaxed);
  }

  template <class F>
  void for_each(F f) const {
    for (const auto& part : chunks_)
      for (std::uint32_t i = 0; part && i < chunk_size; ++i)
        if ((*part)[i].core)
          f(*(*part)[i].core);
  }

  /// Calls `f(core)` from place `first` on until it says false or `places` are
  /// looked at; returns where to go on, processes_per_shard_max at the end.
  /// Places that were never used cost nothing.
  template <class F>
  std::uint32_t visit(std::uint32_t first, std::size_t places, F f) const {
    auto i = first;
    while (i < pid::processes_per_shard_max) {
      const auto& part = chunks_[i >> chunk_bits];
      if (!part) {
        i = (i | (chunk_size - 1)) + 1;
        continue;
      }
      if (places-- == 0)
        return i;
      auto* core = (*part)[i++ & (chunk_size - 1)].core;
      if (core && !f(*core))
        return i;
    }
    return i;
  }

private:
  struct slot {
    process_core* core = nullptr;
    std::uint32_t serial = 0;
    /// Of a free place the next free one, of a taken one its first timer.
    std::uint32_t chain = none;
  };
  using chunk = std::array<slot, chunk_size>;

  static_assert(sizeof(slot) == 16, "what a process costs beside its object");

  slot* taken(const pid& id) const noexcept {
    if (!names(id))
      return nullptr;
    const auto& where = chunks_[id.index() >> chunk_bits];
    if (!where)
      return nullptr;
    auto& x = (*where)[id.index() & (chunk_size - 1)];
    return x.serial == id.serial && x.core ? &x : nullptr;
  }

  slot& at(std::uint32_t index);
  void size(std::size_t x) noexcept {
    size_.store(x, std::memory_order_relaxed);
  }

  std::uint32_t node_;
  std::uint32_t first_slot_; // the shard, where a pid has it
  std::vector<std::unique_ptr<chunk>> chunks_{pid::processes_per_shard_max
                                              / chunk_size};
  std::uint32_t free_head_ = none;
  std::uint32_t free_tail_ = none;
  std::uint32_t used_ = 0;
  std::atomic<std::size_t> size_{0};

  /// Remote slots: index >= remote_from_.
  struct remote_slot {
    std::uint32_t index;
    std::uint32_t serial;
  };
  std::mutex remote_mutex_;
  std::vector<remote_slot> remote_free_;
  std::uint32_t remote_used_ = 0;
  static constexpr std::uint32_t remote_max = pid::processes_per_shard_max / 4;
};

} // namespace bennu::runtime::detail
