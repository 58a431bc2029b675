#pragma once

#include "channels/socket.hpp"
#include "transport/detail/shard_transport.hpp"
#include "transport/socket_mount.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::transport {

/// Ask a long-poll session for the messages that wait, or for those that come
/// within its window: it answers long_polled, empty when there are none.
struct long_poll {
  /// Where it came from, "address:port", for observers.
  std::string peer{};
};
struct long_polled {
  std::vector<channels::frame_ptr> messages;
};

/// Give a long-poll session messages of its client: it answers
/// long_push_done once they are on their way.
struct long_push {
  struct part {
    channels::opcode op;
    std::string data;
  };
  std::vector<part> parts;
};
struct long_push_done {};

/// The process of a client that polls: it takes what a websocket would, and
/// keeps what is for the client until the next poll. It lives on the shard
/// where it began; requests reach it from any shard, each by a process of its
/// own (detail::long_poll_request). Mirrors Phoenix.Transports.LongPoll.Server.
///
/// As in Phoenix: a poll that finds another one waiting takes its place, which
/// is then answered 204; pushes are no sign of life, only polls are, and a
/// client that has not polled for `window` * 1.5 is gone, found by a look every
/// as long; messages handed to a poll are forgotten, whether its answer arrives
/// or not; an orderly end has no code: the next poll gets 410.
///
/// Differs: `buffer_max` bytes wait at most, past it the session ends as a slow
/// consumer; a poll whose client has gone is forgotten, and messages wait for
/// the next; one that waits when the session ends is answered at once, not when
/// its window is over; messages in bytes, which Phoenix breaks, are left out.
/// Confined to its process.
class long_poll_session final : public channels::socket,
                                private detail::shard_transport::loose_session {
public:
  struct opening {
    detail::shard_transport_ptr shared;
    std::chrono::milliseconds window{10'000};
    std::size_t buffer_max = 1024 * 1024;

    /// Where its first poll came from, and its number in the agent_table.
    std::string peer{};
    std::uint16_t agent = 0;
  };

  long_poll_session(channels::socket_init init, opening from);
  ~long_poll_session() override;

  void write(const channels::frame_ptr& x) override;

  // -- what observers ask of it, on its shard --

  /// Where the last poll came from.
  const std::string& peer() const noexcept { return from_.peer; }

  /// The client's user agent, as far as it is kept.
  std::string_view agent() const noexcept;

  /// Bytes that wait for the next poll.
  std::size_t queued() const noexcept { return bytes_; }

  /// Of messages, without HTTP.
  std::uint64_t bytes_in() const noexcept { return bytes_in_; }
  std::uint64_t bytes_out() const noexcept { return bytes_out_; }

  /// Since it began, and since its client last sent a request.
  runtime::duration age() const noexcept;
  runtime::duration silence() const noexcept;

protected:
  void close(channels::close_code code, runtime::exit_reason why) override;

  void init() override;
  void handle_message(runtime::message& msg) override;
  void terminate(const runtime::exit_reason& why) override;
  std::string label() const override;

private:
  struct look {};
  struct window_over {
    runtime::monitor_ref poll;
  };

  void flush() override;
  void drain() override;
  void polled(const long_poll& x);
  void pushed(const long_push& x);
  void answer_poll();
  void forget_poll();
  void too_slow();

  opening from_;

  /// The poll that waits, and the process it came from.
  runtime::reply_to waiting_;
  runtime::monitor_ref watch_ = 0;
  runtime::timer_ref timer_ = 0;
  const runtime::time_point opened_;
  runtime::time_point last_poll_;
  runtime::time_point last_request_;

  std::vector<channels::frame_ptr> buffer_;
  std::size_t bytes_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  bool marked_ = false;
  bool ending_ = false;
  bool bytes_left_out_ = false;
};

} // namespace bennu::transport
