#pragma once

#include "runtime/fwd.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"
#include "runtime/process.hpp"
#include "runtime/timer_wheel.hpp"

#include <functional>
#include <optional>
#include <unordered_map>

namespace bennu::runtime::detail {

/// Everything a shard does at a later time, on one wheel: functions to call,
/// messages to pids and names, intervals, limits of requests. What is meant for
/// a process of this shard ends with it. Confined to its shard.
class shard_timers {
public:
  /// A repetition that comes faster than the wheel turns would never end.
  static constexpr duration interval_min = timer_wheel::tick;

  explicit shard_timers(shard_impl& home);

  /// Sends `what` to `to`; with no process to go to, `what` is a
  /// std::function<void()> to call.
  timer_ref set(duration after, const pid& to, message what);
  timer_ref set(duration after, const named& to, message what);

  /// Sends a timeout_message that carries the timer and `what`.
  timer_ref set_timeout(duration after, const pid& to, message what);

  timer_ref set_interval(duration period, const pid& to, message what);

  std::optional<duration> cancel(timer_ref ref) noexcept;
  std::optional<duration> read(timer_ref ref) const noexcept;

  /// Cancels without looking at the clock.
  std::optional<time_point> drop(timer_ref ref) noexcept;

  /// Drops all that is meant for a process of this shard, which ends.
  void drop_to(const pid& process);

  void advance(time_point now);
  time_point next_due() const noexcept { return wheel_.next_due(); }
  std::size_t size() const noexcept { return wheel_.size(); }

private:
  void fire(timer_ref ref, timer_wheel::action what);
  void fire_interval(timer_ref first, const pid& to);
  void send(const pid& to, message what);
  std::optional<duration>
  left_until(std::optional<time_point> due) const noexcept;

  /// The wheel's timer behind a reference: an interval has a new one each
  /// time.
  timer_ref current(timer_ref ref) const noexcept;

  struct interval {
    duration period;
    time_point due;
    message what;
    timer_ref now;
  };

  shard_impl& home_;
  timer_wheel wheel_;
  std::unordered_map<timer_ref, interval> intervals_;
};

} // namespace bennu::runtime::detail
