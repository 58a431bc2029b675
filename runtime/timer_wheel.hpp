#pragma once

#include "runtime/fwd.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace bennu::runtime {

namespace detail {
class process_table;
} // namespace detail

/// The timers of one shard: a hierarchical timing wheel with a tick of one
/// millisecond. Setting, cancelling and firing cost the same however many are
/// pending. A timer never fires early, and at most one tick late on a shard
/// that is not busy. Equal deadlines fire in the order they were set.
/// Mirrors the wheel behind erlang:send_after. The timers to one process of the
/// shard are chained, from that process's place in the table on, so that they
/// end with it and a process without any pays nothing. Confined to its shard.
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

  /// Without a table no timer ends with its process.
  explicit timer_wheel(time_point start,
                       detail::process_table* processes = nullptr);

  /// A timer to one of the table's dead is over at once.
  timer_ref set(time_point deadline, action what);

  /// Gives a pending timer another message.
  void change(timer_ref ref, message what);

  /// When it would have fired; nothing when it has or never was.
  std::optional<time_point> cancel(timer_ref ref) noexcept;

  /// Drops all timers to a process of the table that ends, calling `dropped`
  /// with what each was for.
  template <class F>
  void drop_to(const pid& process, F dropped) {
    while (const auto what = drop_first_to(process))
      dropped(*what);
  }

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

  /// In place of a neighbour: there is none, but the list or the process that
  /// the entry is an end of.
  static constexpr std::uint32_t end_mark = 1u << 31;
  static constexpr std::uint32_t end_of(std::uint32_t x) noexcept {
    return x | end_mark;
  }
  static constexpr bool is_end(std::uint32_t x) noexcept {
    return (x & end_mark) != 0;
  }
  static_assert(timers_max < end_mark && slots * levels < end_mark);

  struct entry {
    std::uint64_t tick = 0;
    message what;
    pid to;
    std::uint32_t generation = 0;
    // In its list, whose number is level * slots + slot; `previous` is none
    // unless it is pending.
    std::uint32_t next = none;
    std::uint32_t previous = none;
    // Among those to the same process of the table.
    std::uint32_t next_to = none;
    std::uint32_t previous_to = none;
  };
  static_assert(sizeof(entry) == 48, "a million pending timers are 48 MB");

  struct list {
    std::uint32_t head = none;
    std::uint32_t tail = none;
  };

  timer_ref ref_of(std::uint32_t index) const noexcept;
  const entry* find(timer_ref ref) const noexcept;
  std::uint64_t tick_at_or_after(time_point t) const noexcept;
  std::uint32_t acquire();
  void place(std::uint32_t index);
  void chain(std::uint32_t index, std::uint32_t& first,
             std::uint32_t place) noexcept;
  message take(std::uint32_t index) noexcept;
  void unlink(std::uint32_t index) noexcept;
  void unchain(std::uint32_t index) noexcept;
  void release(std::uint32_t index) noexcept;
  std::optional<message> drop_first_to(const pid& process) noexcept;
  void cascade(unsigned level);

  /// The first of level 0's slots from `slot` on that holds a timer; `slots`
  /// when none does.
  std::uint32_t first_near(std::uint32_t slot) const noexcept;
  time_point time_of(const entry& x) const noexcept;

  detail::process_table* processes_;
  time_point start_;
  std::uint64_t now_ = 0;
  std::vector<entry> entries_;
  std::uint32_t free_ = none;
  std::size_t size_ = 0;
  std::array<list, slots * levels> lists_;
  std::array<std::uint64_t, slots / 64> near_{}; // a bit a slot of level 0
};

} // namespace bennu::runtime
