#pragma once

#include "channels/pubsub/hub.hpp"
#include "runtime/process.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace bennu::channels {

/// A server of a pubsub: writes broadcasts to the subscribers of its shard,
/// some at a time, so that what else the shard has to do runs in between.
/// Confined to its process.
class pubsub_server final : public runtime::process {
public:
  pubsub_server(std::shared_ptr<pubsub_hub> hub, std::size_t index);

  const std::shared_ptr<pubsub_hub>& hub() const noexcept { return hub_; }

  /// A plain subscriber, whose end the server is to notice.
  void watch(const runtime::pid& who) { monitor(who); }

protected:
  void init() override;
  void handle_message(runtime::message& msg) override;
  std::string label() const override;

private:
  void serve_on_next_turn();
  pubsub_member& mine() const { return hub_->member(index_); }

  std::shared_ptr<pubsub_hub> hub_;
  std::size_t index_;
};

/// "chat.pubsub.0": the name a server is registered under.
std::string pubsub_server_name(std::string_view pubsub, std::size_t index);

} // namespace bennu::channels
