#pragma once

#include "runtime/fwd.hpp"

#include <cstddef>
#include <functional>

namespace bennu::runtime {

/// One thread of a node, with everything its processes need: run queue,
/// process table, timing wheel, poller. A layer above uses it for what is
/// not a message: sockets' readiness, flushing, coarse timeouts.
/// Confined to its thread, except post().
class shard {
public:
  /// Called once in each turn of the shard, after processes have run and
  /// before it may sleep: the place to write what the turn has produced.
  class turn_hook {
  public:
    virtual ~turn_hook() = default;
    virtual void turn_ended() = 0;
  };

  /// The shard whose thread (or simulated step) this is; null elsewhere.
  static shard* current() noexcept;

  virtual ~shard() = default;

  virtual runtime::node& node() noexcept = 0;
  virtual std::size_t index() const noexcept = 0;

  /// The descriptors it waits for. A detached process's shard has none, and
  /// throws std::logic_error.
  virtual runtime::poller& poller() = 0;

  /// The time this turn began.
  virtual time_point now() const noexcept = 0;

  /// The process of this shard that `id` names, or null. Valid until the
  /// process ends: do not keep it across turns.
  virtual process* find(const pid& id) noexcept = 0;

  /// Runs `f(self)` as if `self` handled a message: what it throws ends
  /// `self`, sends come from it, and a reduction is counted. Returns false
  /// when `self` has ended by it.
  virtual bool run_as(process& self, const std::function<void()>& f) = 0;

  /// Calls `f` on this shard once, `after` from now; not a process's timer.
  virtual timer_ref call_after(duration after, std::function<void()> f) = 0;
  virtual bool cancel(timer_ref ref) = 0;

  virtual void add_hook(turn_hook& hook) = 0;
  virtual void remove_hook(turn_hook& hook) = 0;

  /// Runs `f` on this shard soon, from any thread. Thread-safe.
  virtual void post(std::function<void()> f) = 0;
};

} // namespace bennu::runtime
