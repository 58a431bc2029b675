#include "transport/websocket_client.hpp"

#include "transport/detail/client_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <optional>

namespace bennu::transport {

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using beast::error_code;
using net::ip::tcp;
using std::chrono::milliseconds;

constexpr int no_close_frame = 1006;

struct location {
  std::string host;
  std::string port;
  std::string target;
  bool secure = false;
};

std::optional<location> parse_url(std::string_view text) {
  const auto url = boost::urls::parse_uri({text.data(), text.size()});
  if (!url || url->host().empty())
    return std::nullopt;
  location x;
  x.host = url->host_address();
  x.secure = url->scheme() == "wss";
  x.port = url->has_port() ? std::string(url->port()) : x.secure ? "443" : "80";
  x.target = std::string(url->encoded_resource());
  if (!x.target.starts_with('/'))
    x.target.insert(0, "/");
  return x;
}

} // namespace

struct websocket_client::impl {
  /// Runs what was started until it is done; false when time was over first.
  bool wait(const bool& done, milliseconds limit) {
    bool late = false;
    net::steady_timer timer{io, limit};
    timer.async_wait([&late](error_code ec) { late = !ec; });
    io.restart();
    while (!done && !late)
      io.run_one();
    timer.cancel();
    // The cancelled wait refers to this frame.
    io.restart();
    io.poll();
    return done;
  }

  /// `start` is given a handler to complete; what went wrong, if anything.
  template <class Start>
  error_code finish(Start start, milliseconds limit) {
    bool done = false;
    error_code result = net::error::timed_out;
    start([&](error_code ec, auto&&...) {
      result = ec;
      done = true;
    });
    if (!wait(done, limit)) {
      // What was started must not outlive its frame.
      stream.next_layer().tcp().close();
      io.restart();
      while (!done)
        io.run_one();
      result = net::error::timed_out;
    }
    return result;
  }

  bool failed(error_code ec) {
    if (ec)
      error = ec.message();
    return ec.failed();
  }

  bool open_tcp(const location& where, const client_options& opts) {
    timeout = opts.timeout;
    error_code ec;
    const auto address = net::ip::make_address(
      where.host == "localhost" ? "127.0.0.1" : where.host, ec);
    if (failed(ec))
      return false;
    const tcp::endpoint to{address,
                           static_cast<std::uint16_t>(std::stoi(where.port))};
    auto& socket = stream.next_layer().tcp().socket();
    socket.open(to.protocol(), ec);
    if (failed(ec))
      return false;
    if (opts.receive_buffer > 0)
      socket.set_option(tcp::socket::receive_buffer_size(opts.receive_buffer),
                        ec);
    socket.set_option(tcp::no_delay(true), ec);
    return !failed(finish(
      [&](auto handler) {
        stream.next_layer().tcp().async_connect(to, std::move(handler));
      },
      timeout));
  }

  bool open_tls(const location& where, const client_options& opts) {
    error_code ec;
    if (opts.ca_file.empty())
      tls.set_default_verify_paths(ec);
    else
      tls.load_verify_file(opts.ca_file, ec);
    if (ec) {
      error = opts.ca_file + " is no file of certificates: " + ec.message();
      return false;
    }
    auto& over = stream.next_layer().secure(tls);
    over.set_verify_mode(
      opts.verify ? net::ssl::verify_peer : net::ssl::verify_none, ec);
    if (opts.verify)
      over.set_verify_callback(net::ssl::host_name_verification(where.host),
                               ec);
    return !failed(ec)
           && !failed(finish(
             [&](auto handler) {
               over.async_handshake(net::ssl::stream_base::client,
                                    std::move(handler));
             },
             timeout));
  }

  bool send(std::string_view payload) {
    return !failed(finish(
      [&](auto handler) {
        stream.async_write(net::buffer(payload.data(), payload.size()),
                           std::move(handler));
      },
      timeout));
  }

  void start_reading() {
    reading = true;
    read_done = false;
    stream.async_read(buffer, [this](error_code ec, std::size_t) {
      reading = false;
      read_done = true;
      read_error = ec;
    });
  }

  net::io_context io{1};
  net::ssl::context tls{net::ssl::context::tls_client};
  websocket::stream<detail::client_stream, false> stream{io};
  beast::flat_buffer buffer;
  milliseconds timeout{10'000};
  bool reading = false;
  bool read_done = false;
  error_code read_error;
  int status = 0;
  std::string body;
  std::string error;
};

websocket_client::websocket_client() : impl_(std::make_unique<impl>()) {}
websocket_client::websocket_client(websocket_client&&) noexcept = default;
websocket_client&
websocket_client::operator=(websocket_client&&) noexcept = default;
websocket_client::~websocket_client() = default;

bool websocket_client::connect(std::string_view url,
                               const client_options& options) {
  const auto where = parse_url(url);
  if (!connect_tcp(url, options) || !where)
    return false;
  auto& x = *impl_;
  if (where->secure && !x.open_tls(*where, options))
    return false;
  x.stream.set_option(websocket::stream_base::decorator(
    [headers = options.headers](websocket::request_type& request) {
      for (const auto& [name, value] : headers)
        request.set(name, value);
    }));
  websocket::response_type response;
  const auto ec = x.finish(
    [&](auto handler) {
      x.stream.async_handshake(response, where->host + ":" + where->port,
                               where->target, std::move(handler));
    },
    x.timeout);
  if (!ec || ec == websocket::error::upgrade_declined)
    x.status = static_cast<int>(response.result_int());
  x.body = response.body();
  return !x.failed(ec);
}

int websocket_client::status() const noexcept {
  return impl_->status;
}
const std::string& websocket_client::body() const noexcept {
  return impl_->body;
}
const std::string& websocket_client::error() const noexcept {
  return impl_->error;
}

bool websocket_client::send_text(std::string_view payload) {
  impl_->stream.text(true);
  return impl_->send(payload);
}

bool websocket_client::send_binary(std::string_view payload) {
  impl_->stream.binary(true);
  return impl_->send(payload);
}

websocket_client::event websocket_client::receive(milliseconds limit) {
  auto& x = *impl_;
  if (!x.reading && !x.read_done)
    x.start_reading();
  if (!x.wait(x.read_done, limit))
    return {};
  if (x.read_error) {
    x.error = x.read_error.message();
    const int code = x.stream.reason().code;
    return {.what = event::kind::closed,
            .close_code = code != 0 ? code : no_close_frame};
  }
  x.read_done = false;
  event message{.what = x.stream.got_text() ? event::kind::text
                                            : event::kind::binary};
  message.payload = beast::buffers_to_string(x.buffer.data());
  x.buffer.clear();
  return message;
}

bool websocket_client::close(std::uint16_t code) {
  auto& x = *impl_;
  return !x.failed(x.finish(
    [&](auto handler) {
      x.stream.async_close(websocket::close_reason{code}, std::move(handler));
    },
    x.timeout));
}

bool websocket_client::connect_tcp(std::string_view url,
                                   const client_options& options) {
  *this = websocket_client{};
  const auto where = parse_url(url);
  if (where)
    return impl_->open_tcp(*where, options);
  impl_->error = "no url: " + std::string(url);
  return false;
}

bool websocket_client::send_raw(std::string_view bytes) {
  auto& x = *impl_;
  return !x.failed(x.finish(
    [&](auto handler) {
      net::async_write(x.stream.next_layer(),
                       net::buffer(bytes.data(), bytes.size()),
                       std::move(handler));
    },
    x.timeout));
}

std::string websocket_client::receive_raw(std::size_t count,
                                          milliseconds limit) {
  auto& x = *impl_;
  std::string bytes(count, '\0');
  std::size_t have = 0;
  error_code ec;
  while (have < count && !ec) {
    std::size_t n = 0;
    ec = x.finish(
      [&](auto handler) {
        x.stream.next_layer().async_read_some(
          net::buffer(bytes.data() + have, count - have),
          [&n, handler](error_code e, std::size_t got) mutable {
            n = got;
            handler(e);
          });
      },
      limit);
    have += n;
  }
  bytes.resize(have);
  x.failed(ec);
  return bytes;
}

int websocket_client::native_handle() {
  return impl_->stream.next_layer().tcp().socket().native_handle();
}

} // namespace bennu::transport
