#include "channels/channel.hpp"
#include "channels/custom_channel.hpp"
#include "channels/mount.hpp"
#include "channels/serializer.hpp"
#include "channels/socket_state.hpp"
#include "channels/telemetry.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <utility>

namespace bennu::channels {

using runtime::log;
using runtime::log_level;
using status = joined_channel::status;

// -- joins --------------------------------------------------------------------

socket::pending_join* socket::find_pending(std::string_view name) {
  if (!rare_)
    return nullptr;
  for (auto& x : rare_->pending)
    if (x.join.topic == name)
      return &x;
  return nullptr;
}

/// Also gives the memory back: an idle connection has no join pending.
socket::pending_join socket::take_pending(std::string_view name) {
  auto& all = rare_->pending;
  const auto found =
    std::find_if(all.begin(), all.end(),
                 [name](const auto& x) { return x.join.topic == name; });
  auto taken = std::move(*found);
  all.erase(found);
  if (all.empty())
    all = {};
  if (all.empty() && rare_->id.empty() && !rare_->expiry)
    rare_.reset();
  return taken;
}

/// Starts the process that decides about a join; the topic is in the list.
void socket::start_channel(pending_join at) {
  auto& x = *channels_.find(at.join.topic);
  const auto* route = mount().find_route(at.join.topic);
  auto* under = mount().channels();
  runtime::pid started;
  if (under && route)
    started = route->route.start(*under, {.topic = x.name,
                                          .route = route,
                                          .assigns = assigns_,
                                          .socket = self(),
                                          .join = &at.join,
                                          .serializer = &serializer()});
  if (!started) {
    log(log_level::error, "no channel for {} could be started", at.join.topic);
    return join_failed(x, std::move(at));
  }
  x.slot = started.slot;
  x.serial = started.serial;
  x.state = status::joining;
  x.anonymous = at.join.join_ref.is_null();
  x.custom = route->route.is_custom();
  x.join_ref = x.anonymous ? at.join.ref : at.join.join_ref;
  more().pending.push_back(std::move(at));
  link(started);
}

void socket::share_topic(const runtime::pid& who, const topic& name) noexcept {
  if (auto* at = channels_.find(who))
    at->name = name;
}

/// The decision of a channel, called from its first turn.
void socket::join_decided(const runtime::pid& who, const join_result& x) {
  auto* at = channels_.find(who);
  if (!at)
    return;
  auto* pending = find_pending(at->name.view());
  // A reply that cannot be encoded throws here: then the join has crashed.
  write_reply(pending->join, at->join_ref, x.accepted ? "ok" : "error",
              x.reply);
  detail::report_join(mount(), pending->time,
                      {pending->join, x.accepted ? "ok" : "refused", self()});
  if (x.accepted)
    mount().joins.add();
  at->state = x.accepted ? status::joined : status::closed;
  finish_join(take_pending(std::string{pending->join.topic}));
}

/// The decision of a process that is no channel. Its fault is its own.
void socket::join_decided_by_message(const join_decision& x) {
  const auto* at = channels_.find(x.who);
  if (!at || at->state != status::joining)
    return;
  try {
    join_decided(x.who, x.what);
  } catch (const std::exception& e) {
    exit(x.who, runtime::exit_reason::error(e.what()));
  }
}

void socket::join_failed(joined_channel& x, pending_join at) {
  write_reply(at.join,
              at.join.join_ref.is_null() ? at.join.ref : at.join.join_ref,
              "error", {{"reason", "join crashed"}});
  detail::report_join(mount(), at.time, {at.join, "crashed", self()});
  channels_.remove(&x);
  finish_join(std::move(at));
}

/// What follows the reply to a join. What waited is handled in a turn of the
/// socket's own, since this may run in the channel's.
void socket::finish_join(pending_join at) {
  if (at.replaces)
    write_end(at.join.topic, at.old_join_ref, "phx_close", empty_object());
  if (at.waiting.empty())
    return;
  const topic name{at.join.topic};
  at.over = true;
  more().pending.push_back(std::move(at));
  send(self(), join_over{name});
}

void socket::release_waiting(const topic& of) {
  const auto* pending = find_pending(of.view());
  if (!pending || !pending->over)
    return;
  auto at = take_pending(of.view());
  // Another join among them starts the waiting anew.
  for (auto& x : at.waiting)
    route(std::move(x));
}

// -- ends ---------------------------------------------------------------------

/// A channel's orderly stop, called from its own turn.
void socket::channel_closed(const runtime::pid& who) {
  auto* x = channels_.find(who);
  if (!x || x->state == status::replacing)
    return;
  x->state = status::closed;
  write_end(x->name, x->anonymous ? wire_ref{} : x->join_ref, "phx_close",
            empty_object());
}

/// Any other end of a channel, told by its link.
void socket::channel_ended(const runtime::exit_message& signal) {
  auto* x = channels_.find(signal.from);
  if (!x)
    return;
  report_end(x->name, signal.from, signal.reason);
  switch (x->state) {
  case status::none:
    return;
  case status::replacing:
    return old_channel_ended(*x);
  case status::joining:
    return join_failed(*x, take_pending(x->name.view()));
  case status::closed:
    return channels_.remove(x);
  case status::joined:
  case status::leaving: {
    const auto name = x->name;
    const auto join_ref = x->anonymous ? wire_ref{} : x->join_ref;
    channels_.remove(x);
    write_end(name, join_ref, "phx_error", {{"reason", "channel_crash"}});
  }
  }
}

void socket::report_end(const topic& of, const runtime::pid& who,
                        const runtime::exit_reason& why) const {
  mount().telemetry().execute(events::channel_terminated, [&] {
    return runtime::telemetry_event{events::channel_terminated,
                                    {},
                                    {{"topic", of.str()},
                                     {"reason", to_string(why)},
                                     {"pid", to_string(who)}}};
  });
}

void socket::old_channel_ended(joined_channel& x) {
  auto pending = take_pending(x.name.view());
  cancel_timer(pending.timer);
  start_channel(std::move(pending));
}

void socket::replace_timed_out(const topic& of, const runtime::pid& old) {
  const auto* x = channels_.find(of.view());
  if (x && x->state == status::replacing && x->is(old))
    exit(old, runtime::exit_reason::kill());
}

} // namespace bennu::channels
