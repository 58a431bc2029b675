#include "channels/tracker/options.hpp"

#include <algorithm>
#include <functional>

namespace bennu::channels {

std::optional<std::string> check(const tracker_timing& x) {
  if (x.broadcast_period.count() <= 0)
    return "broadcast_period must be positive";
  if (x.down_period < 2 * x.broadcast_period)
    return "down_period must be at least twice as large as the "
           "broadcast_period";
  if (x.permdown_period <= x.down_period)
    return "permdown_period must be at least larger than the down_period";
  if (x.clock_sample_periods == 0)
    return "clock_sample_periods must be positive";
  const auto& sizes = x.max_delta_sizes;
  if (sizes.empty()
      || std::adjacent_find(sizes.begin(), sizes.end(), std::greater_equal<>{})
           != sizes.end())
    return "max_delta_sizes must be ascending sizes";
  return {};
}

} // namespace bennu::channels
