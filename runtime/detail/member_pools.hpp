#pragma once

#include "runtime/pid.hpp"

#include <cstdint>
#include <stdexcept>
#include <vector>

namespace bennu::runtime::detail {

/// The dynamic supervisors of a shard, numbered, so that each of a million
/// children names its parent in one byte and costs the parent nothing. Whom a
/// parent has is found by looking at every process: that happens when it stops
/// or is looked at. Confined to its shard.
class member_pools {
public:
  static constexpr std::uint8_t none = 0;

  /// Dynamic supervisors with children at once.
  static constexpr std::size_t pools_max = 255;

  /// The number of a parent's pool; throws std::length_error past pools_max.
  std::uint8_t enter(const pid& parent) {
    if (const auto known = find(parent); known != none)
      return known;
    if (const auto free = find({}); free != none)
      return parents_[free - 1u] = parent, free;
    if (parents_.size() == pools_max)
      throw std::length_error(
        "a shard has room for 255 dynamic supervisors with children");
    parents_.push_back(parent);
    return static_cast<std::uint8_t>(parents_.size());
  }

  std::uint8_t find(const pid& parent) const noexcept {
    for (std::size_t i = 0; i < parents_.size(); ++i)
      if (parents_[i] == parent)
        return static_cast<std::uint8_t>(i + 1);
    return none;
  }

  void leave(const pid& parent) noexcept {
    if (const auto pool = find(parent); pool != none)
      parents_[pool - 1u] = {};
  }

  pid parent(std::uint8_t pool) const noexcept {
    return pool == none ? pid{} : parents_[pool - 1u];
  }

private:
  std::vector<pid> parents_;
};

} // namespace bennu::runtime::detail
