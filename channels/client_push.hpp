#pragma once

#include "channels/message.hpp"
#include "runtime/exit_reason.hpp"

namespace bennu::channels {

/// What a socket sends a channel: an event of the client.
struct client_push {
  message what;
};

/// What a socket sends a channel when it ends.
struct socket_closed {
  runtime::exit_reason why;
};

} // namespace bennu::channels
