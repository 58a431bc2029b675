#pragma once

#include "transport/detail/site.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace bennu::transport::detail {

/// A port cannot be listened on; what() is one line that says why and what
/// would help.
struct listen_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct listen_options {
  std::string host;
  std::uint16_t port = 0;
  int backlog = 0;

  /// The port is ours already: another shard listens on it.
  bool shared = false;
};

/// A non-blocking listening socket that other shards can share the port of
/// (SO_REUSEPORT). Unless it is shared, fails when anybody has the port, even
/// another program that would share it.
int listen_on(const listen_options& how);

std::uint16_t local_port(int fd);

/// Connections that a listening socket has not accepted yet.
std::size_t waiting_to_be_accepted(int fd);

peer_address peer_of(int fd);

/// Sends what fits and closes; for a connection nothing else is known of.
void refuse_connection(int fd, std::string_view bytes);

} // namespace bennu::transport::detail
