#pragma once

#include "channels/assigns.hpp"
#include "channels/broadcast.hpp"
#include "channels/event_map.hpp"
#include "channels/payload.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/pubsub/topic.hpp"
#include "channels/result.hpp"
#include "channels/route.hpp"
#include "channels/socket_ref.hpp"
#include "runtime/local_table.hpp"
#include "runtime/process.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace bennu::channels {

class shard_mount;
class socket;
struct message;
struct shard_route;

/// A topic that a client has joined: one process each, which dies with its
/// socket and whose crash costs the client no more than this topic
/// (phx_error, then the client rejoins). Mirrors Phoenix.Channel; derive from
/// it, with members instead of assigns:
///
///     class room_channel final : public channels::channel {
///     public:
///       static auto events() { ... }              // see event_map
///       join_result join(const topic& room, const json&) override {
///         return channels::accept();
///       }
///     };
///
/// Runs on its socket's shard: a push is a call, not a message. Differs from
/// Phoenix: join runs in the channel's own process while its socket goes on;
/// a throw in any handler is logged and ends the channel. 56 bytes before
/// your members. Confined to its process.
class channel : public runtime::process {
public:
  ~channel() override;

  // -- what a channel does --

  /// May the client join? Runs first; push, broadcast and reply throw until it
  /// has returned (send yourself a message instead).
  virtual join_result join(const topic& on, const json& params) = 0;

  /// An event that is not in events(). Default: throws, so that the client
  /// sees phx_error, as without a matching clause in Phoenix.
  virtual result handle_in(std::string_view event, const payload& x);

  /// A message from another process; also a broadcast_message of a topic this
  /// process subscribed to itself. Default: a warning.
  virtual result handle_info(runtime::message& msg);

  /// A broadcast of an event listed in intercepts(), before this client gets
  /// it. Default: pushes it on.
  virtual result handle_out(std::string_view event, const payload& x);

  const topic& topic_name() const noexcept { return topic_; }

  // terminate(reason), inherited: runs after a stop, a throw or the client's
  // leaving, not on kill nor when a second join replaces this one.

protected:
  // -- verbs --

  /// Sends the client an event.
  void push(std::string_view event, json x);
  void push(std::string_view event, bytes x);

  /// One whose payload is rendered already, e.g. a presence's state. (A
  /// template, since braces must always mean JSON.)
  template <std::same_as<rendered_payload> T>
  void push(std::string_view event, const T& x) {
    push_rendered(event, x);
  }

  /// Sends an event to every client of this topic, this one too.
  void broadcast(std::string_view event, json x);
  void broadcast(std::string_view event, bytes x);

  /// To all but this client.
  void broadcast_from(std::string_view event, json x);
  void broadcast_from(std::string_view event, bytes x);

  /// The message being handled, to be answered later. Throws std::logic_error
  /// outside a handler of an event, or when the client gave no ref.
  socket_ref ref() const;

  /// Answers one: `reply(to, ok(json))`.
  void reply(const socket_ref& to, const result& what) {
    channels::reply(*this, to, what);
  }

  // -- what it knows --

  /// What connect returned. Throws std::bad_cast when it was no T.
  template <class T>
  const T& assigns() const {
    return assigns_.as<T>();
  }

  const pubsub& bus() const noexcept;

  /// The process of the client's connection.
  runtime::pid socket_pid() const noexcept {
    return {self().node, socket_slot_, socket_serial_};
  }

  bool joined() const noexcept { return joined_; }

private:
  template <class, class...>
  friend class channel_maker;
  friend class socket;

  void init() final;
  void handle_message(runtime::message& msg) final;
  std::string label() const override;

  void begin(channel_start start);
  void accepted(channels::socket& to, const json& reply);
  void handle_client(const message& x);
  bool take_place(std::size_t max) noexcept;
  void intercepted(const broadcast_message& x);
  result run_handler(const message& x);
  void carry_out(const result& x, const message* cause);
  void end(const runtime::exit_reason& why);
  void require_joined() const;
  void push_payload(std::string_view event, const payload& x);
  void push_rendered(std::string_view event, const rendered_payload& x);
  void broadcast_payload(const runtime::pid& but, std::string_view event,
                         payload x);
  channels::socket* find_socket() const;
  shard_mount& mount() const noexcept;

  // One a joined channel of each connection: nothing that its socket or its
  // route has is kept again.
  topic topic_;
  const shard_route* route_ = nullptr;
  shared_assigns assigns_;
  std::uint32_t socket_slot_ = 0; // on this node
  std::uint32_t socket_serial_ = 0;
  runtime::object_ref subscription_;
  bool joined_ = false;
  std::uint32_t waiting_ = 0; // events of the client in the mailbox
};

/// A channel with a route, on its way into life.
struct channel_start {
  channels::topic topic;
  const shard_route* route = nullptr;
  shared_assigns assigns;
  runtime::pid socket;

  /// The client's message; valid until the start has returned.
  const message* join = nullptr;
  const channels::serializer* serializer = nullptr;
};

// -- inline implementation ----------------------------------------------------

/// Builds a channel in its process and gives it what its socket knows.
template <class Channel, class... Ts>
class channel_maker final : public runtime::detail::process_maker {
public:
  channel_maker(const std::tuple<Ts...>& args, channel_start start)
    : args_(args), start_(std::move(start)) {}

  std::size_t size() const noexcept override { return sizeof(Channel); }

  runtime::process* construct(void* where) override {
    auto* made = std::apply(
      [where](const auto&... xs) { return new (where) Channel(xs...); }, args_);
    static_cast<channel*>(made)->begin(std::move(start_));
    return made;
  }

  std::unique_ptr<runtime::detail::process_maker> moved() override {
    return std::make_unique<channel_maker>(args_, std::move(start_));
  }

private:
  const std::tuple<Ts...>& args_;
  channel_start start_;
};

template <class Channel, class... Ts>
class route_to final : public channel_route {
public:
  route_to(std::string pattern, Ts... args)
    : channel_route(std::move(pattern), events_of(), intercepts_of()),
      args_(std::move(args)...) {}

  runtime::pid start(runtime::dynamic_supervisor& under,
                     channel_start start) const override {
    channel_maker<Channel, Ts...> maker{args_, std::move(start)};
    return under.start_child(maker);
  }

private:
  static event_table events_of() {
    if constexpr (requires { Channel::events(); })
      return Channel::events().table();
    else
      return {};
  }
  static std::vector<std::string> intercepts_of() {
    if constexpr (requires { Channel::intercepts(); })
      return Channel::intercepts();
    else
      return {};
  }

  std::tuple<Ts...> args_;
};

template <class Channel, class... Ts>
std::shared_ptr<const channel_route> route(std::string pattern, Ts... args) {
  static_assert(std::is_base_of_v<channel, Channel>);
  return std::make_shared<route_to<Channel, Ts...>>(std::move(pattern),
                                                    std::move(args)...);
}

} // namespace bennu::channels
