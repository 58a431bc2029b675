#include "channels/pubsub/server.hpp"

#include "runtime/node.hpp"
#include "runtime/shard.hpp"

#include <utility>

#include <fmt/core.h>

namespace bennu::channels {

pubsub_server::pubsub_server(std::shared_ptr<pubsub_hub> hub, std::size_t index)
  : hub_(std::move(hub)), index_(index) {}

void pubsub_server::init() {
  mine().server_started(self());
  for (const auto& who : mine().watched())
    monitor(who);
  // Whatever a killed predecessor had left, and was woken for.
  send(self(), pubsub_work{});
}

void pubsub_server::handle_message(runtime::message& msg) {
  if (msg.holds<pubsub_work>()) {
    if (mine().serve(*this))
      serve_on_next_turn();
  } else if (const auto* down = msg.value_if<runtime::down_message>()) {
    mine().forget(down->from);
  }
}

void pubsub_server::serve_on_next_turn() {
  // Not a message to itself: the mailbox would be worked off within this turn,
  // before anything is written or read.
  home().post([&node = node(), id = self()] { node.send(id, pubsub_work{}); });
}

std::string pubsub_server::label() const {
  return "pubsub server " + pubsub_server_name(hub_->options().name, index_);
}

std::string pubsub_server_name(std::string_view pubsub, std::size_t index) {
  return fmt::format("{}.{}", pubsub, index);
}

} // namespace bennu::channels
