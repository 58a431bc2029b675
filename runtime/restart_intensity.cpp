#include "runtime/restart_intensity.hpp"

#include <fmt/core.h>

namespace bennu::runtime {

namespace {

constexpr std::chrono::nanoseconds second = std::chrono::seconds{1};
constexpr std::chrono::nanoseconds millisecond = std::chrono::milliseconds{1};

std::int64_t unit_of(std::chrono::nanoseconds period) {
  return (period % second).count() == 0 ? second.count() : millisecond.count();
}

} // namespace

std::optional<std::string> check(const restart_intensity& x) {
  if (x.within.count() > 0)
    return std::nullopt;
  return fmt::format("its restart intensity is counted within {} ms: give a "
                     "period above 0",
                     x.within.count());
}

restart_window::restart_window(restart_intensity limit)
  : limit_(limit), unit_(unit_of(limit.within)),
    period_(std::chrono::nanoseconds{limit.within}.count() / unit_) {}

std::int64_t restart_window::cut(time_point t) const noexcept {
  const auto since = t.time_since_epoch().count();
  return since / unit_ - (since % unit_ < 0 ? 1 : 0);
}

bool restart_window::allows(time_point now) {
  const auto at = cut(now);
  while (!restarts_.empty() && restarts_.front() < at - period_)
    restarts_.pop_front();
  restarts_.push_back(at);
  if (restarts_.size() <= limit_.max_restarts)
    return true;
  restarts_.pop_front();
  return false;
}

} // namespace bennu::runtime
