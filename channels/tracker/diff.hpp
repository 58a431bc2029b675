#pragma once

#include "channels/tracker/state.hpp"

#include <cstddef>
#include <deque>
#include <vector>

namespace bennu::channels {

/// Who joined and left one topic: a presence that was updated with its new
/// meta and with its old. A leave may be of one that nobody was told of, which
/// came and went meanwhile: whoever listed the topic in between has seen it. So
/// may a join be of one that was out of sight meanwhile.
struct topic_diff {
  channels::topic topic{};
  std::vector<tracked_ptr> joins{};
  std::vector<tracked_ptr> leaves{};
};

/// What changed, topic by topic; no presence both comes and goes. Value.
using tracker_diff = std::vector<topic_diff>;

/// How many changes it tells of.
std::size_t size_of(const tracker_diff& x) noexcept;

/// What several changes, one after another, come to.
tracker_diff diff_of(const std::vector<presence_changes>& xs);

/// The diffs as one.
tracker_diff joined(const std::deque<tracker_diff>& xs);

} // namespace bennu::channels
