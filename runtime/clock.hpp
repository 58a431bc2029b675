#pragma once

#include "runtime/fwd.hpp"

#include <chrono>

namespace bennu::runtime {

/// Where time comes from. Only this file's source reads the machine's clocks,
/// so that a test can bring its own. Thread-safe.
class clock {
public:
  virtual ~clock() = default;

  /// Monotonic time.
  virtual time_point now() const = 0;
};

/// The machine's monotonic clock.
const clock& real_clock();

/// The time of day, which an administrator may set back.
std::chrono::system_clock::time_point wall_time();

} // namespace bennu::runtime
