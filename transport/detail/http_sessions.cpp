#include "transport/detail/http_sessions.hpp"

#include "channels/pool_supervisor.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "transport/detail/long_poll_request.hpp"
#include "transport/detail/tcp.hpp"
#include "transport/websocket_session.hpp"

#include <exception>
#include <utility>

namespace bennu::transport::detail {

http_sessions::http_sessions(shard_transport& shared, const site& pages,
                             const session_token& tokens,
                             http_sessions_options options)
  : shared_(shared), site_(pages), tokens_(tokens), options_(options) {}

http_sessions::~http_sessions() = default;

void http_sessions::accepted(int fd) {
  if (pending_ >= options_.pending_max) {
    shared_.counters.refused.add();
    return refuse_connection(
      fd, refusal(503, "Too many connections are being opened: try again."));
  }
  if (shared_.connections.add(fd, *this, patience::handshake))
    ++pending_;
}

void http_sessions::ready(connection_id id, readiness what) {
  guarded(id, [&] {
    if (what.writable)
      resume(id);
    else if (what.readable)
      receive(id);
  });
}

void http_sessions::guarded(connection_id id,
                            const std::function<void()>& f) noexcept {
  try {
    f();
  } catch (const std::exception& e) {
    runtime::log(runtime::log_level::error, "an http request failed: {}",
                 e.what());
    if (shared_.connections.belongs_to(id, *this))
      refuse(id, 500, "The server failed on this request; its log says why.");
  }
}

void http_sessions::expired(connection_id id) {
  const auto found = sessions_.find(id.slot);
  // Between two requests of a kept connection nothing is owed.
  if (found == sessions_.end() || found->second.sending())
    return drop(id);
  refuse(id, 408, "The request took too long to arrive.");
}

bool http_sessions::drain(connection_id id) {
  const auto found = sessions_.find(id.slot);
  const bool owes = found != sessions_.end()
                    && (found->second.sending() || found->second.waits_for);
  if (owes)
    found->second.keep_alive = false;
  else
    drop(id);
  return false;
}

// -- requests -----------------------------------------------------------------

void http_sessions::receive(connection_id id) {
  const auto [bytes, ended] = shared_.connections.read(id);
  if (ended)
    return drop(id);
  const auto found = sessions_.find(id.slot);
  if (found == sessions_.end())
    return process(id, bytes);
  if (found->second.waits_for)
    return receive_behind(id, found->second, bytes);
  if (found->second.in.empty())
    return process(id, bytes);
  auto all = std::move(found->second.in);
  all += bytes;
  process(id, all);
}

/// Until the request before is answered; too much of it is left in the kernel.
void http_sessions::receive_behind(connection_id id, session& waiting,
                                   std::string_view bytes) {
  waiting.in += bytes;
  if (waiting.in.size() >= waiting_max)
    shared_.connections.watch(id, connection_set::interest::nothing);
}

void http_sessions::process(connection_id id, std::string_view bytes) {
  while (!bytes.empty()) {
    std::unique_ptr<http_reader> reader;
    if (const auto found = sessions_.find(id.slot); found != sessions_.end())
      reader = std::move(found->second.reader);
    if (!reader)
      reader = std::make_unique<http_reader>(site_.limits());
    const auto read = reader->read(bytes);
    bytes.remove_prefix(read.size);
    switch (read.what) {
    case http_read::kind::incomplete:
      if (!keep(id, std::move(reader), read, bytes))
        refuse(id, 503, "Too much is being sent here at once: try again.");
      return;
    case http_read::kind::malformed:
      runtime::log(runtime::log_level::info, "a request is no http: {}",
                   read.error);
      return refuse(id, 400, "This is no HTTP request: " + read.error + ".");
    case http_read::kind::header_too_large:
      return refuse(id, 431, "The request's headers are too large.");
    case http_read::kind::body_too_large:
      return refuse(id, 413, "The request's body is too large.");
    case http_read::kind::complete:
      release_body(id);
      if (!answer(id, read.request, bytes))
        return;
    }
  }
  sessions_.erase(id.slot);
}

/// Puts a request's beginning aside; false when there are too many bytes of
/// them.
bool http_sessions::keep(connection_id id, std::unique_ptr<http_reader> reader,
                         const http_read& read, std::string_view rest) {
  if (read.wants_continue)
    shared_.send(id, "HTTP/1.1 100 Continue\r\n\r\n");
  auto& kept = sessions_[id.slot];
  const auto size = reader->body_size();
  bodies_ += size - kept.body_size;
  kept.body_size = size;
  kept.reader = std::move(reader);
  kept.in.assign(rest);
  return bodies_ <= options_.bodies_max;
}

void http_sessions::release_body(connection_id id) {
  if (const auto found = sessions_.find(id.slot); found != sessions_.end())
    bodies_ -= std::exchange(found->second.body_size, 0);
}

/// True when the connection goes on with its next request.
bool http_sessions::answer(connection_id id, const http_request& request,
                           std::string_view rest) {
  auto x = site_.answer(request, peer_of(shared_.connections.fd(id)),
                        shared_.draining);
  if (x.long_poll) {
    wait_for(id, std::move(*x.long_poll), rest);
    return false;
  }
  if (!x.socket)
    return respond(id, std::move(x), rest);
  upgrade(id, request, std::move(x), rest);
  return false;
}

/// True when all of it is sent and the connection is kept.
bool http_sessions::respond(connection_id id, http_answer answer,
                            std::string_view rest) {
  auto& kept = sessions_[id.slot];
  kept.in.assign(rest);
  kept.out = std::move(answer.bytes);
  kept.file = answer.file;
  kept.keep_alive = answer.keep_alive && !shared_.draining;
  return send_kept(id);
}

bool http_sessions::send_kept(connection_id id) {
  auto& x = sessions_[id.slot];
  while (x.sending()) {
    const auto part = x.out.empty() ? x.file : std::string_view{x.out};
    const auto n = shared_.send(id, part);
    if (n <= 0) {
      if (n < 0)
        drop(id);
      else
        shared_.connections.watch(id, connection_set::interest::write);
      return false;
    }
    shared_.connections.heard(id);
    if (x.out.empty())
      x.file.remove_prefix(static_cast<std::size_t>(n));
    else
      x.out.erase(0, static_cast<std::size_t>(n));
  }
  if (x.keep_alive)
    return true;
  forget(id);
  shared_.linger(id);
  return false;
}

/// There is room to go on with an answer, and then with what came behind.
void http_sessions::resume(connection_id id) {
  if (!send_kept(id))
    return;
  shared_.connections.watch(id, connection_set::interest::read);
  const auto rest = std::move(sessions_[id.slot].in);
  process(id, rest);
}

// -- answers that come later
// ----------------------------------------------------

void http_sessions::wait_for(connection_id id, long_poll_call call,
                             std::string_view rest) {
  auto& spec = site_.long_poll(call.mount).spec;
  const bool keep_alive = call.keep_alive;
  const auto child = channels::start_socket<long_poll_request>(
    *spec, shared_.home.index(), std::move(call), std::ref(*this), id);
  if (!child) {
    shared_.counters.refused.add();
    respond(id, {.bytes = long_poll_status(500, keep_alive, 503)}, {});
    return;
  }
  auto& kept = sessions_[id.slot];
  kept.in.assign(rest);
  kept.keep_alive = true;
  kept.waits_for = child;
  // The process keeps the time.
  shared_.connections.hand_over(id, *this, patience::endless);
}

void http_sessions::answer_waiting(connection_id id, const runtime::pid& from,
                                   http_answer answer) noexcept {
  const auto found = sessions_.find(id.slot);
  if (!shared_.connections.belongs_to(id, *this) || found == sessions_.end()
      || found->second.waits_for != from)
    return;
  guarded(id, [&] {
    auto& kept = found->second;
    kept.waits_for = {};
    answer.keep_alive = answer.keep_alive && kept.keep_alive;
    shared_.connections.hand_over(id, *this, patience::handshake);
    shared_.connections.watch(id, connection_set::interest::read);
    const auto rest = std::move(kept.in);
    if (respond(id, std::move(answer), rest))
      process(id, rest);
  });
}

// -- becoming a websocket -----------------------------------------------------

void http_sessions::upgrade(connection_id id, const http_request& request,
                            http_answer answer, std::string_view rest) {
  const auto spec = answer.socket->spec;
  const auto child = channels::start_socket<websocket_session>(
    *spec, shared_.home.index(), std::move(*answer.socket),
    websocket_session::opening{
      &shared_, id, idle_of(answer.mount),
      request.accept_websocket(answer.subprotocol, answer.compress),
      std::string(rest), answer.compress,
      shared_.agents.number_of(request.header("user-agent").value_or(""))});
  if (child)
    return forget(id);
  shared_.counters.refused.add();
  refuse(id, 503, "This node takes no more sockets: try again.");
}

// -- ending -------------------------------------------------------------------

void http_sessions::refuse(connection_id id, int status,
                           std::string_view text) {
  const auto bytes = refusal(status, text);
  forget(id);
  if (shared_.send(id, bytes) == static_cast<long>(bytes.size()))
    shared_.linger(id);
  else
    shared_.connections.close(id);
}

/// It is no pending connection any more.
void http_sessions::forget(connection_id id) {
  release_body(id);
  --pending_;
  const auto found = sessions_.extract(id.slot);
  // An exit signal acts at once: its process finds no session any more.
  if (found && found.mapped().waits_for)
    shared_.home.node().exit(found.mapped().waits_for,
                             runtime::exit_reason::shutdown("client_gone"));
}

void http_sessions::drop(connection_id id) {
  forget(id);
  shared_.connections.close(id);
}

} // namespace bennu::transport::detail
