#pragma once

#include <memory>

namespace bennu::channels {

class tracker_hub;

/// Shows a tracker to observers of its node: the sheets `presences` and
/// `replicas`. What is shown ends with the hub.
void publish_sheets(const std::shared_ptr<tracker_hub>& hub);

} // namespace bennu::channels
