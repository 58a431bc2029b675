#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bennu::transport {

/// How a websocket_client connects.
struct client_options {
  /// For each step: connecting, sending.
  std::chrono::milliseconds timeout{10'000};

  /// Sent along with the upgrade, e.g. {"Origin", "http://a.com"}.
  std::vector<std::pair<std::string, std::string>> headers{};

  /// For wss: a PEM file with whom to believe; empty: whom the system believes.
  std::string ca_file{};

  /// For wss: off believes anybody, for who knows why.
  bool verify = true;

  /// Bytes the kernel may hold for us before the server has to wait; 0: its
  /// own choice. For playing a slow reader.
  int receive_buffer = 0;
};

/// A small websocket client for tests and tools: it does one thing at a time
/// and waits for it, never longer than told. ws and wss; of the latter the
/// server's certificate must be right for the URL's host. It answers pings
/// while it waits. Confined to its thread.
///
///     websocket_client client;
///     if (client.connect("ws://127.0.0.1:4000/socket/websocket"))
///       client.send_text("hello");
///     auto answer = client.receive(5s);
class websocket_client {
public:
  websocket_client();
  websocket_client(websocket_client&&) noexcept;
  websocket_client& operator=(websocket_client&&) noexcept;

  /// Closes the TCP connection, without a word to the server.
  ~websocket_client();

  /// True when open. Otherwise status() and body() say what the server
  /// answered, or status() is 0 and error() says why there was no answer.
  bool connect(std::string_view url, const client_options& options = {});

  int status() const noexcept;
  const std::string& body() const noexcept;
  const std::string& error() const noexcept;

  bool send_text(std::string_view payload);
  bool send_binary(std::string_view payload);

  struct event {
    enum class kind { text, binary, closed, timeout };

    kind what = kind::timeout;
    std::string payload{};

    /// The code of the server's close frame; 1006 when it sent none.
    int close_code = 0;
  };

  /// The next message, or the end of the connection, or neither within
  /// `limit`: then it may be asked again.
  event receive(std::chrono::milliseconds limit);

  /// Says goodbye and waits for the server's answer.
  bool close(std::uint16_t code = 1000);

  // -- bytes as they are, right or wrong --

  /// Opens TCP alone, to the host and port of a URL.
  bool connect_tcp(std::string_view url, const client_options& options = {});

  bool send_raw(std::string_view bytes);

  /// Bytes until there are `count`, the server has ended, or `limit` is over.
  std::string receive_raw(std::size_t count, std::chrono::milliseconds limit);

  /// The socket, for looking at it.
  int native_handle();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace bennu::transport
