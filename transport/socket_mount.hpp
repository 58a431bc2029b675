#pragma once

#include "channels/connect.hpp"
#include "transport/origin.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bennu::channels {
struct socket_spec;
} // namespace bennu::channels

namespace bennu::transport {

/// Off, on, or on with options. Value.
///
///     .longpoll = true
///     .longpoll = {{.window = 5s}}
template <class Options>
class switched {
public:
  switched(std::same_as<bool> auto on) {
    if (on)
      options_.emplace();
  }
  switched(Options options) : options_(std::move(options)) {}

  explicit operator bool() const noexcept { return options_.has_value(); }
  const Options* operator->() const noexcept { return &*options_; }
  const Options& operator*() const noexcept { return *options_; }

private:
  std::optional<Options> options_;
};

/// How websockets are opened at a mount. Mirrors the `websocket` options of
/// Phoenix's socket/3.
struct websocket_options {
  /// Behind the mount's own path; may have parameters, too. Empty: the mount's
  /// path itself.
  std::string path = "/websocket";

  /// Offered to clients that ask for one, the best first; none: any passes.
  std::vector<std::string> subprotocols{};

  /// permessage-deflate for clients that offer it: less to send, for some of
  /// this node's time. See endpoint_options::inflate_ratio_max.
  bool compress = false;

  /// Instead of the endpoint's.
  std::optional<origin_check> check_origin{};
};

/// How a mount is reached by long polling. Mirrors the `longpoll` options of
/// Phoenix's socket/3, see long_poll_session. Differs: no `pubsub_timeout_ms`,
/// since a session is reached by message; no `crypto`, since the key of its
/// token is made when the endpoint starts.
struct long_poll_options {
  std::string path = "/longpoll";

  /// How long a poll waits for a message, a push for its session.
  std::chrono::milliseconds window{10'000};

  /// Bytes of messages that wait for the next poll of one client; past it the
  /// session ends. As endpoint_options::write_queue_max.
  std::size_t buffer_max = 1024 * 1024;

  /// Sessions of a shard; one more client gets 503. No connection stands behind
  /// a session, so no file limit bounds what a flood of first polls leaves
  /// behind for `window` * 3.
  std::size_t sessions_max = 100'000;

  /// Bytes of a request with pushes; past it 413. As Plug's read_body.
  std::size_t body_max = 8'000'000;

  /// Pushes of a request; those behind the last are left out. Phoenix's 1.9 and
  /// the phoenix.js beside it. An older phoenix.js sends all pushes of a turn
  /// at once: raise it where pages with one push more than that.
  std::size_t pushes_max = 100;

  std::optional<origin_check> check_origin{};
};

/// The ways to a mount.
struct socket_transports {
  switched<websocket_options> websocket = true;
  switched<long_poll_options> longpoll = false;

  /// Takes a token out of the headers into connect_request::auth_token, where
  /// phoenix.js puts its `authToken`: a subprotocol `base64url.bearer.phx.…`
  /// of a websocket, `x-phoenix-authtoken` of a poll.
  bool auth_token = false;
};

/// A path and the sockets that are opened below it. Segments like `:room`
/// become parameters of the connect. Mirrors Phoenix's
/// `socket "/socket", UserSocket, longpoll: true`. Value.
///
///     {"/socket", user_socket(), {.longpoll = true}}
struct socket_mount {
  socket_mount(std::string where, const channels::socket_spec& what,
               socket_transports how = {});

  std::string path;
  std::shared_ptr<const channels::socket_spec> spec;
  socket_transports transports;
};

} // namespace bennu::transport
