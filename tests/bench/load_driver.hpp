#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace bennu::bench {

/// Whom to load, and with how much.
struct load_options {
  std::uint16_t port = 0;
  std::size_t connections = 1000;

  /// Connections one thread and its file table hold.
  std::size_t connections_per_thread = 17'000;

  /// Handshakes one thread has under way at once.
  std::size_t in_flight_max = 128;
};

/// What one phase of the load came to.
struct load_result {
  std::chrono::nanoseconds took{0};
  std::size_t done = 0;
  std::size_t failed = 0;
};

/// Drives a chat node, or the floor, over raw sockets on loopback: many source
/// addresses, one epoll set and one file table a thread. Bounded in count and
/// time. Confined to the thread that made it.
class load_driver {
public:
  explicit load_driver(const load_options& options);
  ~load_driver();

  /// Opens all connections: TCP, upgrade, join, its reply.
  load_result ramp(std::chrono::seconds limit);

  /// One client sends a message to the room; done once each has got it.
  load_result broadcast(std::chrono::seconds limit);

  /// `clients` push and await the reply, `outstanding` at once each, for
  /// `length`. `done` counts replies.
  load_result echo(std::size_t clients, std::size_t outstanding,
                   std::chrono::milliseconds length);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace bennu::bench
