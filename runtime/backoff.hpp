#pragma once

#include "runtime/fwd.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace bennu::runtime {

/// How long a supervisor waits before it starts a crashed child again: `min`,
/// then `factor` times as long after each further crash, `max` at most; `min`
/// again once the child has run quietly for `quiet`. OTP restarts at once,
/// always; this is for children whose outside (a database, a broker) needs
/// time to come back. Every restart still counts for the restart intensity.
/// Value.
///
///     child_spec db = worker("db", connect);
///     db.backoff = backoff{.min = 100ms, .max = 30s};
struct backoff {
  std::chrono::milliseconds min{100};
  std::chrono::milliseconds max{30'000};
  double factor = 2.0;

  /// The part of a wait, 0 to 1, that is taken off at most, by a number that
  /// depends on the child's id and the attempt alone: children that died
  /// together come back spread, and a run stays repeatable.
  double jitter = 0.0;

  std::chrono::milliseconds quiet{60'000};
};

/// What is wrong with a backoff, and the mend; nothing when it is right.
std::optional<std::string> check(const backoff& x);

/// Counts one child's crashes and tells how long to wait. Value.
class backoff_counter {
public:
  /// The child runs.
  void started(time_point now) noexcept { started_ = now; }

  /// The child crashed, or did not start: how long to wait now. `id` seeds the
  /// jitter.
  duration next(const backoff& how, const std::string& id, time_point now);

  std::uint32_t attempts() const noexcept { return attempts_; }

private:
  std::optional<time_point> started_{};
  std::uint32_t attempts_ = 0;
};

} // namespace bennu::runtime
