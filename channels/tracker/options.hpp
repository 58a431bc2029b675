#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace bennu::channels {

/// How replicas of a tracker keep in step. Mirrors the options of
/// Phoenix.Tracker, with its defaults. Value.
struct tracker_timing {
  /// Between two heartbeats, each with what has changed.
  std::chrono::milliseconds broadcast_period{1500};

  /// Periods without a change that pass without a heartbeat. 10 are 15 s: half
  /// of down_period, so one lost heartbeat is not taken for a death.
  std::size_t max_silent_periods = 10;

  /// Silence after which a replica's presences are out of sight. At least two
  /// broadcast periods.
  std::chrono::milliseconds down_period{30'000};

  /// Silence after which they are forgotten; longer than down_period. 20
  /// minutes: a netsplit that heals before costs no transfer of everything.
  std::chrono::milliseconds permdown_period{1'200'000};

  /// Periods after which what was missed is asked for: heartbeats of two tell
  /// whom to ask.
  std::size_t clock_sample_periods = 2;

  /// Changes in each delta that is kept for who missed some; ascending. A
  /// heartbeat brings at most as many as the last; for more, the others ask.
  std::vector<std::size_t> max_delta_sizes{100, 1000, 10'000};

  /// Names of other replicas known at once; more are not heard. Each sends
  /// and keeps a clock of every other.
  std::size_t replicas_max = 1000;
};

/// What is wrong with it, in Phoenix's words; nothing when all is right.
std::optional<std::string> check(const tracker_timing& x);

} // namespace bennu::channels
