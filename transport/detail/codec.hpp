#pragma once

#include "channels/frame.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace bennu::transport::detail {

struct codec_options {
  /// Bytes of a whole message, fragments together; a longer one is answered
  /// with close 1009. What Phoenix's websock_adapter sets.
  std::size_t message_max = 10'000'000;

  /// Codecs a shard keeps for its next messages, about 9 KB each, 50 KB with
  /// inflate. More are in use only while as many messages are under way.
  std::size_t kept_max = 64;

  /// Messages may be compressed: permessage-deflate (RFC 7692), each message by
  /// itself, so that nothing is kept between two. message_max then holds for
  /// what they are inflated to, too, while they are.
  bool inflate = false;

  /// How many times its compressed size a message may have; past it: 1009. It
  /// keeps a client from making us work for nothing. As Bandit; differs: a
  /// message of up to inflate_free bytes may have any.
  std::size_t inflate_ratio_max = 25;
  std::size_t inflate_free = 4096;
};

/// Turns a websocket client's bytes into messages, by RFC 6455, and makes the
/// answers the protocol asks for: pongs, the echo of a close, the close that
/// tells a client what it did wrong. It is a Beast stream without a socket;
/// between two messages it remembers nothing of its client, so one codec
/// serves many connections in turn: see codec_pool.
///
///     codec.feed(bytes);
///     while (codec.next() == codec::event::message)
///       on_message(codec.opcode(), codec.payload());
///
/// Confined to its thread.
class codec {
public:
  enum class event {
    /// A whole message: opcode() and payload(), until the next call.
    message,
    /// All bytes are used up.
    need_bytes,
    /// The client has closed; output() ends with the echo of its close frame.
    closed,
    /// The client broke the protocol; output() ends with the close frame that
    /// says how, and error() in words.
    failed,
  };

  /// The first of a program opens descriptors, which Asio wants whether or not
  /// it uses them; throws when there are none left.
  explicit codec(const codec_options& options);
  ~codec();
  codec(const codec&) = delete;
  codec& operator=(const codec&) = delete;

  /// The next bytes of the connection. Only when next() needs some; they must
  /// live until it does again.
  void feed(std::string_view bytes);

  event next();

  channels::opcode opcode() const noexcept;
  std::string_view payload() const noexcept;

  /// Frames to send to the client before anything else; taking clears it.
  bool has_output() const noexcept;
  std::string take_output();

  std::string error() const;

  /// True when another connection may go on with this codec: it has handed
  /// out all it was fed, between two messages, and no huge one was among them.
  /// Still true where the client has closed with 1000, 1001 or no code, and no
  /// reason, in bytes that came alone.
  bool reusable() const noexcept;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace bennu::transport::detail
