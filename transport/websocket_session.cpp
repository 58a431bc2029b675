#include "transport/websocket_session.hpp"

#include "runtime/log.hpp"
#include "transport/detail/close_frame.hpp"

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>

namespace bennu::transport {

using channels::close_code;
using detail::close_frame;
using detail::codec;
using detail::connection_set;
using detail::patience;
using runtime::exit_reason;

// With CAF's control block (64) and the process's core (128) it fills the
// allocator's class of 320 bytes: one byte more is 64 for each connection, and
// 64 MiB for a million of them.
static_assert(sizeof(websocket_session) == 128,
              "a connection grows: mind what a million of them take");

struct websocket_session::rare {
  /// Of a message that has come in part.
  std::unique_ptr<codec> half_used;

  /// What came behind the request, until init.
  std::string early;
  std::optional<exit_reason> ending;
};

namespace {

std::uint32_t seconds_of(runtime::time_point x) noexcept {
  const auto all = std::chrono::floor<std::chrono::seconds>(x);
  return static_cast<std::uint32_t>(all.time_since_epoch().count());
}

} // namespace

websocket_session::websocket_session(channels::socket_init init, opening from)
  : socket(std::move(init)), shared_(std::move(from.shared)), id_(from.id),
    compress_(from.compress), agent_(from.agent),
    opened_(seconds_of(shared_->home.now())) {
  shared_->connections.hand_over(id_, *this, from.idle);
  shared_->counters.open.add();
  shared_->counters.upgraded.add();
  queue_.push(from.answer);
  if (!from.early.empty())
    more().early = std::move(from.early);
}

websocket_session::~websocket_session() {
  release(close_code::going_away);
  shared_->counters.open.subtract();
}

void websocket_session::init() {
  open_ = true;
  mark();
  socket::init();
  if (rare_ && !ending()) {
    const auto early = std::move(rare_->early);
    rare_.reset();
    received(early);
  }
}

void websocket_session::terminate(const exit_reason& why) {
  socket::terminate(why);
  release(why.is_orderly() ? close_code::going_away
                           : close_code::internal_error);
}

// -- reading ------------------------------------------------------------------

void websocket_session::ready(detail::connection_id, readiness what) {
  if (!open_)
    return;
  home().run_as(*this, [this, what] {
    if (what.readable)
      read();
    if (what.writable && id_)
      flush(id_);
  });
}

void websocket_session::read() {
  const auto [bytes, ended] = shared_->connections.read(id_);
  if (ended) {
    shared_->connections.close(std::exchange(id_, {}));
    return stop(ending() ? *rare_->ending : exit_reason::shutdown("closed"));
  }
  if (bytes.empty())
    return;
  shared_->counters.bytes_in.add(bytes.size());
  // Once we have closed, what the client still sends has nobody to go to, and
  // does not prolong its end.
  if (ending())
    return;
  shared_->connections.heard(id_);
  received(bytes);
}

void websocket_session::received(std::string_view bytes) {
  // Held here, not in the member, so that a throw drops it half used.
  auto borrowed = take_codec();
  borrowed->feed(bytes);
  auto event = borrowed->next();
  while (event == codec::event::message && !ending()) {
    shared_->counters.messages_in.add();
    // A ping before the message is answered before it.
    if (borrowed->has_output() && !queue_answers(borrowed->take_output()))
      return;
    frame_received(borrowed->opcode(), borrowed->payload());
    event = borrowed->next();
  }
  if (ending())
    return;
  if (borrowed->has_output() && !queue_answers(borrowed->take_output()))
    return;
  if (event == codec::event::closed) {
    client_closed_ = true;
    end_after_flush(exit_reason::shutdown("closed"));
  } else if (event == codec::event::failed) {
    runtime::log(runtime::log_level::info,
                 "websocket {} broke the protocol: {}", to_string(self()),
                 borrowed->error());
    end_after_flush(exit_reason::shutdown("protocol_error"));
  }
  if (borrowed->reusable())
    codecs().give_back(std::move(borrowed));
  else if (!ending())
    more().half_used = std::move(borrowed);
}

std::unique_ptr<codec> websocket_session::take_codec() {
  if (!rare_)
    return codecs().take();
  auto kept = std::move(rare_->half_used);
  rare_.reset();
  return kept;
}

detail::codec_pool& websocket_session::codecs() noexcept {
  return compress_ ? shared_->inflating_codecs : shared_->codecs;
}

// -- writing ------------------------------------------------------------------

int websocket_session::descriptor() const noexcept {
  return shared_->connections.fd(id_);
}

std::string_view websocket_session::agent() const noexcept {
  return shared_->agents.text_of(agent_);
}

runtime::duration websocket_session::age() const noexcept {
  return std::chrono::seconds{seconds_of(shared_->home.now()) - opened_};
}

void websocket_session::write(const channels::frame_ptr& x) {
  if (ending() || !id_)
    return;
  auto out = compress_ ? shared_->deflates.deflated(x) : x;
  if (!make_room(out->wire().size()))
    return;
  queue_.push(std::move(out));
  shared_->counters.messages_out.add();
  mark();
}

void websocket_session::close(close_code code, exit_reason why) {
  if (ending() || !id_)
    return;
  queue_.push(close_frame(code));
  end_after_flush(std::move(why));
}

/// A close frame, ours or the codec's, is queued already.
void websocket_session::end_after_flush(exit_reason why) {
  end_with(std::move(why));
  shared_->connections.hand_over(id_, *this, patience::closing);
}

/// False when the client is now closed as a slow one.
bool websocket_session::queue_answers(std::string_view answers) {
  // Pongs count too: a client may ask for them and never read one.
  if (!make_room(answers.size()))
    return false;
  queue_.push(answers);
  mark();
  return true;
}

bool websocket_session::make_room(std::size_t size) {
  const auto limit = shared_->options.write_queue_max;
  if (queue_.fits(size, limit))
    return true;
  // A burst within one turn is not the client's slowness: only what the kernel
  // does not take counts.
  send_queued();
  if (queue_.fits(size, limit))
    return true;
  runtime::log(runtime::log_level::info,
               "websocket {} reads too slowly: {} bytes wait; closed",
               to_string(self()), queue_.bytes());
  shared_->counters.slow_consumers.add();
  queue_.clear();
  slow_ = true;
  end_with(exit_reason::shutdown("slow_consumer"));
  return false;
}

void websocket_session::mark() {
  if (marked_)
    return;
  marked_ = true;
  shared_->connections.mark(id_);
}

void websocket_session::flush(detail::connection_id) {
  marked_ = false;
  if (slow_) {
    shared_->connections.reset(std::exchange(id_, {}));
    return end();
  }
  flushed(send_queued());
}

std::string_view websocket_session::to_send(detail::connection_id) {
  return slow_ ? std::string_view{} : queue_.only_piece();
}

void websocket_session::sent(detail::connection_id, int n) {
  marked_ = false;
  flushed(took(n, -n) && send_queued());
}

void websocket_session::flushed(bool all) {
  shared_->connections.watch(id_, all ? connection_set::interest::read
                                      : connection_set::interest::both);
  if (!all || !ending())
    return;
  let_go();
  end();
}

/// All that was queued is sent. Behind its close frame a client sends nothing:
/// there is nothing to wait for, and RFC 6455 wants the server to close first.
void websocket_session::let_go() {
  const auto id = std::exchange(id_, {});
  if (client_closed_)
    shared_->connections.close(id);
  else
    shared_->linger(id);
}

/// True when nothing is left to send.
bool websocket_session::send_queued() {
  constexpr std::size_t parts_max = 64;
  constexpr auto flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  const auto fd = shared_->connections.fd(id_);
  iovec parts[parts_max];
  while (!queue_.empty()) {
    msghdr all{};
    all.msg_iov = parts;
    all.msg_iovlen = queue_.gather(parts, parts_max);
    // One part is the rule, and costs less as one.
    const auto n = all.msg_iovlen == 1
                     ? ::send(fd, parts[0].iov_base, parts[0].iov_len, flags)
                     : ::sendmsg(fd, &all, flags);
    if (!took(n, errno))
      return false;
  }
  return true;
}

/// What a send has said; false when the kernel has no room. A client that is
/// gone is noticed by its readiness, not here.
bool websocket_session::took(long n, int error) {
  if (n >= 0) {
    shared_->counters.bytes_out.add(static_cast<std::uint64_t>(n));
    queue_.consume(static_cast<std::size_t>(n));
    return true;
  }
  if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR)
    return false;
  queue_.clear();
  return true;
}

// -- ending -------------------------------------------------------------------

websocket_session::rare& websocket_session::more() {
  if (!rare_)
    rare_ = std::make_unique<rare>();
  return *rare_;
}

bool websocket_session::ending() const noexcept {
  return rare_ && rare_->ending;
}

void websocket_session::end_with(exit_reason why) {
  more().ending = std::move(why);
  mark();
}

void websocket_session::end() {
  home().run_as(*this, [this] { stop(*rare_->ending); });
}

void websocket_session::expired(detail::connection_id id) {
  if (ending()) {
    shared_->connections.reset(id);
    id_ = {};
    return end();
  }
  shared_->counters.timeouts.add();
  home().run_as(*this, [this] {
    close(close_code::protocol_error, exit_reason::shutdown("timeout"));
  });
}

bool websocket_session::drain(detail::connection_id) {
  if (ending())
    return false;
  home().run_as(*this, [this] {
    close(close_code::service_restart, exit_reason::shutdown("draining"));
  });
  return true;
}

void websocket_session::release(close_code code) {
  if (!id_)
    return;
  if (!ending())
    queue_.push(close_frame(code));
  if (!slow_ && send_queued())
    let_go();
  else
    shared_->connections.reset(std::exchange(id_, {}));
}

} // namespace bennu::transport
