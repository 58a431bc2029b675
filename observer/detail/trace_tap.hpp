#pragma once

#include "runtime/clock.hpp"
#include "runtime/sys.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace bennu::observer::detail {

/// What a traced process does, on its way to a viewer: a limited number of
/// events, for a limited time, at most until it ends, then it costs the process
/// a comparison until it is taken off. Thread-safe.
class trace_tap {
public:
  static constexpr std::size_t events_max = 1'000;
  static constexpr std::chrono::seconds time_max{60};

  trace_tap(std::size_t events, runtime::time_point until)
    : left_(std::min(events, events_max)), until_(until) {}

  void note(const runtime::sys::event& x) {
    const std::lock_guard guard{mutex_};
    if (left_ == 0)
      return;
    --left_;
    noted_.push_back(to_string(x));
    if (x.what == runtime::sys::event::kind::ended)
      left_ = 0;
  }

  /// What was noted since, and whether that was all.
  std::pair<std::vector<std::string>, bool> take() {
    const std::lock_guard guard{mutex_};
    if (runtime::real_clock().now() > until_)
      left_ = 0;
    return {std::exchange(noted_, {}), left_ == 0};
  }

private:
  std::mutex mutex_;
  std::size_t left_;
  const runtime::time_point until_;
  std::vector<std::string> noted_;
};
using trace_tap_ptr = std::shared_ptr<trace_tap>;

} // namespace bennu::observer::detail
