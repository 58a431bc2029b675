#pragma once

#include <atomic>
#include <cstdint>

namespace bennu::runtime {

/// A number one shard's thread counts and any may read, without a lock or a
/// locked instruction. Confined to its shard, but for value().
class shard_counter {
public:
  void add(std::uint64_t n = 1) noexcept { set(value() + n); }
  void subtract(std::uint64_t n = 1) noexcept { set(value() - n); }
  std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

private:
  void set(std::uint64_t x) noexcept {
    value_.store(x, std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t> value_{0};
};

} // namespace bennu::runtime
