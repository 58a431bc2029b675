#pragma once

#include "runtime/log.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::runtime {

/// Keeps the last lines of the process's log while it lives, for whoever looks
/// later. Lines below the log's threshold are not seen. Thread-safe.
class log_tap {
public:
  /// Enough to see what led to what; some hundred kilobytes.
  static constexpr std::size_t lines_max = 1'000;

  /// A longer line is kept without its end.
  static constexpr std::size_t line_max = 1'000;

  struct line {
    /// Counts from 1.
    std::uint64_t number = 0;

    /// Seconds since 1970.
    std::int64_t time = 0;
    log_level level = log_level::info;
    std::string text{};
  };

  log_tap();
  log_tap(const log_tap&) = delete;
  log_tap& operator=(const log_tap&) = delete;
  ~log_tap();

  /// The lines behind number `after`, the oldest first.
  std::vector<line> lines(std::uint64_t after = 0) const;

  /// Called by log().
  void note(log_level level, std::string_view text);

private:
  mutable std::mutex mutex_;
  std::deque<line> lines_;
  std::uint64_t last_ = 0;
};

/// "warning"
const char* to_string(log_level x);

} // namespace bennu::runtime
