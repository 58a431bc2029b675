#pragma once

#include "runtime/pid.hpp"
#include "transport/detail/session_token.hpp"
#include "transport/detail/shard_transport.hpp"
#include "transport/detail/site.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bennu::transport::detail {

struct http_sessions_options {
  /// Connections that are not websockets (yet); one more gets 503. Each may
  /// hold a request's beginning, so this bounds what a flood of half requests
  /// takes to 50 MB a shard.
  std::size_t pending_max = 4096;

  /// Bytes of bodies under way; a request past it gets 503.
  std::size_t bodies_max = 64 * 1024 * 1024;
};

/// The connections of a shard before they are websockets, and those that only
/// ask for a page. There is no process for them: a request that arrives whole
/// is answered where it was read. What does not arrive or leave whole is kept
/// here by its slot. A connection has `silence_limits::handshake` for each
/// request, then gets 408. It is the process boundary of what has no process: a
/// throw answers 500 and is logged.
///
/// A long-poll request is answered later, by a process of its own. Meanwhile
/// what its client sends waits, up to `waiting_max` bytes; a client that goes
/// away ends the process. An answer names its process, so that a late one never
/// goes to another request of a kept connection. Confined to its thread.
class http_sessions final : private connection_set::handler {
public:
  http_sessions(shard_transport& shared, const site& pages,
                const session_token& tokens, http_sessions_options options);
  ~http_sessions();

  /// Takes an accepted descriptor over.
  void accepted(int fd);

  /// The answer to the request that `from` works on; of a connection that has
  /// gone, nothing happens.
  void answer_waiting(connection_id id, const runtime::pid& from,
                      http_answer answer) noexcept;

  shard_transport& shared() const noexcept { return shared_; }
  const site& pages() const noexcept { return site_; }
  const session_token& tokens() const noexcept { return tokens_; }

private:
  /// Of a connection that is in the middle of something.
  struct session {
    /// What no reader has used up yet: of a request that has begun, or of those
    /// behind the one that is being answered.
    std::string in;
    std::unique_ptr<http_reader> reader;
    std::size_t body_size = 0;

    /// The process that works on the answer.
    runtime::pid waits_for;

    /// What of an answer is still to be sent: the rest of `out`, then `file`.
    std::string out;
    std::string_view file;
    bool keep_alive = false;

    bool sending() const noexcept { return !out.empty() || !file.empty(); }
  };

  void ready(connection_id id, readiness what) override;
  void expired(connection_id id) override;
  bool drain(connection_id id) override;

  static constexpr std::size_t waiting_max = 65536;

  void guarded(connection_id id, const std::function<void()>& f) noexcept;
  void receive(connection_id id);
  void receive_behind(connection_id id, session& waiting,
                      std::string_view bytes);
  bool keep(connection_id id, std::unique_ptr<http_reader> reader,
            const http_read& read, std::string_view rest);
  void release_body(connection_id id);
  void process(connection_id id, std::string_view bytes);
  bool answer(connection_id id, const http_request& request,
              std::string_view rest);
  bool respond(connection_id id, http_answer answer, std::string_view rest);
  void upgrade(connection_id id, const http_request& request,
               http_answer answer, std::string_view rest);
  void wait_for(connection_id id, long_poll_call call, std::string_view rest);
  bool send_kept(connection_id id);
  void resume(connection_id id);
  void refuse(connection_id id, int status, std::string_view text);
  void forget(connection_id id);
  void drop(connection_id id);

  shard_transport& shared_;
  const site& site_;
  const session_token& tokens_;
  http_sessions_options options_;
  std::unordered_map<std::uint32_t, session> sessions_;
  std::size_t pending_ = 0;
  std::size_t bodies_ = 0;
};

} // namespace bennu::transport::detail
