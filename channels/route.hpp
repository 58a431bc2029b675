#pragma once

#include "channels/event_map.hpp"
#include "channels/pubsub/topic.hpp"
#include "runtime/dynamic_supervisor.hpp"
#include "runtime/process.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace bennu::channels {

class channel;
struct channel_start;

/// One route of a socket: a topic pattern and the channel type behind it.
/// Mirrors `channel "room:*", RoomChannel`. Shared by all its channels.
/// Thread-safe.
class channel_route {
public:
  virtual ~channel_route() = default;

  const std::string& pattern() const noexcept { return pattern_; }
  const event_table& events() const noexcept { return events_; }
  const std::vector<std::string>& intercepts() const noexcept {
    return intercepts_;
  }

  /// `a:*` and `foo*` match by their beginning, anything else by the whole.
  bool matches(std::string_view topic) const noexcept;

  /// Its processes are no channels: see route_process.
  virtual bool is_custom() const noexcept { return false; }

  /// Starts a channel on this shard; no process when the supervisor is full or
  /// stopping.
  virtual runtime::pid start(runtime::dynamic_supervisor& under,
                             channel_start start) const = 0;

protected:
  /// Throws std::invalid_argument for a star that is not last.
  channel_route(std::string pattern, event_table events,
                std::vector<std::string> intercepts);

private:
  std::string pattern_;
  event_table events_;
  std::vector<std::string> intercepts_;
};

/// Routes topics to channels of type `Channel`, each built from `args`. A
/// process a client and topic. `Channel` may have
///
///     static auto events()                          its event_map
///     static std::vector<std::string> intercepts()  events for handle_out
template <class Channel, class... Ts>
std::shared_ptr<const channel_route> route(std::string pattern, Ts... args);

} // namespace bennu::channels
