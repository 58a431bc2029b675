#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bennu::transport::detail {

struct http_limits {
  /// Request line and headers together; past it the client gets 431. What
  /// Beast and most servers take.
  std::size_t header_max = 8192;

  /// Most targets take no body; a client that sends one may be answered on the
  /// same connection as long as it is small. Past it: 413.
  std::size_t body_max = 4096;

  /// The body_max of a target that takes bodies; empty: they are all alike.
  std::function<std::size_t(std::string_view target)> body_max_of{};
};

/// A request a client sent, read by Beast. Views are valid as long as it is.
class http_request {
public:
  http_request();
  http_request(http_request&&) noexcept;
  http_request& operator=(http_request&&) noexcept;
  ~http_request();

  std::string_view method() const noexcept;
  std::string_view target() const noexcept;

  /// 11 for HTTP/1.1.
  unsigned version() const noexcept;
  bool keep_alive() const noexcept;

  /// The first header of that name, in any case.
  std::optional<std::string_view> header(std::string_view name) const;

  /// True when a comma separated header has this token, in any case.
  bool has_token(std::string_view name, std::string_view token) const;

  std::string_view body() const noexcept;

  /// All headers in the order sent, names in lower case.
  std::vector<std::pair<std::string, std::string>> headers() const;

  /// The 101 to an upgrade, which the site has found in order.
  std::string accept_websocket(std::string_view subprotocol,
                               bool compress = false) const;

  /// True when the client offers permessage-deflate in a way we agree to, see
  /// deflate_agreement. An offer with a parameter that RFC 7692 does not know,
  /// or has twice, or with a smaller window than ours, is declined.
  bool offers_deflate() const;

private:
  friend class http_reader;
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// What bytes of a connection are.
struct http_read {
  enum class kind {
    complete,
    incomplete,
    malformed,
    header_too_large,
    body_too_large,
  };

  kind what = kind::incomplete;
  http_request request;

  /// Bytes this read used up. Behind a complete request the client's next
  /// follows; of an incomplete one the rest is to be read again, with more.
  std::size_t size = 0;

  /// The client waits for `100 Continue` before it sends the body. Said once.
  bool wants_continue = false;

  /// Why it is malformed, in words.
  std::string error;
};

/// Reads one request as its bytes arrive, each byte once however they are cut.
/// Confined to its thread.
class http_reader {
public:
  explicit http_reader(const http_limits& limits);
  ~http_reader();

  /// `bytes` begin where the read before has stopped.
  http_read read(std::string_view bytes);

  /// Memory set aside for the body so far, which may be more than has come.
  std::size_t body_size() const noexcept;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Reads one request from bytes that are all at hand.
http_read read_http(std::string_view bytes, const http_limits& limits);

/// An answer with its body.
struct http_response {
  int status = 200;
  std::vector<std::pair<std::string_view, std::string>> headers = {};
  std::string body = {};
  std::string_view content_type = "text/plain; charset=utf-8";
};

/// The bytes of an answer. With `head_size` the body is left out, but its
/// length announced: for HEAD, and for bodies that are sent from elsewhere.
std::string render(const http_response& x, bool keep_alive,
                   std::optional<std::size_t> head_size = {});

} // namespace bennu::transport::detail
