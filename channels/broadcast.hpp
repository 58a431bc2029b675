#pragma once

#include "channels/frame.hpp"
#include "channels/payload.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/serializer.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace bennu::channels {

/// An event for everyone who joined a topic. Mirrors Phoenix.Socket.Broadcast.
/// Rendered when made, in the sender, which is thus the one that fails when it
/// cannot be; its frame is made once for each serializer, whatever the number
/// of shards and receivers. Value, one shared pointer; thread-safe.
class broadcast_message {
public:
  /// Throws std::invalid_argument when the payload is JSON but no object, or
  /// binary beside names over 255 bytes; json::exception when a string is not
  /// UTF-8.
  broadcast_message(channels::topic topic, std::string_view event,
                    channels::payload payload);

  const channels::topic& topic() const noexcept;
  const std::string& event() const noexcept;
  const channels::payload& payload() const noexcept;

  /// Bytes of the payload as it goes over the wire.
  std::size_t size() const noexcept;

  /// Null when the format cannot carry it, e.g. bytes with vsn 1: such clients
  /// do not get it, and a line in the log says so once.
  frame_ptr frame_for(const serializer& format) const;

private:
  struct content;
  std::shared_ptr<content> content_;
};

/// Broadcasts from anywhere; channels have their own verb. Mirrors
/// Endpoint.broadcast!. Throws as the constructor above, or std::length_error
/// when the pubsub is overloaded. Thread-safe.
///
///     broadcast(bus, "room:lobby", "closing", json{{"minutes", 5}});
void broadcast(const pubsub& bus, const topic& on, std::string_view event,
               payload x);

/// To all but the channel `from`.
void broadcast_from(const pubsub& bus, const runtime::pid& from,
                    const topic& on, std::string_view event, payload x);

/// To the clients of this node only.
void local_broadcast(const pubsub& bus, const topic& on, std::string_view event,
                     payload x);

} // namespace bennu::channels
