#pragma once

#include "channels/tracker/state.hpp"

#include <deque>
#include <vector>

namespace bennu::channels {

/// Who joined and left one topic. A presence that was updated is in both.
struct topic_diff {
  channels::topic topic{};
  std::vector<tracked_ptr> joins{};
  std::vector<tracked_ptr> leaves{};
};

/// What changed, topic by topic; no presence comes and goes in one. Value.
using tracker_diff = std::vector<topic_diff>;

/// What several changes, one after another, come to.
tracker_diff diff_of(const std::vector<presence_changes>& xs);

/// The diffs as one.
tracker_diff joined(const std::deque<tracker_diff>& xs);

} // namespace bennu::channels
