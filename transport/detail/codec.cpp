#include "transport/detail/codec.hpp"

#include "transport/detail/close_frame.hpp"
#include "transport/detail/frame_boundary.hpp"
#include "transport/detail/inflater.hpp"
#include "transport/detail/memory_layer.hpp"
#include "transport/detail/utf8.hpp"

#include <boost/asio/io_context.hpp>
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

using stream_type = websocket::stream<memory_layer, true>;

constexpr std::size_t buffer_start = 4096;
constexpr std::size_t buffer_kept_max = 65536;

/// Of a frame's first byte, and the opcodes of a message's first frame.
constexpr unsigned char rsv1 = 0x40;
constexpr unsigned char opcode_mask = 0x0F;
constexpr unsigned char text_code = 1;
constexpr unsigned char binary_code = 2;

/// The stream opens on an upgrade like any other; the connections it will
/// serve have had their own.
http::request<http::empty_body> upgrade_request() {
  http::request<http::empty_body> x{http::verb::get, "/", 11};
  x.set(http::field::host, "codec");
  x.set(http::field::upgrade, "websocket");
  x.set(http::field::connection, "upgrade");
  x.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  x.set(http::field::sec_websocket_version, "13");
  return x;
}

/// What Asio's types ask an execution context for. Nothing ever runs on it. An
/// io_context since any other would start a thread.
net::io_context& services() {
  static net::io_context only{1};
  return only;
}

/// What to answer a close frame that is nothing but what clients send who just
/// leave; nothing for any other bytes.
std::optional<channels::close_code> plain_close(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.size() == 6 && bytes.starts_with("\x88\x80"sv))
    return channels::close_code::normal;
  if (bytes.size() != 8 || !bytes.starts_with("\x88\x82"sv))
    return {};
  const auto unmasked = [bytes](std::size_t i) {
    return static_cast<unsigned char>(bytes[6 + i] ^ bytes[2 + i]);
  };
  const auto code = channels::close_code{
    static_cast<std::uint16_t>(unmasked(0) << 8 | unmasked(1))};
  if (code == channels::close_code::normal
      || code == channels::close_code::going_away)
    return code;
  return {};
}

inflater_limits limits_of(const codec_options& x) {
  return {.size_max = x.message_max,
          .ratio_max = x.inflate_ratio_max,
          .ratio_free = x.inflate_free};
}

} // namespace

struct codec::impl {
  explicit impl(const codec_options& opts)
    : options(opts), queue(services()), stream(memory_layer{queue}),
      unpacked(limits_of(opts)), buffer(buffer_start) {
    static const auto upgrade = upgrade_request();
    stream.read_message_max(options.message_max);
    error_code ec;
    stream.accept(upgrade, ec);
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
    if (!ec && compressed)
      return unpack({buffer.data(), n});
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

  void unpack(std::string_view bytes) {
    using verdict = inflater::verdict;
    const bool done = stream.is_message_done();
    auto seen = unpacked.write(bytes);
    if (done && seen == verdict::good)
      seen = unpacked.finish();
    if (seen == verdict::too_big)
      fail(channels::close_code::message_too_big,
           websocket::error::message_too_big);
    else if (seen == verdict::broken || (done && text && !is_utf8(payload())))
      fail(channels::close_code::invalid_payload,
           websocket::error::bad_frame_payload);
    else if (done)
      reading = false;
    else
      start_read();
  }

  std::string_view payload() const noexcept {
    return compressed ? unpacked.text() : std::string_view{buffer.data(), size};
  }

  /// Beast has no close frame for this.
  void fail(channels::close_code code, error_code why) {
    stream.next_layer().output() += close_frame(code);
    reading = false;
    failure = why;
  }

  /// Gives the stream what it waits for; a frame at a time when some may be
  /// compressed. False when there is no more.
  bool give_bytes() {
    auto& layer = stream.next_layer();
    if (!layer.has_input() && !fed.empty())
      layer.feed(next_piece());
    return layer.resume();
  }

  /// Beast does not inflate for us: it takes nothing after a final block, which
  /// RFC 7692 allows, and judges a broken message by how it was cut. It gets
  /// the first frame of a compressed message as one of plain bytes.
  std::string_view next_piece() {
    if (boundary.at_boundary() && starts_compressed(fed.front())) {
      compressed = true;
      text = (fed.front() & opcode_mask) == text_code;
      unpacked.start();
      first_byte =
        static_cast<char>((fed.front() & ~(rsv1 | opcode_mask)) | binary_code);
      fed.remove_prefix(1);
      boundary.advance({&first_byte, 1});
      return {&first_byte, 1};
    }
    const auto piece = fed.substr(0, boundary.advance_frame(fed));
    fed.remove_prefix(piece.size());
    return piece;
  }

  static bool starts_compressed(char x) noexcept {
    const auto code = x & opcode_mask;
    return (x & rsv1) && (code == text_code || code == binary_code);
  }

  codec_options options;
  work_queue queue;
  stream_type stream;
  frame_boundary boundary;
  inflater unpacked;

  /// Not given to the stream yet.
  std::string_view fed;
  std::vector<char> buffer;
  std::size_t size = 0;
  bool reading = false;
  bool client_leaves = false;
  error_code failure;

  /// Of the message under way.
  bool compressed = false;
  bool text = false;
  char first_byte = 0;
};

codec::codec(const codec_options& options)
  : impl_(std::make_unique<impl>(options)) {}

codec::~codec() = default;

void codec::feed(std::string_view bytes) {
  // Beast's stream would be of no more use, and making one takes a third of a
  // join's instructions.
  if (impl_->boundary.at_boundary()) {
    if (const auto answer = plain_close(bytes)) {
      impl_->client_leaves = true;
      impl_->stream.next_layer().output() += close_frame(*answer);
      return;
    }
  }
  if (impl_->options.inflate) {
    impl_->fed = bytes;
    return;
  }
  impl_->boundary.advance(bytes);
  impl_->stream.next_layer().feed(bytes);
}

codec::event codec::next() {
  auto& x = *impl_;
  if (std::exchange(x.client_leaves, false))
    return event::closed;
  if (!x.failure && !x.reading) {
    x.reading = true;
    x.size = 0;
    x.compressed = false;
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
  const auto& x = *impl_;
  return (x.compressed ? x.text : x.stream.got_text())
           ? channels::opcode::text
           : channels::opcode::binary;
}

std::string_view codec::payload() const noexcept {
  return impl_->payload();
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
         && std::max(x.buffer.size(), x.unpacked.kept()) <= buffer_kept_max;
}

} // namespace bennu::transport::detail
