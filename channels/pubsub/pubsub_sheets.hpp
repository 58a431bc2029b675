#pragma once

#include <memory>

namespace bennu::channels {

class pubsub_hub;

/// Shows a pubsub to observers of its node: the sheets `pubsub`, `topics` and
/// `channels`, and its subscriptions among the `tables` and their `rows`. What
/// is shown ends with the hub.
void publish_sheets(const std::shared_ptr<pubsub_hub>& hub);

} // namespace bennu::channels
