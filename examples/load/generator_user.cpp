// One user's way through its session: each function is a turn of it.
#include "examples/load/generator_thread.hpp"

#include <array>
#include <charconv>

#include <sys/epoll.h>

namespace load {

namespace {

constexpr std::string_view upgrade_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view upgrade_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A refusal's page may be long; of an upgrade's answer that much is enough.
constexpr std::size_t upgrade_answer_max = 16 * 1024;

} // namespace

const step& generator_thread::current(const user& x) const {
  const auto& steps = session_of(x).steps;
  return steps[x.at.next == 0 ? 0 : x.at.next - 1u];
}

text_values generator_thread::values_for(std::uint32_t who) const {
  const auto& x = users_[who];
  return {
    .user =
      static_cast<std::uint32_t>(number_of(who) + shared_.how.first_user) + 1,
    .room = static_cast<std::uint32_t>(shared_.what.room_of(number_of(who))),
    .ref = x.last_ref,
    .marker = {},
    .loops = x.at.turns};
}

// -- steps --------------------------------------------------------------------

void generator_thread::go_on(std::uint32_t who) {
  auto& x = users_[who];
  while (begin_step(who, next_step(session_of(x), x.at, shared_.stopping)))
    continue;
}

/// Whether the next step may begin at once.
bool generator_thread::begin_step(std::uint32_t who, const step& what) {
  auto& x = users_[who];
  switch (what.what) {
  case verb::connect:
    begin_connect(who, what);
    return false;
  case verb::send:
    return begin_send(who, what);
  case verb::think:
    settle(who);
    x.stage = stage::thinking;
    timers_.set(who, now_ + what.length.draw(chance_).count());
    return false;
  case verb::gate:
    if (shared_.gate_open)
      return true;
    settle(who);
    x.stage = stage::gated;
    timers_.cancel(who);
    return false;
  case verb::hold:
    settle(who);
    x.stage = stage::holding;
    timers_.cancel(who);
    return false;
  case verb::close:
    if (!x.is_open)
      return true;
    x.stage = stage::closing;
    timers_.set(who, now_ + shared_.how.answer_timeout.count());
    bytes_.clear();
    append_frame(bytes_, opcode::close, "\x03\xE8");
    if (!sockets_.send(who, bytes_))
      on_end(who);
    return false;
  case verb::repeat:
  case verb::end:
  case verb::finish:
    break;
  }
  finish(who);
  return false;
}

void generator_thread::begin_connect(std::uint32_t who, const step& what) {
  auto& x = users_[who];
  drop(who);
  if (!x.in_flight)
    ++in_flight_;
  x.in_flight = true;
  x.stage = stage::upgrading;
  x.since_ns = now_;
  timers_.set(who, now_ + shared_.how.answer_timeout.count());
  const auto& to = shared_.what.target_of(number_of(who));
  bytes_ = "GET ";
  what.text.append_to(bytes_, values_for(who));
  bytes_ += " HTTP/1.1\r\nHost: ";
  bytes_ += to.host;
  bytes_ += ':';
  bytes_ += std::to_string(to.port);
  bytes_ += "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
  bytes_ += upgrade_key;
  bytes_ += "\r\n\r\n";
  if (!sockets_.connect(who) || !sockets_.send(who, bytes_))
    fail(who, counter::connect_failed);
}

bool generator_thread::begin_send(std::uint32_t who, const step& what) {
  auto& x = users_[who];
  if (!x.is_open)
    return true;
  if (what.await != wait_for::nothing) {
    x.stage = stage::awaiting;
    x.since_ns = now_;
    timers_.set(who, now_ + shared_.how.answer_timeout.count());
  }
  if (what.is_join) {
    x.join_sent = true;
    x.since_ns = now_;
  }
  counted_.add(counter::sent);
  if (what.is_broadcast)
    return say_as(who, what.text);
  text_.clear();
  what.text.append_to(text_, values_for(who));
  bytes_.clear();
  append_frame(bytes_, what.is_binary ? opcode::binary : opcode::text, text_);
  if (!sockets_.send(who, bytes_)) {
    on_end(who);
    return false;
  }
  return what.await == wait_for::nothing;
}

bool generator_thread::say_as(std::uint32_t who, const message_text& text) {
  const auto number = number_of(who);
  auto& to = shared_.audiences[shared_.what.audience_of(number)];
  marker mark;
  mark.sequence = ++to.said;
  to.sum += mixed(mark.sequence);
  mark.sender = static_cast<std::uint32_t>(number) + shared_.how.first_user;
  mark.sent_ns = now_ns();
  std::string marked;
  append_marker(marked, mark);
  auto& x = users_[who];
  x.last_ref = next_ref(x);
  auto values = values_for(who);
  values.marker = marked;
  text_.clear();
  text.append_to(text_, values);
  bytes_.clear();
  append_frame(bytes_, opcode::text, text_);
  shared_.said_ns = mark.sent_ns;
  if (sockets_.send(who, bytes_))
    return true;
  on_end(who);
  return false;
}

std::uint32_t generator_thread::next_ref(const user& x) const {
  const auto us = static_cast<std::uint32_t>(now_ / 1000);
  const bool is_later = static_cast<std::int32_t>(us - x.last_ref) > 0;
  return x.last_ref == 0 || is_later ? us : x.last_ref + 1;
}

void generator_thread::push_echoes(std::uint32_t who, std::size_t count) {
  auto& x = users_[who];
  bytes_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    x.last_ref = next_ref(x);
    text_.clear();
    shared_.what.ping.append_to(text_, values_for(who));
    append_frame(bytes_, opcode::text, text_);
  }
  counted_.add(counter::sent, count);
  if (!sockets_.send(who, bytes_))
    on_end(who);
}

void generator_thread::alarm(std::uint32_t who) {
  auto& x = users_[who];
  if (x.stage == stage::thinking)
    return go_on(who);
  counted_.add(counter::timed_out);
  if (x.stage != stage::closing)
    return fail(who, counter::count_);
  drop(who);
  go_on(who);
}

// -- ends ---------------------------------------------------------------------

/// It is through with connecting, however that went.
void generator_thread::settle(std::uint32_t who) {
  auto& x = users_[who];
  if (x.in_flight)
    --in_flight_;
  x.in_flight = false;
}

/// Its connection is no more.
void generator_thread::drop(std::uint32_t who) {
  auto& x = users_[who];
  timers_.cancel(who);
  if (x.is_open)
    counted_.add(counter::closed);
  if (x.is_joined)
    counted_.add(counter::left);
  x.is_open = x.is_joined = x.join_sent = x.is_late = false;
  x.has_stayed = x.is_echoing = false;
  sockets_.close(who);
}

void generator_thread::finish(std::uint32_t who) {
  drop(who);
  settle(who);
  users_[who].stage = stage::over;
  counted_.add(counter::finished);
}

/// Something went wrong, counted as `what`.
void generator_thread::fail(std::uint32_t who, counter what) {
  if (what != counter::count_)
    counted_.add(what);
  if (!shared_.what.reconnects || shared_.stopping)
    return finish(who);
  drop(who);
  settle(who);
  auto& x = users_[who];
  x.at = {};
  x.stage = stage::thinking;
  if (x.tries < 255)
    ++x.tries;
  timers_.set(who, now_ + reconnect_after(x.tries).count());
}

void generator_thread::on_end(std::uint32_t who) {
  auto& x = users_[who];
  if (x.stage == stage::closing) {
    counted_.add(counter::cycles);
    drop(who);
    return go_on(who);
  }
  if (x.stage == stage::upgrading)
    return fail(who, counter::connect_failed);
  counted_.closed_with(close_without_frame);
  fail(who, counter::lost_connection);
}

void generator_thread::on_close(std::uint32_t who, std::string_view payload) {
  if (users_[who].stage == stage::closing)
    return on_end(who);
  counted_.closed_with(close_code(payload));
  bytes_.clear();
  append_frame(bytes_, opcode::close, payload.substr(0, 2));
  static_cast<void>(sockets_.send(who, bytes_));
  fail(who, counter::lost_connection);
}

// -- what comes in ------------------------------------------------------------

void generator_thread::on_event(std::uint32_t who, std::uint32_t events) {
  if (users_[who].fd < 0)
    return;
  if ((events & EPOLLOUT) != 0 && !sockets_.flush(who))
    return on_end(who);
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0)
    return;
  std::string_view bytes;
  switch (sockets_.receive(who, bytes)) {
  case sockets::got::bytes:
    return on_bytes(who, bytes);
  case sockets::got::end:
    return on_end(who);
  case sockets::got::nothing:
    break;
  }
}

void generator_thread::on_bytes(std::uint32_t who, std::string_view bytes) {
  auto& x = users_[who];
  if (x.stage == stage::upgrading && !on_upgrade(who, bytes))
    return;
  echoes_ = 0;
  server_frame frame;
  for (;;) {
    switch (take_frame(bytes, frame)) {
    case taken::frame:
      on_frame(who, frame);
      // Closed, perhaps connecting again: the rest is of the old connection.
      if (!x.is_open)
        return;
      continue;
    case taken::bad:
      return fail(who, counter::bad_frame);
    case taken::more:
      break;
    }
    break;
  }
  sockets_.keep(who, bytes);
  if (echoes_ != 0 && x.is_echoing && now_ < echo_until_ns_)
    push_echoes(who, echoes_);
}

/// Whether frames may follow.
bool generator_thread::on_upgrade(std::uint32_t who, std::string_view& bytes) {
  constexpr std::string_view end_of_head = "\r\n\r\n";
  const auto end = bytes.find(end_of_head);
  if (end == std::string_view::npos) {
    if (bytes.size() > upgrade_answer_max)
      fail(who, counter::upgrade_refused);
    else
      sockets_.keep(who, bytes);
    return false;
  }
  const auto head = bytes.substr(0, end);
  bytes.remove_prefix(end + end_of_head.size());
  if (!head.starts_with("HTTP/1.1 101")
      || head.find(upgrade_accept) == std::string_view::npos) {
    fail(who, counter::upgrade_refused);
    return false;
  }
  auto& x = users_[who];
  x.is_open = true;
  timers_.cancel(who);
  counted_.add(counter::opened);
  counted_.took(timing::connect, now_ - x.since_ns);
  go_on(who);
  return x.is_open;
}

void generator_thread::on_frame(std::uint32_t who, const server_frame& frame) {
  switch (frame.what) {
  case opcode::text:
  case opcode::binary:
    if (!frame.last)
      break;
    return on_message(who, frame.payload);
  case opcode::ping:
    bytes_.clear();
    append_frame(bytes_, opcode::pong, frame.payload);
    if (!sockets_.send(who, bytes_))
      on_end(who);
    return;
  case opcode::pong:
    return;
  case opcode::close:
    return on_close(who, frame.payload);
  }
  fail(who, counter::bad_frame);
}

void generator_thread::on_message(std::uint32_t who, std::string_view text) {
  const auto m = look_into(text);
  if (m && m->is_reply) {
    if (m->ref == "h") {
      users_[who].is_late = false;
      return;
    }
    on_reply(who, *m);
  } else if (m && (m->event == "phx_error" || m->event == "phx_close")) {
    auto& x = users_[who];
    // After a leave the server says phx_close as well: that was asked for.
    if (x.is_joined) {
      counted_.add(counter::channel_closed);
      counted_.add(counter::left);
      x.is_joined = x.has_stayed = false;
    }
  } else if (m) {
    on_delivery(who, *m);
  }
  auto& x = users_[who];
  if (x.is_open && x.stage == stage::awaiting
      && current(x).await == wait_for::frame)
    on_answer(who, text);
}

void generator_thread::on_reply(std::uint32_t who, const server_message& m) {
  auto& x = users_[who];
  const bool is_v2 = session_of(x).is_v2;
  if (x.join_sent && !x.is_joined && (m.ref == "1" || !is_v2))
    return on_joined(who, m.is_ok);
  if (x.stage == stage::awaiting && current(x).await == wait_for::reply
      && m.ref == "2") {
    counted_.took(timing::reply, now_ - x.since_ns);
    if (!m.is_ok)
      counted_.add(counter::reply_refused);
    if (x.is_joined)
      counted_.add(counter::left);
    x.is_joined = x.has_stayed = x.join_sent = false;
    timers_.cancel(who);
    return go_on(who);
  }
  std::uint32_t sent_us = 0;
  std::from_chars(m.ref.data(), m.ref.data() + m.ref.size(), sent_us);
  if (is_v2)
    counted_.took(
      timing::reply,
      std::int64_t{static_cast<std::uint32_t>(now_ / 1000) - sent_us} * 1000);
  counted_.add(counter::replies);
  if (!m.is_ok)
    counted_.add(counter::reply_refused);
  ++echoes_;
}

void generator_thread::on_joined(std::uint32_t who, bool ok) {
  auto& x = users_[who];
  const bool awaits_join =
    x.stage == stage::awaiting && current(x).await == wait_for::join_reply;
  if (!ok) {
    // In a Tsung session the user goes on, as Tsung's would.
    x.join_sent = false;
    return awaits_join ? fail(who, counter::join_refused)
                       : counted_.add(counter::join_refused);
  }
  x.is_joined = true;
  x.tries = 0;
  x.has_stayed =
    shared_.audiences[shared_.what.audience_of(number_of(who))].said == 0;
  counted_.add(counter::joined);
  counted_.took(timing::join, now_ - x.since_ns);
  if (!awaits_join)
    return;
  timers_.cancel(who);
  go_on(who);
}

void generator_thread::on_delivery(std::uint32_t who, const server_message& m) {
  const auto mark = find_marker(m.rest);
  if (!mark)
    return;
  const auto first = shared_.how.first_user;
  auto& x = users_[who];
  // How many there are of another process's only that one knows.
  if (mark->sender < first || mark->sender - first >= shared_.what.users)
    return counted_.add(counter::overheard);
  if (x.heard != 0 && x.heard_last == mark->sequence)
    return counted_.add(counter::doubled);
  counted_.took(timing::delivery, now_ - mark->sent_ns);
  last_delivery_ns_.store(now_, std::memory_order_relaxed);
  counted_.add(counter::deliveries);
  ++x.heard;
  x.heard_sum += mixed(mark->sequence);
  x.heard_last = mark->sequence;
}

/// Of a Tsung session: something came, which is what it waits for.
void generator_thread::on_answer(std::uint32_t who, std::string_view text) {
  auto& x = users_[who];
  const auto& what = current(x);
  timers_.cancel(who);
  if (!what.match.empty()) {
    const bool found = text.find(what.match) != std::string_view::npos;
    counted_.add(found ? counter::matched : counter::not_matched);
    if (found == what.match_ends_when)
      if (what.match_is_fatal)
        return finish(who);
  }
  go_on(who);
}

} // namespace load
