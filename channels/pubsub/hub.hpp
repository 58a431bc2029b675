#pragma once

#include "channels/pubsub/adapter.hpp"
#include "channels/pubsub/interest.hpp"
#include "channels/pubsub/member.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "runtime/node.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace bennu::channels {

/// What the servers of one pubsub share, and what outlives them: a member for
/// each. Thread-safe as far as its members are.
class pubsub_hub {
public:
  pubsub_hub(runtime::node& node, pubsub_options options);

  runtime::node& node() const noexcept { return node_; }
  const pubsub_options& options() const noexcept { return options_; }
  channels::adapter& adapter() const noexcept { return *adapter_; }

  std::size_t size() const noexcept { return members_.size(); }
  pubsub_member& member(std::size_t index) const { return *members_[index]; }

  /// The member that holds the subscriptions of a process: one of its shard.
  pubsub_member& member_of(const runtime::pid& who) const;

  /// Hands a broadcast to every member that may have a subscriber, or throws
  /// std::length_error when one has no room.
  void publish_local(const publication& what);

  /// Broadcasts so far.
  std::uint64_t broadcasts() const noexcept {
    return broadcasts_.load(std::memory_order_relaxed);
  }

private:
  runtime::node& node_;
  const pubsub_options options_;
  std::unique_ptr<channels::adapter> adapter_;
  std::atomic<std::uint64_t> broadcasts_{0};
  channels::interest interest_;
  std::vector<std::unique_ptr<pubsub_member>> members_;
};

} // namespace bennu::channels
