#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <fmt/core.h>

namespace bennu::runtime {

enum class log_level { debug, info, warning, error, off };

/// Writes one line to the process's log (standard error, by spdlog), or to the
/// sink a test has set. Thread-safe.
void log(log_level level, std::string_view line);

/// Lines below this level are neither formatted nor written. Default: info.
void log_threshold(log_level level);
log_level log_threshold();

/// "debug", "info", "warning", "error" or "off"; anything else throws
/// std::invalid_argument with a text that lists these.
log_level parse_log_level(std::string_view name);

/// Redirects lines, for tests; an empty function restores standard error.
using log_sink = std::function<void(log_level, std::string_view)>;
void log_to(log_sink sink);

template <class... Ts>
void log(log_level level, fmt::format_string<Ts...> text, Ts&&... xs) {
  if (level >= log_threshold())
    log(level, std::string_view{fmt::format(text, std::forward<Ts>(xs)...)});
}

} // namespace bennu::runtime
