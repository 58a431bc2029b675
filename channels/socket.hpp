#pragma once

#include "channels/channel_list.hpp"
#include "channels/close_code.hpp"
#include "channels/connect.hpp"
#include "channels/frame.hpp"
#include "channels/message.hpp"
#include "channels/payload.hpp"
#include "channels/pubsub/topic.hpp"
#include "channels/result.hpp"
#include "channels/wire_ref.hpp"
#include "runtime/process.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::channels {

namespace detail {
class stopwatch;
}
class channel;
struct join_decision;
class shard_mount;
struct shard_format;

/// Sent to a socket, closes it with 1012: what a drainer does.
struct phx_drain {};

/// Asks a socket for its channels: answers std::vector<channel_info>.
struct debug_channels {};
struct channel_info {
  channels::topic topic;
  runtime::pid channel;
  std::string status; // joining, joined, leaving, replacing or closed
};

/// The process of one connected client. Mirrors Phoenix.Socket and the seam
/// Phoenix.Socket.Transport: a transport derives from it, feeds it what
/// arrives and carries out write and close; all routing of events, joins,
/// leaves and heartbeats is here, and knows no transport. Frame in, effects
/// out: a test or a fuzzer is just one more transport.
///
/// Differs from Phoenix: a join does not block the socket. Messages for the
/// joining topic wait behind it, everything else goes on. A transport that
/// overrides init, handle_message or terminate calls the one here too.
/// Confined to its process.
class socket : public runtime::process {
public:
  explicit socket(socket_init init);
  ~socket() override;

  /// A whole message from the client. Throws malformed_frame when it cannot be
  /// decoded: the transport lets it end the process (1011).
  void frame_received(opcode op, std::string_view data);

  /// Queues a frame for the client. Never blocks; past the transport's limit
  /// the client is a slow consumer and is closed. Called by the channels and
  /// the pubsub servers of this shard directly.
  virtual void write(const frame_ptr& x) = 0;

  const channels::serializer& serializer() const noexcept;
  const shared_assigns& assigns() const noexcept { return assigns_; }

  /// Empty for none.
  const std::string& id() const noexcept;

  std::size_t channel_count() const noexcept { return channels_.size(); }

protected:
  /// Sends a close frame after what is queued, then ends the process with
  /// `why`.
  virtual void close(close_code code, runtime::exit_reason why) = 0;

  void init() override;
  void handle_message(runtime::message& msg) override;
  void terminate(const runtime::exit_reason& why) override;
  std::string label() const override;

private:
  friend class channel;

  /// A join whose channel has not decided yet, and what waits behind it.
  struct pending_join;

  /// What few sockets have, or none for long.
  struct rare;

  // -- what channels of this shard call --

  json join_params(const runtime::pid& who);

  /// The copy of its topic that all subscribers share, in place of our own.
  void share_topic(const runtime::pid& who, const topic& name) noexcept;
  void join_decided(const runtime::pid& who, const join_result& x);
  void push(const runtime::pid& who, std::string_view event,
            const rendered_payload& x);
  void reply(const runtime::pid& who, const wire_ref& ref, const answer& x);
  wire_ref join_ref_of(const runtime::pid& who);
  void channel_closed(const runtime::pid& who);
  void join_decided_by_message(const join_decision& x);

  // -- events of the client --

  void route(message x);
  void heartbeat(const message& x);
  void unmatched(const message& x);
  void join(message&& x);
  void replace(joined_channel& old, message&& x);
  void wait_behind(pending_join& at, message&& x);
  void to_channel(joined_channel& to, message&& x);
  bool has_room(const runtime::pid& of);

  // -- joins --

  void start_channel(pending_join at);
  void finish_join(pending_join at);
  void release_waiting(const topic& of);
  void join_failed(joined_channel& x, pending_join at);
  pending_join* find_pending(std::string_view name);
  pending_join take_pending(std::string_view name);
  detail::stopwatch stopwatch() const;

  // -- ends --

  void channel_ended(const runtime::exit_message& signal);
  void old_channel_ended(joined_channel& x);
  void report_end(const topic& of, const runtime::pid& who,
                  const runtime::exit_reason& why) const;
  void replace_timed_out(const topic& of, const runtime::pid& old);
  void write_end(const topic& of, const wire_ref& join_ref,
                 std::string_view event, const json& x);
  void write_push(const joined_channel& from, std::string_view event,
                  const frame_ptr& x);
  void write_reply(const message& to, const wire_ref& join_ref,
                   std::string_view status, const json& x);

  std::vector<channel_info> list_channels();
  runtime::pid pid_of(const joined_channel& x) const noexcept;
  rare& more();

  shard_mount& mount() const noexcept;

  // One a connection. Everything that connections of a mount and shard, and of
  // a wire format, have in common is behind format_.
  const shard_format& format_;
  shared_assigns assigns_;
  channel_list channels_;
  std::unique_ptr<rare> rare_;
};

} // namespace bennu::channels
