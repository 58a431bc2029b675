#include "examples/chat/tree.hpp"

#include "channels/presence.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/socket_spec.hpp"
#include "examples/chat/history.hpp"
#include "examples/chat/room_channel.hpp"
#include "observer/agent.hpp"
#include "transport/endpoint.hpp"

namespace chat {

namespace channels = bennu::channels;
namespace runtime = bennu::runtime;
namespace transport = bennu::transport;
using namespace std::chrono_literals;

// [tree]
channels::socket_spec user_socket(const options& opts) {
  return {
    .channels = {channels::route<room_channel>("rooms:*")},
    .heartbeat_timeout = opts.timeout,
  };
}

runtime::supervisor_spec tree(const options& opts) {
  return runtime::rest_for_one(
    "chat", {.max_restarts = 3, .within = 5s},
    channels::pubsub_spec({.name = "chat.pubsub"}),
    channels::presence_spec({.name = presence_name, .pubsub = "chat.pubsub"}),
    runtime::worker(history_name, history, history_limits{}),
    transport::endpoint({
      .name = "chat.endpoint",
      .port = opts.port,
      .host = opts.host,
      .pubsub = "chat.pubsub",
      .sockets = {{"/socket", user_socket(opts), {.longpoll = true}}},
      .static_dir = opts.static_dir,
      .check_origin = opts.check_origin,
      .connections_expected = opts.connections,
      .drain = {.shutdown = opts.drain_time},
    }));
}
// [tree]

runtime::supervisor_spec observed_tree(const options& opts) {
  auto top = tree(opts);
  // First, so that it sees the others restart.
  if (opts.observer)
    top.children.insert(top.children.begin(),
                        bennu::observer::agent(*opts.observer));
  return top;
}

} // namespace chat
