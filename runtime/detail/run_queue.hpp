#pragma once

#include <caf/resumable.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace bennu::runtime::detail {

/// The ready processes of a shard, first in, first out: a ring that only
/// grows. Each entry holds one reference. Confined to its shard.
class run_queue {
public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  void push(caf::resumable* x) {
    if (size_ == ring_.size())
      grow();
    ring_[(head_ + size_++) & (ring_.size() - 1)] = x;
  }

  caf::resumable* pop() noexcept {
    auto* x = ring_[head_];
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
    std::vector<caf::resumable*> larger(ring_.empty() ? 64 : ring_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i)
      larger[i] = ring_[(head_ + i) & (ring_.size() - 1)];
    ring_ = std::move(larger);
    head_ = 0;
  }

  std::vector<caf::resumable*> ring_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

} // namespace bennu::runtime::detail
