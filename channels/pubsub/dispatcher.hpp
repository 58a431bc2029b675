#pragma once

#include "channels/pubsub/topic.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"

#include <span>

namespace bennu::runtime {
class process;
}

namespace bennu::channels {

class dispatcher;

/// What a fastlane knows beyond the pid at its end: pubsub carries it by
/// address and never looks inside.
class lane {
public:
  virtual ~lane() = default;
};

/// One subscription of a topic as a dispatcher sees it. Without a lane it is
/// a plain process that gets messages.
struct delivery {
  runtime::pid subscriber;
  runtime::pid fastlane;
  const channels::lane* lane = nullptr;
};

/// One broadcast. `from`, when set, does not get it. Value.
struct publication {
  channels::topic topic{};
  runtime::message content{};
  runtime::pid from{};
  const channels::dispatcher* by = nullptr;
};

/// How a broadcast reaches its subscribers. Mirrors the dispatcher module of
/// Phoenix.PubSub.broadcast/4: called by each pubsub server with its own
/// subscribers, some at a time; leaves out none of them (the sender of a
/// broadcast_from is already left out). Is shared by all shards and has no
/// state. Thread-safe.
class dispatcher {
public:
  virtual ~dispatcher() = default;

  /// Runs in the pubsub server `server`; all of `to` live on its shard.
  virtual void dispatch(runtime::process& server, std::span<const delivery> to,
                        const publication& what) const = 0;
};

/// Sends the message to each subscriber, lane or not.
const dispatcher& message_dispatcher();

} // namespace bennu::channels
