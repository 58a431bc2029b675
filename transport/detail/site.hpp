#pragma once

#include "channels/connect.hpp"
#include "transport/detail/http_message.hpp"
#include "transport/origin.hpp"
#include "transport/static_files.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::transport::detail {

/// A path where websockets are opened: the mount's own plus "/websocket". A
/// segment that begins with a colon matches any and becomes a parameter.
struct site_mount {
  using connect_function =
    std::function<channels::connect_outcome(const channels::connect_request&)>;

  std::string path;
  connect_function connect;
  std::vector<std::string> subprotocols;
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

  /// Set for a websocket that may be opened: the answer is then the request's
  /// own accept_websocket, with this subprotocol.
  std::optional<channels::socket_init> socket = {};
  std::size_t mount = 0;
  std::string subprotocol = {};
};

/// What an endpoint shows over HTTP: websocket mounts, `/health` and the files
/// of a folder. Answers are a function of the request alone. Mirrors the order
/// of checks of Phoenix.Transports.WebSocket: query, origin, subprotocol,
/// connect, then 101. Differs: a request that is no upgrade at all gets 426,
/// as from Cowboy, and every refusal says why. Immutable, thread-safe.
class site {
public:
  struct options {
    std::vector<site_mount> mounts;
    static_files files;
    transport::origin_check origin_check = true;
    std::string url_host;
    http_limits limits;
  };

  explicit site(options opts);

  const http_limits& limits() const noexcept { return options_.limits; }

  /// Runs the mount's connect, so on the connection's shard.
  http_answer answer(const http_request& request, const peer_address& peer,
                     bool draining) const;

private:
  struct target;

  http_answer open_websocket(std::size_t mount, target& to,
                             const http_request& request,
                             const peer_address& peer) const;
  http_answer serve_file(const http_request& request,
                         const std::string& path) const;
  std::string mounts_text() const;

  options options_;
};

/// What a connection gets that never sent a whole good request.
std::string refusal(int status, std::string_view text);

} // namespace bennu::transport::detail
