#include "transport/detail/connection_holder.hpp"

#include "runtime/log.hpp"
#include "runtime/shard.hpp"

#include <utility>

namespace bennu::transport::detail {

// Closed, not gone: whoever runs just now may be one of its connections.
connection_holder::~connection_holder() {
  if (part().transport)
    part().transport->shut();
}

endpoint_state::part& connection_holder::part() {
  return *state_->parts[home().index()];
}

std::string connection_holder::label() const {
  return "connections of " + state_->options.name;
}

void connection_holder::init() {
  const auto& options = state_->options;
  auto& mine = part();
  const shard_transport_options how{
    .silence = {.handshake = options.request_timeout,
                .closing = options.close_timeout,
                .idle = state_->idle_limits()},
    .codec = {.message_max = options.message_max,
              .inflate_ratio_max = options.inflate_ratio_max},
    .write_queue_max = options.write_queue_max,
  };
  mine.transport = new shard_transport(home(), how, mine.counters);
  mine.http = std::make_unique<http_sessions>(
    *mine.transport, state_->site, state_->tokens,
    http_sessions_options{.pending_max = options.pending_max,
                          .bodies_max = options.bodies_max});
}

void connection_holder::handle_message(runtime::message& msg) {
  const auto* batch = msg.value_if<drain_batch>();
  if (!batch) {
    runtime::log(runtime::log_level::error,
                 "{} received an unexpected message: {}", label(),
                 msg.type_name());
    return;
  }
  auto& transport = *part().transport;
  if (!transport.draining)
    transport.begin_drain(
      [this, to = sender()] { send(to, drained{home().index()}); });
  transport.drain_batch(batch->count);
}

} // namespace bennu::transport::detail
