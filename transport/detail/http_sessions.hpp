#pragma once

#include "transport/detail/shard_transport.hpp"
#include "transport/detail/site.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bennu::transport::detail {

struct http_sessions_options {
  /// Connections that are not websockets (yet); one more gets 503. Each may
  /// hold a request's beginning, so this bounds what a flood of half requests
  /// takes to 50 MB a shard.
  std::size_t pending_max = 4096;
};

/// The connections of a shard before they are websockets, and those that only
/// ask for a page. There is no process for them: a request that arrives whole
/// is answered where it was read. What does not arrive or leave whole is kept
/// here by its slot. A connection has `silence_limits::handshake` for each
/// request, then gets 408. It is the process boundary of what has no process: a
/// throw answers 500 and is logged. Confined to its thread.
class http_sessions final : private connection_set::handler {
public:
  http_sessions(shard_transport& shared, const site& pages,
                http_sessions_options options);

  /// Takes an accepted descriptor over.
  void accepted(int fd);

private:
  /// Of a connection that is in the middle of something.
  struct session {
    /// A request's beginning, or what follows one that is being answered.
    std::string in;

    /// What of an answer is still to be sent: the rest of `out`, then `file`.
    std::string out;
    std::string_view file;
    bool keep_alive = false;

    bool sending() const noexcept { return !out.empty() || !file.empty(); }
  };

  void ready(connection_id id, readiness what) override;
  void expired(connection_id id) override;
  bool drain(connection_id id) override;

  void receive(connection_id id);
  void process(connection_id id, std::string_view bytes);
  bool answer(connection_id id, const http_request& request,
              std::string_view rest);
  bool respond(connection_id id, http_answer answer, std::string_view rest);
  void upgrade(connection_id id, const http_request& request,
               http_answer answer, std::string_view rest);
  bool send_kept(connection_id id);
  void resume(connection_id id);
  void refuse(connection_id id, int status, std::string_view text);
  void forget(connection_id id);
  void drop(connection_id id);

  shard_transport& shared_;
  const site& site_;
  http_sessions_options options_;
  std::unordered_map<std::uint32_t, session> sessions_;
  std::size_t pending_ = 0;
};

} // namespace bennu::transport::detail
