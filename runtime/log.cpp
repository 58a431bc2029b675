#include "runtime/log.hpp"

#include "runtime/log_tap.hpp"

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <vector>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace bennu::runtime {

namespace {

std::atomic<log_level> threshold{log_level::info};
std::mutex sink_mutex;
auto& test_sink = *new log_sink;
auto& taps = *new std::vector<log_tap*>;

spdlog::level::level_enum spdlog_level(log_level level) {
  switch (level) {
  case log_level::debug:
    return spdlog::level::debug;
  case log_level::info:
    return spdlog::level::info;
  case log_level::warning:
    return spdlog::level::warn;
  case log_level::error:
    return spdlog::level::err;
  case log_level::off:
    break;
  }
  return spdlog::level::off;
}

/// Never destroyed: a thread left behind by its node may outlive main.
spdlog::logger& logger() {
  static auto& instance = *new auto([] {
    auto made = spdlog::stderr_color_mt("bennu");
    made->set_level(spdlog::level::debug);
    made->set_pattern("%Y-%m-%d %H:%M:%S.%e [%^%l%$] %v");
    return made;
  }());
  return *instance;
}

} // namespace

void log(log_level level, std::string_view line) {
  if (level < threshold || level == log_level::off)
    return;
  {
    const std::lock_guard guard{sink_mutex};
    for (auto* x : taps)
      x->note(level, line);
    if (test_sink)
      return test_sink(level, line);
  }
  logger().log(spdlog_level(level), line);
}

void log_threshold(log_level level) {
  threshold = level;
}

log_level log_threshold() {
  return threshold;
}

log_level parse_log_level(std::string_view name) {
  constexpr std::string_view names[] = {"debug", "info", "warning", "error",
                                        "off"};
  for (int i = 0; i < 5; ++i)
    if (names[i] == name)
      return static_cast<log_level>(i);
  throw std::invalid_argument(fmt::format(
    "log level \"{}\" is none of debug, info, warning, error, off", name));
}

log_tap::log_tap() {
  const std::lock_guard guard{sink_mutex};
  taps.push_back(this);
}

log_tap::~log_tap() {
  const std::lock_guard guard{sink_mutex};
  std::erase(taps, this);
}

void log_to(log_sink sink) {
  const std::lock_guard guard{sink_mutex};
  test_sink = std::move(sink);
}

} // namespace bennu::runtime
