#pragma once

#include "channels/assigns.hpp"
#include "channels/channel.hpp"
#include "channels/close_code.hpp"
#include "channels/connect.hpp"
#include "channels/parameter_filter.hpp"
#include "channels/route.hpp"
#include "channels/serializer.hpp"
#include "runtime/log.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bennu::channels {

class socket_mount;

/// What a connect returns: a session of any type, which channels read with
/// assigns<T>(), or accept_connect() without one, or refuse_connect(). Value.
class connect_result {
public:
  template <class Session>
  requires(!std::is_same_v<std::decay_t<Session>, connect_result>)
    connect_result(Session&& x)
    : assigns_(shared_assigns::of(std::forward<Session>(x))) {}

  /// For how long the session counts: then the connection is closed with 1001,
  /// and the client comes back with a new token or is refused. None: for ever.
  /// What token_outcome::expires_in says.
  connect_result expires_in(std::optional<std::chrono::milliseconds> x) && {
    expires_in_ = x;
    return std::move(*this);
  }

  bool accepted() const noexcept { return refused_.status == 0; }
  const std::optional<std::chrono::milliseconds>& expires_in() const noexcept {
    return expires_in_;
  }
  const connect_refusal& refusal() const noexcept { return refused_; }
  const shared_assigns& assigns() const noexcept { return assigns_; }

private:
  friend connect_result accept_connect();
  friend connect_result refuse_connect(connect_refusal x);
  connect_result() = default;

  shared_assigns assigns_;
  std::optional<std::chrono::milliseconds> expires_in_;
  connect_refusal refused_{.status = 0, .reason = {}};
};

inline connect_result accept_connect() {
  return {};
}

/// Says more than a status:
///
///     return refuse_connect({.status = 429, .headers = {{"retry-after",
///     "5"}}});
inline connect_result refuse_connect(connect_refusal x) {
  connect_result refused;
  refused.refused_ = std::move(x);
  return refused;
}

/// The client sees 403 and is not told the reason; the log is.
inline connect_result refuse_connect(std::string reason = {},
                                     int status = 403) {
  return refuse_connect(
    connect_refusal{.status = status, .reason = std::move(reason)});
}

/// How a socket gets its id from its session: `[](const session& s) { return
/// "user:" + s.user; }`. The empty id is none. A broadcast of "disconnect" on
/// the id as topic closes the client's connections. Mirrors id/1. Value.
class socket_id {
public:
  socket_id() = default;

  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, socket_id>) socket_id(F f)
    : of_([f = std::move(f)](const shared_assigns& x) -> std::string {
        using arguments =
          typename runtime::detail::handler_traits<F>::arguments;
        using session = std::tuple_element_t<0, arguments>;
        return f(x.as<session>());
      }) {}

  std::string operator()(const shared_assigns& assigns) const {
    return of_ ? of_(assigns) : "";
  }

private:
  std::function<std::string(const shared_assigns&)> of_;
};

/// A socket: who may connect and which channels there are. Mirrors the module
/// that uses Phoenix.Socket. Value.
///
///     channels::socket_spec user_socket() {
///       return {
///         .connect = authenticate,
///         .channels = {channels::route<room_channel>("room:*")},
///       };
///     }
struct socket_spec {
  /// Runs before the upgrade, in the transport. Empty: everybody may.
  std::function<connect_result(const connect_request&)> connect{};

  socket_id id{};

  /// Tried in order.
  std::vector<std::shared_ptr<const channel_route>> channels{};

  /// The wire formats, tried in order. Mirrors the `serializer` option.
  std::vector<serializer_choice> serializers = default_serializers();

  /// A client that is silent for so long is closed by the transport; clients
  /// send a heartbeat every 30 s.
  std::chrono::milliseconds heartbeat_timeout{60'000};

  /// Topics joined at once by one client; Phoenix's default. With one more:
  /// error reply `too many channels joined`.
  std::size_t channels_max = 100;

  /// Messages of a client that wait behind a join of their topic. With one
  /// more: error reply `too many messages while joining`.
  std::size_t join_queue_max = 100;

  /// Events of a client that wait for one of its channels: what a read of 64
  /// KiB may bring at once. With one more: error reply `too many messages
  /// waiting`, so that a client which sends faster than its channel works costs
  /// memory and time for so many, also after it has gone.
  std::size_t channel_queue_max = 4096;

  /// How long a channel that a second join of its topic replaces may take to
  /// end before it is killed; Phoenix's 5 s.
  std::chrono::milliseconds replace_timeout{5000};

  /// The close code of "disconnect" on a socket's id. phoenix.js comes back and
  /// connects again, as with Phoenix 1.9; those before closed with `normal`,
  /// after which it stays away until its page says otherwise.
  close_code disconnect_code = close_code::going_away;

  /// At which level connects, joins and handled events are logged. Phoenix
  /// logs the first two at info; here it is debug, since a node of a million
  /// clients would write of nothing else.
  runtime::log_level log_connect = runtime::log_level::debug;
  runtime::log_level log_join = runtime::log_level::debug;
  runtime::log_level log_handle_in = runtime::log_level::debug;

  /// What such lines, and telemetry, show of parameters.
  parameter_filter filter_parameters{};

  /// Set by mount().
  socket_mount* mounted = nullptr;
};

} // namespace bennu::channels
