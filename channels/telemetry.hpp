#pragma once

#include <string_view>

/// The events of this layer, for node.telemetry().attach. Durations are in
/// microseconds of the machine's clock, parameters are filtered JSON.
/// Mirrors Phoenix's events, and adds those its users miss: pushes, broadcasts
/// with their fan-out, and ends.
namespace bennu::channels::events {

/// A connect was decided. Measured: duration_us. Metadata: transport, path,
/// vsn, result (ok, refused or error), params.
inline constexpr std::string_view socket_connected = "bennu.socket.connected";

/// A socket ended. Measured: channels it had. Metadata: pid, id, reason.
inline constexpr std::string_view socket_closed = "bennu.socket.closed";

/// A join was decided. Measured: duration_us, from the client's message on.
/// Metadata: topic, result (ok, refused or crashed), params, socket.
inline constexpr std::string_view channel_joined = "bennu.channel.joined";

/// Around a handler of a client's event. Metadata: topic, event, pid (the log
/// line has the parameters, which would be copied for each event). `stop` and
/// `exception` measure duration_us; `stop` adds the status of the reply,
/// `exception` what was thrown.
inline constexpr std::string_view handle_in_start =
  "bennu.channel.handle_in.start";
inline constexpr std::string_view handle_in_stop =
  "bennu.channel.handle_in.stop";
inline constexpr std::string_view handle_in_exception =
  "bennu.channel.handle_in.exception";

/// An intercepted broadcast has passed its channel. Measured: duration_us.
/// Metadata: topic, event, pid.
inline constexpr std::string_view handle_out = "bennu.channel.handle_out";

/// A channel's own push. Measured: bytes of its frame. Metadata: topic, event.
inline constexpr std::string_view pushed = "bennu.channel.push";

/// A broadcast, seen where it is made. Measured: bytes of its payload.
/// Metadata: topic, event. How many it reaches: see pubsub_dispatched.
inline constexpr std::string_view broadcast = "bennu.broadcast";

/// A channel ended. Metadata: topic, reason, pid.
inline constexpr std::string_view channel_terminated =
  "bennu.channel.terminated";

} // namespace bennu::channels::events
