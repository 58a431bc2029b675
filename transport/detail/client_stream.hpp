#pragma once

#include <boost/asio/ssl.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <optional>
#include <utility>

namespace bennu::transport::detail {

/// What a client's websocket stands on: TCP, or TLS over it. Confined to its
/// thread.
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
    if (tls_)
      tls_->async_read_some(to, std::forward<Handler>(then));
    else
      tcp_.async_read_some(to, std::forward<Handler>(then));
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& from, Handler&& then) {
    if (tls_)
      tls_->async_write_some(from, std::forward<Handler>(then));
    else
      tcp_.async_write_some(from, std::forward<Handler>(then));
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
  boost::beast::tcp_stream tcp_;
  std::optional<tls_stream> tls_;
};

} // namespace bennu::transport::detail
