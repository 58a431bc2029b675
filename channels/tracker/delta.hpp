#pragma once

#include "channels/pubsub/topic.hpp"
#include "channels/tracker/replica.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace bennu::channels {

/// One presence: that a process is on a topic under a key, with what it says
/// of itself. `clock` is its number among the changes of its replica: the two
/// are its tag, which no other presence ever has. Immutable and shared.
struct tracked {
  channels::topic topic{};
  channels::topic key{};
  runtime::pid who{};
  runtime::message meta{};
  std::uint64_t clock = 0;
};
using tracked_ptr = std::shared_ptr<const tracked>;

/// What a sender knows of one replica: which of its changes it has seen, and
/// which presences were alive then. One that was seen and is not alive has
/// left. Value.
struct delta_part {
  replica of{};

  /// Seen are those past `after` up to `upto`, and, ascending, these.
  std::uint64_t after = 0;
  std::uint64_t upto = 0;
  std::vector<std::uint64_t> seen{};

  /// Ascending by clock; all of them seen.
  std::vector<tracked_ptr> live{};

  bool has_seen(std::uint64_t clock) const;
  bool is_live(std::uint64_t clock) const;

  /// What it takes to send: the changes it tells of.
  std::size_t size() const noexcept {
    return static_cast<std::size_t>(upto - after) + seen.size();
  }
};

/// Part of a tracker's state, or all of it: what replicas send each other.
/// Merging one twice, late or out of order does no harm. Value.
struct delta {
  /// Changes of one life of a replica: more than there is time for.
  static constexpr std::uint64_t clock_max = std::uint64_t{1} << 62;

  std::vector<delta_part> parts{};

  bool empty() const noexcept { return parts.empty(); }
  std::size_t size() const noexcept;
};

/// Whether it is what a state can have made; only such are merged.
bool is_well_formed(const delta& x);

/// Adds the changes of `by`; false, and nothing done, when those between the
/// two are missing.
bool extend(delta& to, const delta& by);

} // namespace bennu::channels
