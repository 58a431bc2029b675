#include "channels/channel.hpp"

#include "channels/client_push.hpp"
#include "channels/detail/observed.hpp"
#include "channels/mount.hpp"
#include "channels/socket.hpp"
#include "channels/telemetry.hpp"
#include "runtime/log.hpp"
#include "runtime/shard.hpp"

#include <exception>
#include <stdexcept>
#include <utility>

namespace bennu::channels {

using runtime::exit_reason;
using runtime::log;
using runtime::log_level;

namespace {

/// Makes a message the one being handled, as long as its handler runs.
class handling {
public:
  handling(shard_mount& mount, const message& x) : mount_(mount) {
    mount_.handling = &x;
  }
  ~handling() { mount_.handling = nullptr; }
  handling(const handling&) = delete;
  handling& operator=(const handling&) = delete;

private:
  shard_mount& mount_;
};

// With CAF's control block (64) and the process's core (128), 8 bytes of the
// user's own fill the allocator's class of 256 bytes; the next is 320.
static_assert(sizeof(channel) == 56,
              "a joined channel grows: mind what a million of them take");

const result invalid = error({{"reason", "invalid payload"}});

} // namespace

// -- life ---------------------------------------------------------------------

void channel::begin(channel_start start) {
  topic_ = std::move(start.topic);
  route_ = start.route;
  assigns_ = std::move(start.assigns);
  socket_slot_ = start.socket.slot;
  socket_serial_ = start.socket.serial;
  mount().retain();
}

channel::~channel() {
  if (!route_)
    return;
  if (subscription_)
    bus().unsubscribe_lane(self(), subscription_);
  mount().release();
}

void channel::init() {
  auto* to = find_socket();
  if (!to)
    exit(exit_reason::shutdown("closed"));
  const auto decided = join(topic_, to->join_params(self()));
  if (decided.accepted)
    return accepted(*to, decided.reply);
  to->join_decided(self(), decided);
  stop(exit_reason::shutdown());
}

void channel::accepted(channels::socket& to, const json& reply) {
  subscription_ =
    bus().subscribe_lane(*this, topic_, socket_pid(),
                         mount().lane_for(route_->route, to.serializer()));
  joined_ = true;
  to.share_topic(self(), topic_);
  to.join_decided(self(), {true, reply});
}

std::string channel::label() const {
  return "channel " + topic_.str();
}

channels::socket* channel::find_socket() const {
  return static_cast<channels::socket*>(home().find(socket_pid()));
}

shard_mount& channel::mount() const noexcept {
  return route_->mount;
}

const pubsub& channel::bus() const noexcept {
  return mount().bus();
}

// -- messages -----------------------------------------------------------------

void channel::handle_message(runtime::message& msg) {
  if (const auto* x = msg.value_if<client_push>())
    return handle_client(x->what);
  if (const auto* closed = msg.value_if<socket_closed>())
    return stop(closed->why);
  const auto* told = msg.value_if<broadcast_message>();
  if (told && told->topic() == topic_)
    return intercepted(*told);
  carry_out(handle_info(msg), nullptr);
}

void channel::intercepted(const broadcast_message& x) {
  const detail::stopwatch time{
    &mount().telemetry(), {events::handle_out}, log_level::off};
  carry_out(handle_out(x.event(), x.payload()), nullptr);
  if (time.runs())
    detail::report_handle_out(mount(), time, self(), x);
}

/// False when `max` events wait. A leave has no place, since it always fits.
bool channel::take_place(std::size_t max) noexcept {
  if (waiting_ >= max)
    return false;
  ++waiting_;
  return true;
}

void channel::handle_client(const message& x) {
  if (x.event == "phx_leave")
    return carry_out(channels::stop(exit_reason::shutdown("left"), ok()), &x);
  --waiting_;
  const handling now{mount(), x};
  detail::handler_span span{mount(), self(), x};
  carry_out(span.around([&] { return run_handler(x); }), &x);
}

result channel::run_handler(const message& x) {
  const auto* handler = route_->route.events().find(x.event);
  if (!handler)
    return handle_in(x.event, x.payload);
  try {
    return (*handler)(*this, x.payload);
  } catch (const invalid_payload& e) {
    log(log_level::debug, "{} on {} has an invalid payload: {}", x.event,
        topic_.view(), e.what());
    return invalid;
  }
}

void channel::carry_out(const result& x, const message* cause) {
  if (x.answer && !cause)
    throw std::logic_error(
      "only a client's event can be answered with a reply");
  if (x.answer)
    if (auto* to = find_socket())
      to->reply(self(), cause->ref, *x.answer);
  if (x.stop)
    end(*x.stop);
}

/// An orderly stop is told at once, so that what terminate pushes comes after
/// phx_close; any other is seen by the socket as a crash.
void channel::end(const exit_reason& why) {
  if (why.is_orderly())
    if (auto* to = find_socket())
      to->channel_closed(self());
  stop(why);
}

result channel::handle_in(std::string_view event, const payload&) {
  throw std::runtime_error("no handler for event \"" + std::string{event}
                           + "\" on " + topic_.str());
}

result channel::handle_info(runtime::message& msg) {
  log(log_level::warning, "{} received unexpected message in handle_info: {}",
      label(), msg.type_name());
  return no_reply;
}

result channel::handle_out(std::string_view event, const payload& x) {
  push_payload(event, x);
  return no_reply;
}

// -- verbs --------------------------------------------------------------------

void channel::require_joined() const {
  if (!joined_)
    throw std::logic_error(
      "push, reply, and broadcast can only be called after "
      "the socket has finished joining");
}

void channel::push_payload(std::string_view event, const payload& x) {
  push_rendered(event, rendered_payload{x});
}

void channel::push_rendered(std::string_view event, const rendered_payload& x) {
  require_joined();
  if (auto* to = find_socket())
    to->push(self(), event, x);
}

void channel::broadcast_payload(const runtime::pid& but, std::string_view event,
                                payload x) {
  require_joined();
  channels::broadcast_from(bus(), but, topic_, event, std::move(x));
}

void channel::push(std::string_view event, json x) {
  push_payload(event, std::move(x));
}

void channel::push(std::string_view event, bytes x) {
  push_payload(event, std::move(x));
}

void channel::broadcast(std::string_view event, json x) {
  broadcast_payload({}, event, std::move(x));
}

void channel::broadcast(std::string_view event, bytes x) {
  broadcast_payload({}, event, std::move(x));
}

void channel::broadcast_from(std::string_view event, json x) {
  broadcast_payload(self(), event, std::move(x));
}

void channel::broadcast_from(std::string_view event, bytes x) {
  broadcast_payload(self(), event, std::move(x));
}

socket_ref channel::ref() const {
  require_joined();
  const auto* x = mount().handling;
  auto* to = find_socket();
  if (!x || x->ref.is_null() || !to)
    throw std::logic_error("a socket_ref needs a client's event with a ref");
  return {socket_pid(), topic_, to->join_ref_of(self()), x->ref,
          &to->serializer()};
}

void reply(runtime::process& from, const socket_ref& to, const result& what) {
  if (!what.answer)
    throw std::invalid_argument("a reply needs an answer");
  from.send(to.socket,
            to.serializer->encode_reply(
              to.join_ref, to.ref, to.topic.view(), what.answer->status,
              rendered_payload{what.answer->payload}));
}

} // namespace bennu::channels
