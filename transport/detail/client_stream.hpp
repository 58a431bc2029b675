#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace bennu::transport::detail {

/// What a client's websocket stands on: TCP, or TLS over it. Buffers and
/// handlers of every kind become one, since Beast comes with dozens and each
/// would compile all of TLS anew. Confined to its thread.
class client_stream {
public:
  using executor_type = boost::beast::tcp_stream::executor_type;
  using tls_stream = boost::asio::ssl::stream<boost::beast::tcp_stream&>;

  explicit client_stream(boost::asio::io_context& io) : tcp_(io) {}

  executor_type get_executor() noexcept { return tcp_.get_executor(); }
  boost::beast::tcp_stream& tcp() noexcept { return tcp_; }

  /// From now on all goes through TLS, once its handshake is done.
  tls_stream& secure(boost::asio::ssl::context& with) {
    return tls_.emplace(tcp_, with);
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& to, Handler&& then) {
    read_some(list_of<boost::asio::mutable_buffer>(to),
              on_done{std::forward<Handler>(then)});
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& from, Handler&& then) {
    write_some(list_of<boost::asio::const_buffer>(from),
               on_done{std::forward<Handler>(then)});
  }

  // What Beast ends a websocket with. The close frame has said what TLS's own
  // goodbye would.
  friend void teardown(boost::beast::role_type, client_stream& x,
                       boost::beast::error_code& ec) {
    x.tcp_.socket().close(ec);
  }
  friend void beast_close_socket(client_stream& x) {
    boost::beast::error_code ignored;
    x.tcp_.socket().close(ignored);
  }
  template <class Handler>
  friend void async_teardown(boost::beast::role_type role, client_stream& x,
                             Handler&& then) {
    boost::beast::websocket::async_teardown(role, x.tcp_.socket(),
                                            std::forward<Handler>(then));
  }

private:
  using on_done = boost::asio::any_completion_handler<void(
    boost::beast::error_code, std::size_t)>;

  template <class Buffer, class Buffers>
  static std::vector<Buffer> list_of(const Buffers& from) {
    std::vector<Buffer> all(boost::asio::buffer_sequence_begin(from),
                            boost::asio::buffer_sequence_end(from));
    return all;
  }

  void read_some(const std::vector<boost::asio::mutable_buffer>& to,
                 on_done then);
  void write_some(const std::vector<boost::asio::const_buffer>& from,
                  on_done then);

  boost::beast::tcp_stream tcp_;
  std::optional<tls_stream> tls_;
};

} // namespace bennu::transport::detail
