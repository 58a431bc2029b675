// Who is at which ticket, as seen within the node.
#pragma once

#include "channels/presence.hpp"
#include "channels/pubsub/pubsub.hpp"

#include <memory>
#include <string>
#include <utility>

namespace desk {

namespace channels = bennu::channels;
namespace runtime = bennu::runtime;

// [metas_handler]
struct ticket_left {
  std::string topic;
};

/// Announces tickets at which nobody is any more.
class attendance final : public channels::metas_handler {
public:
  explicit attendance(channels::pubsub bus) : bus_(std::move(bus)) {}

  void handle_metas(const channels::topic& on, const channels::json&,
                    const channels::metas_by_key& presences) override {
    if (presences.empty())
      bus_.broadcast(channels::topic{"desk"}, ticket_left{on.str()});
  }

private:
  channels::pubsub bus_;
};

/// The `init` of a presence.
inline auto attending(const std::string& pubsub) {
  return [pubsub](runtime::process& self) {
    return std::make_unique<attendance>(
      channels::pubsub::find(self.node(), pubsub));
  };
}
// [metas_handler]

} // namespace desk
