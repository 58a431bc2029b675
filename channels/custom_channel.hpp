#pragma once

#include "channels/channel.hpp"
#include "channels/client_push.hpp"
#include "channels/message.hpp"
#include "channels/payload.hpp"
#include "channels/result.hpp"
#include "channels/route.hpp"
#include "channels/socket_ref.hpp"
#include "runtime/behavior.hpp"
#include "runtime/dynamic_supervisor.hpp"
#include "runtime/process.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace bennu::channels {

/// A client's join that waits for a process which is no channel, and then that
/// process's way to the client. Mirrors what a module gets that Phoenix starts
/// as a custom channel. Value; its verbs are for that process.
class custom_join {
public:
  custom_join(channel_start start, const pubsub& bus);

  const topic& topic_name() const noexcept { return topic_; }
  const json& params() const noexcept { return params_; }
  const pubsub& bus() const noexcept { return bus_; }

  /// As channel::assigns.
  template <class T>
  const T& assigns() const {
    return assigns_.as<T>();
  }

  /// Decides the join, once. Until then the client waits, and so do its
  /// messages to this topic.
  void accept(runtime::process& self, json reply = json::object()) const;
  void refuse(runtime::process& self, json reason) const;

  void push(runtime::process& self, std::string_view event, payload x) const;

  /// Answers a client_push; throws std::logic_error when the client gave no
  /// ref.
  void reply(runtime::process& self, const client_push& to,
             const result& what) const;

  /// The client sees phx_close; to be followed by the end of the process.
  /// Without it the client sees phx_error at the end.
  void close(runtime::process& self) const;

private:
  topic topic_;
  json params_;
  shared_assigns assigns_;
  runtime::pid socket_;
  wire_ref join_ref_;
  const serializer* serializer_;
  pubsub bus_;
};

/// Routes topics to processes of any kind, one a client and topic: a function
/// as node.spawn takes it, with the join behind `self`. The process gets a
/// client_push for each event, `phx_leave` too, and ends with its socket by
/// an exit signal.
///
///     channels::route_process("clock:*",
///       [](runtime::process& self, channels::custom_join at)
///         -> runtime::behavior {
///         at.accept(self);
///         return {[&self, at](const channels::client_push& x) {
///           at.reply(self, x, channels::ok({{"time", now()}}));
///         }};
///       })
std::shared_ptr<const channel_route> route_process(
  std::string pattern,
  std::function<runtime::behavior(runtime::process&, custom_join)> body);

// -- what its verbs send to the socket ----------------------------------------

struct join_decision {
  runtime::pid who;
  join_result what;
};
struct channel_close {
  runtime::pid who;
};

} // namespace bennu::channels
