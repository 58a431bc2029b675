#include "transport/long_poll_session.hpp"

#include "runtime/log.hpp"
#include "runtime/shard.hpp"

#include <utility>

namespace bennu::transport {

using channels::close_code;
using runtime::exit_reason;
using runtime::log_level;

long_poll_session::long_poll_session(channels::socket_init init, opening from)
  : socket(std::move(init)), from_(std::move(from)), opened_(home().now()),
    last_poll_(opened_), last_request_(opened_) {
  from_.shared->add(*this);
  from_.shared->counters.open.add();
  from_.shared->counters.long_polls.add();
}

long_poll_session::~long_poll_session() {
  from_.shared->remove(*this);
  from_.shared->counters.open.subtract();
  from_.shared->counters.long_polls.subtract();
}

std::string long_poll_session::label() const {
  return "long-poll " + socket::label();
}

std::string_view long_poll_session::agent() const noexcept {
  return from_.shared->agents.text_of(from_.agent);
}

runtime::duration long_poll_session::age() const noexcept {
  return home().now() - opened_;
}

runtime::duration long_poll_session::silence() const noexcept {
  return home().now() - last_request_;
}

void long_poll_session::init() {
  socket::init();
  send_interval(from_.window * 3 / 2, look{});
}

void long_poll_session::terminate(const exit_reason& why) {
  // The last words, when somebody waits for them.
  answer_poll();
  socket::terminate(why);
}

void long_poll_session::handle_message(runtime::message& msg) {
  if (const auto* x = msg.value_if<long_poll>())
    return polled(*x);
  if (const auto* x = msg.value_if<long_push>())
    return pushed(*x);
  if (const auto* over = msg.value_if<window_over>()) {
    if (over->poll != watch_)
      return;
    process::reply(waiting_, long_polled{});
    return forget_poll();
  }
  if (const auto* down = msg.value_if<runtime::down_message>()) {
    if (down->ref == watch_)
      forget_poll();
    return;
  }
  if (!msg.holds<look>())
    return socket::handle_message(msg);
  if (home().now() - last_poll_ > from_.window * 3 / 2) {
    from_.shared->counters.timeouts.add();
    close(close_code::going_away, exit_reason::shutdown("inactive"));
  }
}

// -- the client ---------------------------------------------------------------

void long_poll_session::polled(const long_poll& x) {
  forget_poll();
  last_poll_ = last_request_ = home().now();
  if (!x.peer.empty())
    from_.peer = x.peer;
  waiting_ = take_reply_to();
  watch_ = monitor(sender());
  timer_ = send_after(from_.window, window_over{watch_});
  answer_poll();
}

void long_poll_session::pushed(const long_push& x) {
  const auto from = take_reply_to();
  last_request_ = home().now();
  for (const auto& part : x.parts) {
    from_.shared->counters.messages_in.add();
    from_.shared->counters.bytes_in.add(part.data.size());
    bytes_in_ += part.data.size();
    frame_received(part.op, part.data);
    if (ending_)
      break;
  }
  process::reply(from, long_push_done{});
}

/// Gives the poll that waits what there is.
void long_poll_session::answer_poll() {
  if (!waiting_ || buffer_.empty())
    return;
  from_.shared->counters.messages_out.add(buffer_.size());
  from_.shared->counters.bytes_out.add(bytes_);
  bytes_out_ += std::exchange(bytes_, 0);
  process::reply(waiting_, long_polled{std::exchange(buffer_, {})});
  forget_poll();
}

void long_poll_session::forget_poll() {
  if (!waiting_)
    return;
  cancel_timer(std::exchange(timer_, 0));
  demonitor(std::exchange(watch_, 0));
  waiting_ = {};
}

// -- for the client -----------------------------------------------------------

void long_poll_session::write(const channels::frame_ptr& x) {
  if (ending_)
    return;
  if (x->opcode() == channels::opcode::binary) {
    if (!std::exchange(bytes_left_out_, true))
      runtime::log(log_level::info,
                   "{} {}: long-poll carries text only; messages in bytes are "
                   "left out",
                   label(), to_string(self()));
    return;
  }
  const auto size = x->payload().size();
  // As in a write_queue: one large message is not the client's slowness.
  if (!buffer_.empty() && bytes_ + size > from_.buffer_max)
    return too_slow();
  buffer_.push_back(x);
  bytes_ += size;
  // At the end of the turn, so that a burst goes as one answer.
  if (waiting_ && !std::exchange(marked_, true))
    from_.shared->mark(*this);
}

void long_poll_session::flush() {
  marked_ = false;
  home().run_as(*this, [this] { answer_poll(); });
}

void long_poll_session::too_slow() {
  runtime::log(log_level::info, "{} {} polls too slowly: {} bytes wait; closed",
               label(), to_string(self()), bytes_);
  from_.shared->counters.slow_consumers.add();
  ending_ = true;
  buffer_.clear();
  stop(exit_reason::shutdown("slow_consumer"));
}

void long_poll_session::close(close_code, exit_reason why) {
  if (!std::exchange(ending_, true))
    stop(std::move(why));
}

void long_poll_session::drain() {
  close(close_code::service_restart, exit_reason::shutdown("draining"));
}

} // namespace bennu::transport
