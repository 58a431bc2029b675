#pragma once

#include "channels/detail/observed.hpp"
#include "channels/socket.hpp"
#include "runtime/local_table.hpp"

#include <string>
#include <vector>

namespace bennu::channels {

/// Tells a socket that its session counts no more.
struct session_expired {};

/// Tells a socket to handle what waited behind a join.
struct join_over {
  topic of;
};

struct socket::pending_join {
  message join{};
  std::vector<message> waiting{};

  /// The join replaces a channel, whose phx_close follows the reply.
  bool replaces = false;
  wire_ref old_join_ref{};
  runtime::timer_ref timer = 0;

  /// Since the client's message.
  detail::stopwatch time;

  /// The reply has been written; what waited comes next.
  bool over = false;
};

struct socket::rare {
  std::string id;
  runtime::object_ref id_subscription;
  runtime::timer_ref expiry = 0;
  std::vector<pending_join> pending;
};

} // namespace bennu::channels
