#include "transport/detail/codec.hpp"

#include "transport/detail/close_frame.hpp"
#include "transport/detail/deflater.hpp"
#include "transport/detail/frame_boundary.hpp"
#include "transport/detail/memory_layer.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/beast/zlib/error.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace bennu::transport::detail {

namespace {

namespace http = beast::http;
namespace websocket = beast::websocket;

using stream_type = websocket::stream<memory_layer, true>;

constexpr std::size_t buffer_start = 4096;
constexpr std::size_t buffer_kept_max = 65536;

/// The stream opens on an upgrade like any other; the connections it will
/// serve have had their own.
http::request<http::empty_body> upgrade_request(bool inflate) {
  http::request<http::empty_body> x{http::verb::get, "/", 11};
  x.set(http::field::host, "codec");
  x.set(http::field::upgrade, "websocket");
  x.set(http::field::connection, "upgrade");
  x.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  x.set(http::field::sec_websocket_version, "13");
  if (inflate)
    x.set(http::field::sec_websocket_extensions, deflate_agreement);
  return x;
}

const http::request<http::empty_body>& cached_upgrade(bool inflate) {
  static const auto plain = upgrade_request(false);
  static const auto inflating = upgrade_request(true);
  return inflate ? inflating : plain;
}

websocket::permessage_deflate deflate_option() {
  websocket::permessage_deflate x;
  x.server_enable = true;
  x.server_no_context_takeover = true;
  x.client_no_context_takeover = true;
  return x;
}

bool is_zlib(error_code ec) {
  return ec.category() == error_code{beast::zlib::error::general}.category();
}

} // namespace

struct codec::impl {
  impl(net::execution_context& context, const codec_options& opts)
    : options(opts), queue(context), stream(memory_layer{queue}),
      buffer(buffer_start) {
    stream.read_message_max(options.message_max);
    if (options.inflate)
      stream.set_option(deflate_option());
    error_code ec;
    stream.accept(cached_upgrade(options.inflate), ec);
    stream.next_layer().output().clear();
    failure = ec;
  }

  struct on_read {
    impl* self;
    void operator()(error_code ec, std::size_t n) const {
      self->read_done(ec, n);
    }
  };

  void start_read() {
    stream.async_read_some(
      net::buffer(buffer.data() + size, buffer.size() - size), on_read{this});
  }

  void read_done(error_code ec, std::size_t n) {
    size += n;
    if (ec && is_zlib(ec)) {
      fail(channels::close_code::invalid_payload, ec);
    } else if (ec) {
      reading = false;
      failure = ec;
    } else if (inflates_too_much()) {
      fail(channels::close_code::message_too_big,
           websocket::error::message_too_big);
    } else if (stream.is_message_done()) {
      reading = false;
    } else {
      if (size == buffer.size())
        buffer.resize(buffer.size() * 2);
      start_read();
    }
  }

  bool inflates_too_much() const {
    return options.inflate && size > options.inflate_free
           && size / options.inflate_ratio_max > boundary.message_size();
  }

  /// Beast has no close frame for this.
  void fail(channels::close_code code, error_code why) {
    stream.next_layer().output() += close_frame(code);
    reading = false;
    failure = why;
  }

  /// Gives the stream what it waits for; a message at a time when their sizes
  /// matter. False when there is no more.
  bool give_bytes() {
    auto& layer = stream.next_layer();
    if (!layer.has_input() && !fed.empty()) {
      const auto n = boundary.advance_message(fed);
      layer.feed(fed.substr(0, n));
      fed.remove_prefix(n);
    }
    return layer.resume();
  }

  codec_options options;
  work_queue queue;
  stream_type stream;
  frame_boundary boundary;

  /// Not given to the stream yet.
  std::string_view fed;
  std::vector<char> buffer;
  std::size_t size = 0;
  bool reading = false;
  error_code failure;
};

codec::codec(net::execution_context& context, const codec_options& options)
  : impl_(std::make_unique<impl>(context, options)) {}

codec::~codec() = default;

void codec::feed(std::string_view bytes) {
  if (impl_->options.inflate) {
    impl_->fed = bytes;
    return;
  }
  impl_->boundary.advance(bytes);
  impl_->stream.next_layer().feed(bytes);
}

codec::event codec::next() {
  auto& x = *impl_;
  if (!x.failure && !x.reading) {
    x.reading = true;
    x.size = 0;
    x.start_read();
  }
  do {
    x.queue.run();
  } while (x.reading && x.give_bytes());
  if (x.failure)
    return x.failure == websocket::error::closed ? event::closed
                                                 : event::failed;
  return x.reading ? event::need_bytes : event::message;
}

channels::opcode codec::opcode() const noexcept {
  return impl_->stream.got_text() ? channels::opcode::text
                                  : channels::opcode::binary;
}

std::string_view codec::payload() const noexcept {
  return {impl_->buffer.data(), impl_->size};
}

bool codec::has_output() const noexcept {
  return !impl_->stream.next_layer().output().empty();
}

std::string codec::take_output() {
  return std::exchange(impl_->stream.next_layer().output(), {});
}

std::string codec::error() const {
  return impl_->failure.message();
}

bool codec::reusable() const noexcept {
  const auto& x = *impl_;
  // A read that waits proves that Beast's own buffer is empty too.
  return !x.failure && x.reading && x.boundary.at_boundary()
         && x.buffer.size() <= buffer_kept_max;
}

} // namespace bennu::transport::detail
