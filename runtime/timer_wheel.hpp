#pragma once

#include "runtime/fwd.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace bennu::runtime {

/// The timers of one shard: a hierarchical timing wheel with a tick of one
/// millisecond. Setting, cancelling and firing cost the same however many are
/// pending. A timer never fires early, and at most one tick late on a shard
/// that is not busy. Equal deadlines fire in the order they were set.
/// Mirrors the wheel behind erlang:send_after. Confined to its shard.
class timer_wheel {
public:
  /// Pending timers at once; one more throws std::length_error in the process
  /// that sets it. Four for each process a shard can hold.
  static constexpr std::uint32_t timers_max = 4 * pid::processes_per_shard_max;
  static constexpr duration tick = std::chrono::milliseconds{1};

  /// What a timer is for; the wheel hands it back.
  struct action {
    pid to;
    message what;
  };

  explicit timer_wheel(time_point start);

  timer_ref set(time_point deadline, action what);

  /// Gives a pending timer something else to do.
  void change(timer_ref ref, action what);

  /// False when it has fired or never was.
  bool cancel(timer_ref ref) noexcept;

  /// Calls `fire` for each timer due at `now`, in order of deadlines. `fire`
  /// may set and cancel timers.
  void advance(time_point now,
               const std::function<void(timer_ref, action)>& fire);

  /// When a timer will fire; nothing when it has or never was.
  std::optional<time_point> deadline(timer_ref ref) const noexcept;

  std::size_t size() const noexcept { return size_; }

  /// A time no later than the first deadline; time_point::max() when empty.
  time_point next_due() const noexcept;

private:
  static constexpr unsigned bits = 8;
  static constexpr std::uint32_t slots = 1u << bits;
  static constexpr unsigned levels = 5; // 2^40 ms: 34 years
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct entry {
    std::uint64_t tick = 0;
    action what;
    std::uint32_t next = none;
    std::uint32_t previous = none;
    std::uint32_t generation = 0;
    std::uint32_t list = none; // level * slots + slot
  };
  struct list {
    std::uint32_t head = none;
    std::uint32_t tail = none;
  };

  timer_ref ref_of(std::uint32_t index) const noexcept;
  const entry* find(timer_ref ref) const noexcept;
  std::uint64_t tick_at_or_after(time_point t) const noexcept;
  void place(std::uint32_t index);
  void unlink(std::uint32_t index) noexcept;
  void release(std::uint32_t index) noexcept;
  void cascade(unsigned level);

  time_point start_;
  std::uint64_t now_ = 0;
  std::vector<entry> entries_;
  std::uint32_t free_ = none;
  std::size_t size_ = 0;
  std::array<list, slots * levels> lists_;
  std::bitset<slots> near_;
};

} // namespace bennu::runtime
