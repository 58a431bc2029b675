#pragma once

#include "channels/connect.hpp"
#include "channels/socket_spec.hpp"
#include "transport/detail/http_message.hpp"
#include "transport/detail/long_poll_wire.hpp"
#include "transport/origin.hpp"
#include "transport/static_files.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::transport::detail {

/// How a mount's long-poll sessions are.
struct long_poll_site {
  std::shared_ptr<const channels::socket_spec> spec = {};
  std::chrono::milliseconds window{10'000};
  std::size_t buffer_max = 1024 * 1024;
  std::size_t sessions_max = 100'000;
  std::size_t body_max = 8'000'000;
  std::size_t pushes_max = 100;
};

/// A mount, as requests see it. A segment of a path that begins with a colon
/// matches any and becomes a parameter.
struct site_mount {
  using connect_function =
    std::function<channels::connect_outcome(const channels::connect_request&)>;

  /// Where websockets are opened; empty: nowhere.
  std::string websocket_path;
  connect_function connect;
  std::vector<std::string> subprotocols = {};

  /// Whether clients that offer permessage-deflate get it.
  bool compress = false;

  /// Where clients poll; empty: nowhere.
  std::string long_poll_path = {};
  long_poll_site long_poll = {};

  /// Instead of the site's.
  std::optional<transport::origin_check> websocket_origin = {};
  std::optional<transport::origin_check> long_poll_origin = {};
  bool auth_token = false;
};

/// The client's end of a connection.
struct peer_address {
  std::string address;
  std::uint16_t port = 0;
};

/// What goes back for one request.
struct http_answer {
  /// All of it, but a static file's content.
  std::string bytes = {};

  /// A static file's content, which lives as long as the site.
  std::string_view file = {};

  bool keep_alive = false;

  /// Set for a request that a long-poll session answers.
  std::optional<long_poll_call> long_poll = {};

  /// Set for a websocket that may be opened: the answer is then the request's
  /// own accept_websocket, with this subprotocol.
  std::optional<channels::socket_init> socket = {};
  std::size_t mount = 0;
  std::string subprotocol = {};
  bool compress = false;
};

/// What an endpoint shows over HTTP: mounts, `/health` and the files of a
/// folder. Answers are a function of the request alone. Mirrors the order of
/// checks of Phoenix.Transports.WebSocket: query, origin, auth token,
/// subprotocol, connect, then 101; and of LongPoll: origin, method. Differs: a
/// request that is no upgrade at all gets 426, as from Cowboy, and every
/// refusal says why. Immutable, thread-safe.
class site {
public:
  /// A page that is made when it is asked for.
  struct live_page {
    std::string path;
    std::string content_type;
    std::function<std::string()> text;
  };

  struct options {
    std::vector<site_mount> mounts;
    std::vector<live_page> pages;
    static_files files;
    transport::origin_check origin_check = true;
    std::string url_host;
    http_limits limits;

    /// Bytes of one message in a long-poll push.
    std::size_t message_max = 10'000'000;
  };

  explicit site(options opts);
  site(const site&) = delete;
  site& operator=(const site&) = delete;

  const http_limits& limits() const noexcept { return options_.limits; }

  /// Runs the mount's connect, so on the connection's shard.
  http_answer answer(const http_request& request, const peer_address& peer,
                     bool draining) const;

  /// Runs a mount's connect, so on a shard.
  channels::connect_outcome
  connect(std::size_t mount, const channels::connect_request& asked) const {
    return options_.mounts[mount].connect(asked);
  }

  const long_poll_site& long_poll(std::size_t mount) const {
    return options_.mounts[mount].long_poll;
  }

private:
  struct target;

  http_answer open_websocket(std::size_t mount, target& to,
                             const http_request& request,
                             const peer_address& peer) const;
  http_answer call_long_poll(std::size_t mount, target& to,
                             const http_request& request,
                             const peer_address& peer) const;
  bool origin_allowed(const std::optional<transport::origin_check>& own,
                      const http_request& request) const;
  std::size_t body_max_of(std::string_view target) const;
  http_answer serve_page(const http_request& request,
                         const live_page& page) const;
  http_answer serve_file(const http_request& request,
                         const std::string& path) const;
  std::string mounts_text() const;

  options options_;
};

/// What a connection gets that never sent a whole good request.
std::string refusal(int status, std::string_view text);

} // namespace bennu::transport::detail
