#pragma once

#include "examples/load/run.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace load {

/// The live page: our own endpoint with a channel, `load:figures`, which
/// replies to a join with what has been and then pushes `sample` once a
/// second. On loopback, and read-only. Thread-safe.
///
///     load::page page{8091, "build/dev/share/load"};
///     page.show(sample);
class page {
public:
  /// `port` 0: one that is free. Throws std::invalid_argument with a line that
  /// says why there is no page.
  page(std::uint16_t port, const std::string& folder);
  ~page();
  page(const page&) = delete;
  page& operator=(const page&) = delete;

  std::uint16_t port() const noexcept;
  void show(const sample& x);

  /// Samples a viewer who comes late is given: an hour.
  static constexpr std::size_t samples_max = 3'600;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// A page that needs nothing else: the result, its charts, and what draws
/// them. Reads uPlot from `folder`; throws std::runtime_error when that or the
/// file cannot be.
void write_report(const std::string& file, const std::string& folder,
                  const json& result, const std::deque<sample>& samples);

} // namespace load
