#pragma once

#include "examples/load/user.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace load {

/// One alarm for each user of a thread: a wheel of lists through the users
/// themselves, so that a million pauses need no memory. Rings within two ticks
/// after it is due, never before. Confined to its thread.
class user_timers {
public:
  static constexpr auto tick = std::chrono::milliseconds{4};

  /// 16 s a turn; who is due later is looked at once a turn.
  static constexpr std::size_t slot_count = 4096;

  user_timers(std::vector<user>& users, std::int64_t now_ns);

  /// Replaces an earlier alarm of the same user.
  void set(std::uint32_t who, std::int64_t due_ns);
  void cancel(std::uint32_t who);

  /// Calls `f(who)` for all that are due; `f` may set and cancel.
  template <class F>
  void advance(std::int64_t now_ns, F f) {
    const auto now = tick_of(now_ns);
    while (next_tick_ <= now) {
      collect(next_tick_++);
      // By index: f may set, which does not touch this list, and cancel.
      for (std::size_t i = 0; i < ready_.size(); ++i)
        if (const auto who = ready_[i]; users_[who].due == rung) {
          users_[who].due = 0;
          f(who);
        }
    }
  }

  /// When to look again, at most `longest` from now.
  std::chrono::milliseconds until_next(std::int64_t now_ns,
                                       std::chrono::milliseconds longest) const;

private:
  static constexpr std::uint32_t rung = 0xFFFFFFFF;

  std::uint32_t tick_of(std::int64_t ns) const;
  void unlink(std::uint32_t who);
  void collect(std::uint32_t at);

  std::vector<user>& users_;
  std::int64_t begin_ns_;
  std::uint32_t next_tick_ = 1;
  std::vector<std::uint32_t> slots_;
  std::vector<std::uint32_t> ready_;
};

} // namespace load
