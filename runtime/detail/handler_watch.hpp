#pragma once

#include "runtime/clock.hpp"
#include "runtime/fwd.hpp"
#include "runtime/pid.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace bennu::runtime::detail {

/// What a shard lets other threads see of the handler it runs: a few relaxed
/// stores a message. Written by the shard alone, but for `late`.
class handler_pulse {
public:
  void begin(const pid& id) noexcept {
    slot_.store(id.slot, std::memory_order_relaxed);
    serial_.store(id.serial, std::memory_order_relaxed);
    step();
  }

  /// When the handler was first seen to be late, if it was.
  std::optional<time_point> end() noexcept {
    step();
    if (!late_.load(std::memory_order_relaxed)) [[likely]]
      return std::nullopt;
    late_.store(false, std::memory_order_relaxed);
    return time_point{duration{late_since_.load(std::memory_order_relaxed)}};
  }

  // -- from any thread --

  /// Odd while a handler runs; changes with each.
  std::uint64_t beat() const noexcept {
    return beat_.load(std::memory_order_acquire);
  }
  pid running(std::uint32_t node) const noexcept {
    return {node, slot_.load(std::memory_order_relaxed),
            serial_.load(std::memory_order_relaxed)};
  }
  void mark_late(time_point since) noexcept {
    late_since_.store(since.time_since_epoch().count(),
                      std::memory_order_relaxed);
    late_.store(true, std::memory_order_relaxed);
  }

private:
  void step() noexcept {
    beat_.store(beat_.load(std::memory_order_relaxed) + 1,
                std::memory_order_release);
  }

  std::atomic<std::uint64_t> beat_{0};
  std::atomic<std::uint32_t> slot_{0};
  std::atomic<std::uint32_t> serial_{0};
  std::atomic<bool> late_{false};
  std::atomic<duration::rep> late_since_{0};
};

/// A thread that looks at the pulses of shards and tells of handlers that run
/// longer than `limit`: Erlang's long_schedule. It looks twice in that time, so
/// a report comes after 1 to 1.5 times the limit. Thread-safe.
class handler_watch {
public:
  struct sight {
    std::size_t shard = 0;
    pid id;
    duration for_at_least{};
  };
  using on_late = std::function<void(const sight&)>;

  handler_watch(const clock& time, duration limit, std::uint32_t node,
                std::vector<handler_pulse*> pulses, on_late tell);
  handler_watch(const handler_watch&) = delete;
  handler_watch& operator=(const handler_watch&) = delete;
  ~handler_watch();

  /// Handlers that were running the last two times it looked, late or not.
  std::vector<sight> running() const;

private:
  struct seen {
    std::uint64_t beat = 0;
    time_point since;
    pid id;
    bool told = false;
  };

  void run();
  void look();

  const clock& time_;
  const duration limit_;
  const std::uint32_t node_;
  const std::vector<handler_pulse*> pulses_;
  const on_late tell_;
  mutable std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::vector<seen> seen_;
  std::thread thread_;
};

} // namespace bennu::runtime::detail
