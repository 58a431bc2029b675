#pragma once

#include "channels/pubsub/topic.hpp"
#include "channels/result.hpp"
#include "channels/serializer.hpp"
#include "channels/wire_ref.hpp"
#include "runtime/fwd.hpp"
#include "runtime/pid.hpp"

namespace bennu::channels {

/// A client's message that is to be answered later, by its channel or by any
/// other process, any number of times. Mirrors Phoenix.Channel.socket_ref/1.
/// Value.
///
///     const auto to = ref();                       // in a handler
///     spawn([to](runtime::process& self) { reply(self, to, ok(work())); });
///     return no_reply;
struct socket_ref {
  runtime::pid socket;
  channels::topic topic;
  wire_ref join_ref;
  wire_ref ref;
  const channels::serializer* serializer = nullptr;
};

/// Answers; dropped when the client has gone. Throws, in the answering
/// process, for what the client's serializer cannot carry, and
/// std::invalid_argument for a result without an answer.
void reply(runtime::process& from, const socket_ref& to, const result& what);

} // namespace bennu::channels
