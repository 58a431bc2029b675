#pragma once

#include "channels/socket.hpp"
#include "transport/detail/shard_transport.hpp"
#include "transport/write_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bennu::transport {

/// The process of one websocket, from its upgrade on. Mirrors what Bandit and
/// Phoenix.Transports.WebSocket do for Phoenix.Socket.
///
/// While nothing happens it is a few pointers: its descriptor lies in the
/// shard's connection_set, a codec is borrowed while a message is under way,
/// the write queue is empty. Frames written in one turn leave in one system
/// call at the end of the turn.
///
/// Limits, from endpoint_options but the first:
/// - `heartbeat_timeout` of the socket_spec without a byte from the client:
///   close 1002, as Bandit (1000 would keep phoenix.js from coming back).
/// - `message_max`: close 1009.
/// - `write_queue_max` bytes wait for a client that does not read them: it is
///   reset, without a close frame, which could not reach it before all that
///   waits in the kernel. phoenix.js sees 1006 and comes back. Nobody else is
///   delayed: write() never blocks. Differs from Phoenix, where a slow reader
///   blocks its socket process and fills that one's mailbox.
///
/// A throw out of a handler closes with 1011, an orderly end or a kill with
/// 1001. Confined to its process.
class websocket_session final : public channels::socket,
                                private detail::connection_set::handler {
public:
  /// How a connection comes from HTTP: `answer` is its 101, `early` what the
  /// client has sent behind its request.
  struct opening {
    detail::shard_transport_ptr shared;
    detail::connection_id id;
    detail::patience idle = detail::patience::idle;
    std::string answer;
    std::string early;

    /// Both sides have agreed to permessage-deflate.
    bool compress = false;

    /// Its number in the shard's agent_table.
    std::uint16_t agent = 0;
  };

  /// Takes the connection over.
  websocket_session(channels::socket_init init, opening from);
  ~websocket_session() override;

  void write(const channels::frame_ptr& x) override;

  /// What observers ask of it, on its shard: its descriptor, or -1, and the
  /// bytes that wait for its client.
  int descriptor() const noexcept;
  std::size_t queued() const noexcept { return queue_.bytes(); }

  /// The client's user agent as it was sent, as far as it is kept, and how long
  /// it is connected, in seconds.
  std::string_view agent() const noexcept;
  runtime::duration age() const noexcept;

protected:
  void close(channels::close_code code, runtime::exit_reason why) override;

  void init() override;
  void terminate(const runtime::exit_reason& why) override;

private:
  void ready(detail::connection_id id, readiness what) override;
  void expired(detail::connection_id id) override;
  void flush(detail::connection_id id) override;
  std::string_view to_send(detail::connection_id id) override;
  void sent(detail::connection_id id, int n) override;
  bool drain(detail::connection_id id) override;

  void read();
  void received(std::string_view bytes);
  void end_after_flush(runtime::exit_reason why);
  bool send_queued();
  bool took(long n, int error);
  void flushed(bool all);
  bool queue_answers(std::string_view answers);
  bool make_room(std::size_t size);
  detail::codec_pool& codecs() noexcept;
  std::unique_ptr<detail::codec> take_codec();
  void mark();
  void let_go();
  void end();
  void end_with(runtime::exit_reason why);
  void release(channels::close_code code);

  /// What few connections have, or none for long.
  struct rare;
  rare& more();

  /// True once the connection is to end: after what is queued, or at once when
  /// it is slow_.
  bool ending() const noexcept;

  detail::shard_transport_ptr shared_;
  detail::connection_id id_;
  std::unique_ptr<rare> rare_;
  write_queue queue_;

  // Eight bytes together: there is one of these a connection.
  bool open_ : 1 = false;
  bool marked_ : 1 = false;
  bool slow_ : 1 = false;
  bool client_closed_ : 1 = false;
  const bool compress_ : 1;
  const std::uint16_t agent_;
  const std::uint32_t opened_; // seconds of the node's clock
};

} // namespace bennu::transport
