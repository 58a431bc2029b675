#pragma once

#include "runtime/shard_counter.hpp"

#include <cstdint>

namespace bennu::transport {

/// What an endpoint has done since it started, or one shard of it. Value.
struct endpoint_counters {
  /// Connections taken from the kernel, and those of them answered 503 since
  /// a limit was reached.
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;

  /// Sockets open now, and those of them that are polled.
  std::uint64_t open = 0;
  std::uint64_t long_polls = 0;

  /// Websockets that were upgraded, and sockets closed because their client
  /// read too slowly or was silent for too long.
  std::uint64_t upgraded = 0;
  std::uint64_t slow_consumers = 0;
  std::uint64_t timeouts = 0;

  /// The sockets' traffic; messages are data frames, whole.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;

  endpoint_counters& operator+=(const endpoint_counters& x) noexcept {
    accepted += x.accepted;
    refused += x.refused;
    open += x.open;
    long_polls += x.long_polls;
    upgraded += x.upgraded;
    slow_consumers += x.slow_consumers;
    timeouts += x.timeouts;
    bytes_in += x.bytes_in;
    bytes_out += x.bytes_out;
    messages_in += x.messages_in;
    messages_out += x.messages_out;
    return *this;
  }
};

namespace detail {

using runtime::shard_counter;

/// endpoint_counters as a shard counts them. On lines of its own, so that two
/// shards never write to the same.
struct alignas(64) shard_counters {
  shard_counter accepted, refused, open, long_polls, upgraded, slow_consumers,
    timeouts, bytes_in, bytes_out, messages_in, messages_out;

  endpoint_counters read() const noexcept {
    return {
      .accepted = accepted.value(),
      .refused = refused.value(),
      .open = open.value(),
      .long_polls = long_polls.value(),
      .upgraded = upgraded.value(),
      .slow_consumers = slow_consumers.value(),
      .timeouts = timeouts.value(),
      .bytes_in = bytes_in.value(),
      .bytes_out = bytes_out.value(),
      .messages_in = messages_in.value(),
      .messages_out = messages_out.value(),
    };
  }
};

} // namespace detail
} // namespace bennu::transport
