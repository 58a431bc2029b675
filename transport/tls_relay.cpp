#include "transport/tls_relay.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/core.h>
#include <signal.h>

namespace bennu::transport {

namespace {

namespace net = boost::asio;
namespace ssl = net::ssl;
using boost::system::error_code;
using net::ip::tcp;

std::string text_of(const tcp::endpoint& x) {
  const bool v6 = x.address().is_v6();
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", x.address().to_string(),
                     v6 ? "]" : "", x.port());
}

/// Whose connections there are, by the port that they are handed on from.
class peer_book {
public:
  void enter(std::uint16_t port, std::string peer) {
    const std::lock_guard guard{mutex_};
    peers_[port] = std::move(peer);
  }
  void leave(std::uint16_t port) {
    const std::lock_guard guard{mutex_};
    peers_.erase(port);
  }
  std::string find(std::uint16_t port) const {
    const std::lock_guard guard{mutex_};
    const auto at = peers_.find(port);
    return at == peers_.end() ? "" : at->second;
  }

private:
  mutable std::mutex mutex_;
  std::map<std::uint16_t, std::string> peers_;
};

/// What the connections share.
struct shared_state {
  explicit shared_state(tls_relay_options opts) : options(std::move(opts)) {}

  const tls_relay_options options;
  ssl::context tls{ssl::context::tls_server};
  peer_book peers;
  std::atomic<std::size_t> connections{0};
};

/// One connection, kept alive by what it waits for.
class relayed : public std::enable_shared_from_this<relayed> {
public:
  relayed(net::io_context& io, tcp::socket from, shared_state& with)
    : with_(with), outer_(std::move(from), with.tls), inner_(io), timer_(io) {
    ++with_.connections;
  }
  ~relayed() {
    with_.peers.leave(port_);
    --with_.connections;
  }

  void start() {
    timer_.expires_after(with_.options.handshake_timeout);
    timer_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec)
        self->close();
    });
    outer_.async_handshake(ssl::stream_base::server,
                           [self = shared_from_this()](error_code ec) {
                             self->timer_.cancel();
                             if (!ec)
                               self->connect();
                           });
  }

private:
  static constexpr std::size_t buffer_size = 20 * 1024;
  using buffer = std::array<char, buffer_size>;

  void connect() {
    const tcp::endpoint to{net::ip::address_v4::loopback(),
                           with_.options.to_port};
    inner_.async_connect(to, [self = shared_from_this()](error_code ec) {
      if (ec)
        return self->close();
      self->enter();
      self->pump(self->outer_, self->inner_, self->inbound_);
      self->pump(self->inner_, self->outer_, self->outbound_);
    });
  }

  void enter() {
    error_code ec;
    const auto from = outer_.lowest_layer().remote_endpoint(ec);
    const auto local = inner_.local_endpoint(ec);
    if (ec)
      return;
    port_ = local.port();
    with_.peers.enter(port_, text_of(from));
    inner_.set_option(tcp::no_delay(true), ec);
    outer_.lowest_layer().set_option(tcp::no_delay(true), ec);
  }

  /// Reads no more before what was read is written, so that a reader who is
  /// slow slows the writer, and nothing piles up here.
  template <class From, class To>
  void pump(From& from, To& to, buffer& through) {
    from.async_read_some(
      net::buffer(through), [self = shared_from_this(), &from, &to,
                             &through](error_code ec, std::size_t size) {
        if (ec)
          return self->close();
        net::async_write(
          to, net::buffer(through, size),
          [self, &from, &to, &through](error_code failed, std::size_t) {
            if (failed)
              return self->close();
            self->pump(from, to, through);
          });
      });
  }

  void close() {
    error_code ignored;
    timer_.cancel();
    outer_.lowest_layer().close(ignored);
    inner_.close(ignored);
  }

  shared_state& with_;
  ssl::stream<tcp::socket> outer_;
  tcp::socket inner_;
  net::steady_timer timer_;
  std::uint16_t port_ = 0;
  buffer inbound_{};
  buffer outbound_{};
};

[[noreturn]] void fail(const std::string& what, const error_code& ec) {
  throw std::runtime_error(what + ": " + ec.message());
}

void load(ssl::context& tls, const tls_relay_options& options) {
  error_code ec;
  tls.set_options(ssl::context::default_workarounds | ssl::context::no_sslv2
                    | ssl::context::no_sslv3 | ssl::context::no_tlsv1
                    | ssl::context::no_tlsv1_1,
                  ec);
  tls.use_certificate_chain_file(options.certificate_file, ec);
  if (ec)
    fail(fmt::format("{} is no certificate in PEM", options.certificate_file),
         ec);
  tls.use_private_key_file(options.key_file, ssl::context::pem, ec);
  if (ec)
    fail(fmt::format("{} is no key in PEM, or none of {}", options.key_file,
                     options.certificate_file),
         ec);
}

} // namespace

struct tls_relay::impl {
  explicit impl(const tls_relay_options& options) : state(options) {
    load(state.tls, options);
    error_code ec;
    const auto address = net::ip::make_address(options.host, ec);
    const tcp::endpoint at{address, options.port};
    if (!ec)
      acceptor.open(at.protocol(), ec);
    if (!ec)
      acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec)
      acceptor.bind(at, ec);
    if (!ec)
      acceptor.listen(static_cast<int>(options.connections_max), ec);
    if (ec)
      fail(fmt::format("cannot listen on {}:{}", options.host, options.port),
           ec);
    port = acceptor.local_endpoint(ec).port();
    accept();
    thread = std::thread{[this] {
      // Signals are for who waits for them.
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_BLOCK, &all, nullptr);
      io.run();
    }};
  }

  ~impl() {
    io.stop();
    thread.join();
  }

  void accept() {
    acceptor.async_accept([this](error_code ec, tcp::socket from) {
      if (!ec && state.connections < state.options.connections_max)
        std::make_shared<relayed>(io, std::move(from), state)->start();
      if (!ec)
        return accept();
      // Without descriptors to spare: again, but not at once.
      again.expires_after(std::chrono::milliseconds{100});
      again.async_wait([this](error_code stopped) {
        if (!stopped)
          accept();
      });
    });
  }

  // In this order: what is under way ends with the io_context and counts itself
  // out.
  shared_state state;
  net::io_context io{1};
  tcp::acceptor acceptor{io};
  net::steady_timer again{io};
  std::uint16_t port = 0;
  std::thread thread;
};

tls_relay::tls_relay(tls_relay_options options)
  : impl_(std::make_unique<impl>(std::move(options))) {}
tls_relay::~tls_relay() = default;

std::uint16_t tls_relay::port() const noexcept {
  return impl_->port;
}

std::string tls_relay::peer_of(std::uint16_t port) const {
  return impl_->state.peers.find(port);
}

std::size_t tls_relay::size() const {
  return impl_->state.connections;
}

} // namespace bennu::transport
