#include "transport/detail/codec.hpp"

#include "transport/detail/frame_boundary.hpp"
#include "transport/detail/memory_layer.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace bennu::transport::detail {

namespace {

namespace http = beast::http;
namespace websocket = beast::websocket;

using stream_type = websocket::stream<memory_layer, false>;

constexpr std::size_t buffer_start = 4096;
constexpr std::size_t buffer_kept_max = 65536;

/// The stream opens on an upgrade like any other; the connections it will
/// serve have had their own.
const http::request<http::empty_body>& cached_upgrade() {
  static const auto request = [] {
    http::request<http::empty_body> x{http::verb::get, "/", 11};
    x.set(http::field::host, "codec");
    x.set(http::field::upgrade, "websocket");
    x.set(http::field::connection, "upgrade");
    x.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
    x.set(http::field::sec_websocket_version, "13");
    return x;
  }();
  return request;
}

} // namespace

struct codec::impl {
  impl(net::execution_context& context, const codec_options& opts)
    : options(opts), queue(context), stream(memory_layer{queue}),
      buffer(buffer_start) {
    stream.read_message_max(options.message_max);
    error_code ec;
    stream.accept(cached_upgrade(), ec);
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
    if (ec) {
      reading = false;
      failure = ec;
    } else if (stream.is_message_done()) {
      reading = false;
    } else {
      if (size == buffer.size())
        buffer.resize(buffer.size() * 2);
      start_read();
    }
  }

  codec_options options;
  work_queue queue;
  stream_type stream;
  frame_boundary boundary;
  std::vector<char> buffer;
  std::size_t size = 0;
  bool reading = false;
  error_code failure;
};

codec::codec(net::execution_context& context, const codec_options& options)
  : impl_(std::make_unique<impl>(context, options)) {}

codec::~codec() = default;

void codec::feed(std::string_view bytes) {
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
  } while (x.reading && x.stream.next_layer().resume());
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
