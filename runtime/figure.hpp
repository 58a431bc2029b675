#pragma once

#include "runtime/sheet.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace bennu::runtime {

/// A number of a node that its layers keep anyway, for whoever wants to see how
/// it changes. Read often, as once a second: from any thread, and without
/// waiting for a shard. Those of one name are added up. Value.
struct figure {
  /// What is there now, or what has been counted so far.
  enum class kind : std::uint8_t { level, count };

  std::string name{};

  /// Whose it is; publishing again with the same source replaces.
  std::string source{};
  figure::kind what = kind::level;

  /// integer, bytes or time_ms.
  cell_kind unit = cell_kind::integer;
  std::function<std::int64_t()> read{};
};

/// A figure as it is now. Value.
struct figure_value {
  std::string name{};
  figure::kind what = figure::kind::level;
  cell_kind unit = cell_kind::integer;
  std::int64_t value = 0;
};

} // namespace bennu::runtime
