#include "runtime/log_tap.hpp"

#include <ctime>

namespace bennu::runtime {

void log_tap::note(log_level level, std::string_view text) {
  const std::lock_guard guard{mutex_};
  if (lines_.size() == lines_max)
    lines_.pop_front();
  lines_.push_back({.number = ++last_,
                    .time = std::time(nullptr),
                    .level = level,
                    .text = std::string{text.substr(0, line_max)}});
}

std::vector<log_tap::line> log_tap::lines(std::uint64_t after) const {
  const std::lock_guard guard{mutex_};
  std::vector<line> all;
  for (const auto& x : lines_)
    if (x.number > after)
      all.push_back(x);
  return all;
}

const char* to_string(log_level x) {
  switch (x) {
  case log_level::debug:
    return "debug";
  case log_level::info:
    return "info";
  case log_level::warning:
    return "warning";
  case log_level::error:
    return "error";
  case log_level::off:
    return "off";
  }
  return "";
}

} // namespace bennu::runtime
