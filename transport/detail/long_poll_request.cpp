#include "transport/detail/long_poll_request.hpp"

#include "channels/pool_supervisor.hpp"
#include "runtime/shard.hpp"
#include "transport/long_poll_session.hpp"

#include <string>
#include <utility>

#include <fmt/core.h>

namespace bennu::transport::detail {

namespace {

using runtime::exit_reason;

/// What a session may take beyond its window to answer: it keeps to the window
/// itself, so that no message is handed to a request that has given up.
constexpr std::chrono::milliseconds grace{2'000};

/// As the sheet of sockets shows it.
std::string peer_of(const channels::connect_request& x) {
  const bool is_v6 = x.peer_address.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", x.peer_address, x.peer_port)
               : fmt::format("{}:{}", x.peer_address, x.peer_port);
}

bool is_timeout(const exit_reason& why) {
  return why == exit_reason::timeout();
}

} // namespace

long_poll_request::long_poll_request(long_poll_call call, http_sessions& http,
                                     connection_id id)
  : call_(std::move(call)), http_(http), id_(id) {}

long_poll_request::~long_poll_request() {
  // Killed, or thrown out of: phoenix.js comes back after 500.
  if (!answered_)
    http_.answer_waiting(id_, self(),
                         {.bytes = long_poll_status(500, call_.keep_alive, 500),
                          .keep_alive = call_.keep_alive});
}

void long_poll_request::init() {
  const auto known = http_.tokens().verify(call_.token);
  const bool ours = known && known->mount == call_.mount;
  if (call_.push)
    return ours ? push(known->session) : answer_status(410);
  ours ? poll(known->session) : open();
}

void long_poll_request::poll(const runtime::pid& session) {
  const auto window = http_.pages().long_poll(call_.mount).window;
  const auto answer_with = [this](int status, const long_polled& x) {
    answer(
      long_poll_messages(status, call_.token, x.messages, call_.keep_alive));
  };
  request(session, window + grace, long_poll{.peer = peer_of(call_.asked)})
    .then(
      [=](const long_polled& x) {
        answer_with(x.messages.empty() ? 204 : 200, x);
      },
      [=, this](const exit_reason& why) {
        is_timeout(why) ? answer_with(204, {}) : open();
      });
}

void long_poll_request::push(const runtime::pid& session) {
  const auto window = http_.pages().long_poll(call_.mount).window;
  request(session, window, std::move(*call_.push))
    .then([this](const long_push_done&) { answer_status(200); },
          [this](const exit_reason& why) {
            answer_status(is_timeout(why) ? 408 : 410);
          });
}

/// A client without a session, or whose session has gone.
void long_poll_request::open() {
  auto& shared = http_.shared();
  const auto& how = http_.pages().long_poll(call_.mount);
  if (shared.draining)
    return answer_status(500, 503);
  if (shared.counters.long_polls.value() >= how.sessions_max) {
    shared.counters.refused.add();
    return answer_status(500, 503);
  }
  auto outcome = http_.pages().connect(call_.mount, call_.asked);
  if (!outcome.accepted) {
    const bool failed = outcome.refused.status >= 500;
    return failed ? answer_status(500, 500) : answer_status(403);
  }
  const auto spec = outcome.accepted->spec;
  const auto session = channels::start_socket<long_poll_session>(
    *spec, home().index(), std::move(*outcome.accepted),
    long_poll_session::opening{
      &shared, how.window, how.buffer_max, peer_of(call_.asked),
      shared.agents.number_of(call_.asked.user_agent())});
  if (!session) {
    shared.counters.refused.add();
    return answer_status(500, 503);
  }
  const auto token = http_.tokens().sign({session, call_.mount});
  answer(long_poll_messages(410, token, {}, call_.keep_alive));
}

void long_poll_request::answer_status(int status, int http_status) {
  answer(long_poll_status(status, call_.keep_alive, http_status));
}

void long_poll_request::answer(std::string bytes) {
  answered_ = true;
  http_.answer_waiting(
    id_, self(), {.bytes = std::move(bytes), .keep_alive = call_.keep_alive});
  stop();
}

} // namespace bennu::transport::detail
