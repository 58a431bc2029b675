#pragma once

#include "channels/pubsub/dispatcher.hpp"
#include "channels/serializer.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::channels {

/// The way of broadcasts past a channel process, straight into its socket's
/// write queue: one for each route and serializer. Events that the channel
/// intercepts go to the channel instead. Mirrors the `:fastlane` metadata of
/// Phoenix.Channel.Server.
class fastlane final : public lane {
public:
  fastlane(const channels::serializer& serializer,
           const std::vector<std::string>& intercepts)
    : serializer_(serializer), intercepts_(intercepts) {}

  const channels::serializer& serializer() const noexcept {
    return serializer_;
  }
  bool intercepts(std::string_view event) const {
    return std::find(intercepts_.begin(), intercepts_.end(), event)
           != intercepts_.end();
  }

private:
  const channels::serializer& serializer_;
  const std::vector<std::string>& intercepts_;
};

/// Writes a broadcast_message's frame to the sockets at the ends of fastlanes
/// and sends the message itself to all other subscribers.
const dispatcher& fastlane_dispatcher();

} // namespace bennu::channels
