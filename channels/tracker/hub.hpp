#pragma once

#include "channels/pubsub/pubsub.hpp"
#include "channels/tracker/member.hpp"
#include "channels/tracker/tracker.hpp"
#include "runtime/node.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::channels {

/// What the processes of one tracker share, and what outlives them: a member
/// for each. Thread-safe, as its members are.
class tracker_hub {
public:
  tracker_hub(runtime::node& node, tracker_options options);

  runtime::node& node() const noexcept { return node_; }
  const tracker_options& options() const noexcept { return options_; }
  const pubsub& bus() const noexcept { return bus_; }

  std::size_t size() const noexcept { return members_.size(); }
  tracker_member& member(std::size_t index) const { return *members_[index]; }

  /// The member that holds a topic: the same on all nodes.
  tracker_member& member_of(std::string_view topic) const;

  /// Tells a member's process what a verb has left for it.
  void carry_out(const tracker_member::outcome& x,
                 const runtime::pid& who) const;

  /// So that tracker::find finds it.
  static void publish(const std::shared_ptr<tracker_hub>& hub);

private:
  runtime::node& node_;
  const tracker_options options_;
  pubsub bus_;
  std::vector<std::unique_ptr<tracker_member>> members_;
};

/// "chat.presence.0": the name a process of a tracker is registered under.
std::string tracker_server_name(std::string_view tracker, std::size_t index);

} // namespace bennu::channels
