#pragma once

#include "runtime/process_info.hpp"

#include <caf/resumable.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bennu::runtime::detail {

/// Something to resume. A process lives until it exits, so its entry needs no
/// reference of its own; a stock actor's holds one. One word: a shard keeps
/// room for as many as were ever ready at once.
class ready_entry {
public:
  ready_entry() = default;
  ready_entry(caf::resumable* what, bool is_process) noexcept
    : at_(reinterpret_cast<char*>(what) + (is_process ? 1 : 0)) {
    static_assert(alignof(caf::resumable) > 1);
  }

  caf::resumable* what() const noexcept {
    return reinterpret_cast<caf::resumable*>(at_ - (is_process() ? 1 : 0));
  }
  bool is_process() const noexcept {
    return (reinterpret_cast<std::uintptr_t>(at_) & 1) != 0;
  }

private:
  /// One byte into a process.
  char* at_ = nullptr;
};

static_assert(sizeof(ready_entry) == 8);

/// Ready processes, first in, first out: a ring that only grows. Confined to
/// its shard.
class ready_ring {
public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  void push(const ready_entry& x) {
    if (size_ == ring_.size())
      grow();
    ring_[(head_ + size_++) & (ring_.size() - 1)] = x;
  }

  ready_entry pop() noexcept {
    const auto x = ring_[head_];
    head_ = (head_ + 1) & (ring_.size() - 1);
    --size_;
    return x;
  }

  /// Brings the entry `n` places behind the front to the front.
  void bring_forward(std::size_t n) noexcept {
    std::swap(ring_[head_], ring_[(head_ + n) & (ring_.size() - 1)]);
  }

private:
  void grow() {
    std::vector<ready_entry> larger(ring_.empty() ? 64 : ring_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i)
      larger[i] = ring_[(head_ + i) & (ring_.size() - 1)];
    ring_ = std::move(larger);
    head_ = 0;
  }

  std::vector<ready_entry> ring_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

/// The ready processes of a shard by priority: `high` first, `low` in every
/// eighth turn while others are ready, as in Erlang. Confined to its shard.
class run_queue {
public:
  static constexpr unsigned low_share = 8;

  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept {
    return rings_[0].size() + rings_[1].size() + rings_[2].size();
  }

  void push(const ready_entry& x, priority_level level) { ring(level).push(x); }

  ready_entry pop() noexcept {
    auto& from = next();
    turn_ = (turn_ + 1) % low_share;
    return from.pop();
  }

  /// Brings the entry `n` places behind the next one to the front, among those
  /// of its priority.
  void bring_forward(std::size_t n) noexcept {
    auto& from = next();
    from.bring_forward(n % from.size());
  }

private:
  ready_ring& ring(priority_level level) noexcept {
    return rings_[static_cast<std::size_t>(level)];
  }

  ready_ring& next() noexcept {
    auto& low = ring(priority_level::low);
    auto& normal = ring(priority_level::normal);
    auto& high = ring(priority_level::high);
    if (!high.empty())
      return high;
    return normal.empty() || (turn_ == 0 && !low.empty()) ? low : normal;
  }

  std::array<ready_ring, 3> rings_;
  unsigned turn_ = 0;
};

} // namespace bennu::runtime::detail
