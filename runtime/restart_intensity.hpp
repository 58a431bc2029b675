#pragma once

#include "runtime/fwd.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace bennu::runtime {

/// How many restarts a supervisor takes: more than `max_restarts` within
/// `within`, and it gives up, stops its children and ends with `shutdown`, for
/// its own supervisor to act. Mirrors OTP's intensity and period, with
/// Elixir's defaults, 3 in 5 s (OTP's are 1 in 5 s). Value.
struct restart_intensity {
  std::size_t max_restarts = 3;
  std::chrono::milliseconds within{5000};
};

/// What is wrong with an intensity, and the mend; nothing when it is right.
std::optional<std::string> check(const restart_intensity& x);

/// Remembers the restarts within the period, by OTP's arithmetic: times are
/// cut to whole seconds, a restart counts while its second is no older than
/// now's less the period, and the one just made counts. So two restarts just
/// under six seconds apart can still share a period of five.
/// Differs: a period that is no whole number of seconds (OTP has none) is
/// counted in milliseconds by the same rule.
/// Holds `max_restarts` + 1 times at most. Value.
///
///     restart_window window{{.max_restarts = 3}};
///     if (!window.allows(home().now()))
///       give_up();
class restart_window {
public:
  explicit restart_window(restart_intensity limit);

  /// Counts a restart at `now`; false when it is one too many.
  bool allows(time_point now);

  const restart_intensity& limit() const noexcept { return limit_; }

private:
  /// A time in the period's unit.
  std::int64_t cut(time_point t) const noexcept;

  restart_intensity limit_;
  std::int64_t unit_;   // nanoseconds
  std::int64_t period_; // units
  std::deque<std::int64_t> restarts_;
};

} // namespace bennu::runtime
