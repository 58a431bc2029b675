#include "channels/socket.hpp"

#include "channels/broadcast.hpp"
#include "channels/channel.hpp"
#include "channels/custom_channel.hpp"
#include "channels/mount.hpp"
#include "channels/serializer.hpp"
#include "channels/socket_state.hpp"
#include "channels/telemetry.hpp"
#include "runtime/log.hpp"
#include "runtime/shard.hpp"

#include <stdexcept>
#include <utility>

namespace bennu::channels {

using runtime::log;
using runtime::log_level;
using state = joined_channel::status;

namespace {

/// A replaced channel takes too long to end.
struct replace_timeout {
  topic of;
  runtime::pid old;
};

const char* to_string(state x) {
  switch (x) {
  case state::none:
    break;
  case state::joining:
    return "joining";
  case state::joined:
    return "joined";
  case state::leaving:
    return "leaving";
  case state::replacing:
    return "replacing";
  case state::closed:
    return "closed";
  }
  return "";
}

const shard_format& format_of(const socket_init& init, std::size_t shard) {
  if (!init.spec || !init.spec->mounted)
    throw std::logic_error("a socket's spec must be mounted");
  return init.spec->mounted->on(shard).format_of(*init.serializer);
}

} // namespace

// -- life ---------------------------------------------------------------------

socket::socket(socket_init init)
  : format_(format_of(init, self().shard())),
    assigns_(std::move(init.assigns)) {
  mount().retain();
  if (!init.id.empty())
    more().id = std::move(init.id);
  if (init.expires_in)
    more().expiry = send_after(*init.expires_in, session_expired{});
}

socket::~socket() {
  if (rare_ && rare_->id_subscription)
    mount().bus().unsubscribe_lane(self(), rare_->id_subscription);
  // Nobody else would: a day's worth of dead connections' timers is too much.
  if (rare_ && rare_->expiry)
    cancel_timer(rare_->expiry);
  mount().release();
}

void socket::init() {
  // A channel's crash is news, not a reason to end.
  trap_exit(true);
  if (id().empty())
    return;
  topic on{id()};
  more().id_subscription = mount().bus().subscribe_lane(*this, on, {}, nullptr);
}

void socket::terminate(const runtime::exit_reason& why) {
  mount().telemetry().execute(events::socket_closed, [&] {
    return runtime::telemetry_event{
      events::socket_closed,
      {{"channels", static_cast<double>(channels_.size())}},
      {{"pid", to_string(self())}, {"id", id()}, {"reason", to_string(why)}}};
  });
  const auto for_channels =
    why.is_normal() ? runtime::exit_reason::shutdown("closed") : why;
  channels_.for_each([&](const joined_channel& x) {
    report_end(x.name, pid_of(x), for_channels);
    unlink(pid_of(x));
    if (x.custom)
      return exit(pid_of(x), for_channels);
    // By message instead of by the link, so that their terminate runs.
    send(pid_of(x), socket_closed{for_channels});
  });
}

shard_mount& socket::mount() const noexcept {
  return format_.mount;
}

const channels::serializer& socket::serializer() const noexcept {
  return format_.format;
}

std::string socket::label() const {
  return id().empty() ? "socket" : "socket " + id();
}

const std::string& socket::id() const noexcept {
  static const std::string none;
  return rare_ ? rare_->id : none;
}

socket::rare& socket::more() {
  if (!rare_)
    rare_ = std::make_unique<rare>();
  return *rare_;
}

runtime::pid socket::pid_of(const joined_channel& x) const noexcept {
  return {self().node, x.slot, x.serial};
}

void socket::handle_message(runtime::message& msg) {
  if (const auto* frame = msg.value_if<frame_ptr>())
    return write(*frame);
  if (const auto* signal = msg.value_if<runtime::exit_message>())
    return channel_ended(*signal);
  if (const auto* decided = msg.value_if<join_decision>())
    return join_decided_by_message(*decided);
  if (const auto* closed = msg.value_if<channel_close>())
    return channel_closed(closed->who);
  if (const auto* over = msg.value_if<join_over>())
    return release_waiting(over->of);
  if (const auto* late = msg.value_if<replace_timeout>())
    return replace_timed_out(late->of, late->old);
  if (msg.holds<phx_drain>())
    return close(close_code::service_restart,
                 runtime::exit_reason::shutdown("draining"));
  if (msg.holds<session_expired>())
    return close(close_code::going_away,
                 runtime::exit_reason::shutdown("expired"));
  if (const auto* told = msg.value_if<broadcast_message>()) {
    if (told->event() == "disconnect" && told->topic() == id())
      close(mount().spec().disconnect_code,
            runtime::exit_reason::shutdown("disconnected"));
    return;
  }
  if (msg.holds<debug_channels>())
    if (const auto asker = take_reply_to())
      process::reply(asker, list_channels());
}

std::vector<channel_info> socket::list_channels() {
  std::vector<channel_info> all;
  channels_.for_each([&](const joined_channel& x) {
    all.push_back({x.name, pid_of(x), to_string(x.state)});
  });
  return all;
}

// -- events of the client -----------------------------------------------------

void socket::frame_received(opcode op, std::string_view data) {
  route(serializer().decode(op, data));
}

void socket::route(message x) {
  if (x.topic == "phoenix" && x.event == "heartbeat")
    return heartbeat(x);
  if (auto* pending = find_pending(x.topic))
    return wait_behind(*pending, std::move(x));
  auto* known = channels_.find(x.topic);
  if (x.event == "phx_join")
    return known ? replace(*known, std::move(x)) : join(std::move(x));
  if (known)
    return to_channel(*known, std::move(x));
  if (x.event == "phx_leave")
    return write_reply(x, x.join_ref, "ok", empty_object());
  unmatched(x);
}

void socket::heartbeat(const message& x) {
  static const auto nothing = rendered_payload::object("{}");
  write(serializer().encode_reply({}, x.ref, x.topic, "ok", nothing));
}

void socket::unmatched(const message& x) {
  write_reply(x, {}, "error", {{"reason", "unmatched topic"}});
}

void socket::to_channel(joined_channel& to, message&& x) {
  const bool mine =
    x.join_ref.is_null() || (!to.anonymous && x.join_ref == to.join_ref);
  if (!mine)
    return log(log_level::debug, "stale {} on {} dropped", x.event, x.topic);
  if (x.event == "phx_leave")
    to.state = state::leaving;
  else if (!to.custom && !has_room(pid_of(to)))
    return write_reply(x, to.join_ref, "error",
                       {{"reason", "too many messages waiting"}});
  send(pid_of(to), client_push{std::move(x)});
}

/// Counts one more event for a channel, which counts it down.
bool socket::has_room(const runtime::pid& of) {
  auto* found = home().find(of);
  return !found
         || static_cast<channel*>(found)->take_place(
           mount().spec().channel_queue_max);
}

void socket::join(message&& x) {
  if (!mount().find_route(x.topic)) {
    log(log_level::warning, "Ignoring unmatched topic \"{}\"", x.topic);
    return unmatched(x);
  }
  if (channels_.size() >= mount().spec().channels_max) {
    log(log_level::error, "{} has joined too many channels: channels_max is {}",
        label(), mount().spec().channels_max);
    return write_reply(x, x.join_ref, "error",
                       {{"reason", "too many channels joined"}});
  }
  channels_.add(topic{x.topic});
  start_channel({.join = std::move(x), .time = stopwatch()});
}

/// A second join of a topic: the channel of the first ends, then the new one
/// starts; the client sees the new one's reply before the old one's phx_close.
void socket::replace(joined_channel& old, message&& x) {
  if (old.state != state::leaving)
    log(log_level::debug,
        "Duplicate channel join for topic \"{}\". Closing existing channel for "
        "new join.",
        x.topic);
  pending_join pending{
    .join = std::move(x), .replaces = true, .time = stopwatch()};
  if (!old.anonymous)
    pending.old_join_ref = old.join_ref;
  const auto id = pid_of(old);
  pending.timer =
    send_after(mount().spec().replace_timeout, replace_timeout{old.name, id});
  old.state = state::replacing;
  more().pending.push_back(std::move(pending));
  exit(id, runtime::exit_reason::shutdown("duplicate_join"));
}

detail::stopwatch socket::stopwatch() const {
  return {
    &mount().telemetry(), {events::channel_joined}, mount().spec().log_join};
}

void socket::wait_behind(pending_join& at, message&& x) {
  if (at.waiting.size() >= mount().spec().join_queue_max)
    return write_reply(x, {}, "error",
                       {{"reason", "too many messages while joining"}});
  at.waiting.push_back(std::move(x));
}

// -- what channels call -------------------------------------------------------

json socket::join_params(const runtime::pid& who) {
  const auto* x = channels_.find(who);
  auto* pending = x ? find_pending(x->name.view()) : nullptr;
  if (!pending || pending->join.payload.is_binary())
    throw std::invalid_argument("a join carries JSON");
  return pending->join.payload.as_json();
}

void socket::push(const runtime::pid& who, std::string_view event,
                  const rendered_payload& x) {
  if (const auto* from = channels_.find(who))
    write_push(*from, event,
               serializer().encode_push(from->join_ref, {}, from->name.view(),
                                        event, x));
}

void socket::write_push(const joined_channel& from, std::string_view event,
                        const frame_ptr& x) {
  mount().telemetry().execute(events::pushed, [&] {
    return runtime::telemetry_event{
      events::pushed,
      {{"bytes", static_cast<double>(x->payload().size())}},
      {{"topic", from.name.str()}, {"event", std::string{event}}}};
  });
  write(x);
}

void socket::reply(const runtime::pid& who, const wire_ref& ref,
                   const answer& x) {
  if (const auto* from = channels_.find(who))
    write(serializer().encode_reply(from->join_ref, ref, from->name.view(),
                                    x.status, rendered_payload{x.payload}));
}

wire_ref socket::join_ref_of(const runtime::pid& who) {
  const auto* x = channels_.find(who);
  return x ? x->join_ref : wire_ref{};
}

// -- writing ------------------------------------------------------------------

/// phx_close and phx_error carry the join_ref as their ref, too.
void socket::write_end(const topic& of, const wire_ref& join_ref,
                       std::string_view event, const json& x) {
  write(serializer().encode_push(join_ref, join_ref, of.view(), event,
                                 rendered_payload{x}));
}

void socket::write_reply(const message& to, const wire_ref& join_ref,
                         std::string_view status, const json& x) {
  write(serializer().encode_reply(join_ref, to.ref, to.topic, status,
                                  rendered_payload{x}));
}

} // namespace bennu::channels
