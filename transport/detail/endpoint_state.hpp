#pragma once

#include "transport/detail/accept_turn.hpp"
#include "transport/detail/http_sessions.hpp"
#include "transport/detail/shard_transport.hpp"
#include "transport/detail/site.hpp"
#include "transport/endpoint.hpp"
#include "transport/metrics.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace bennu::transport::detail {

/// What the processes of an endpoint share, made when its supervisor starts.
struct endpoint_state {
  /// The port of a run before, when any would do; kept from restart to restart.
  using known_port = std::shared_ptr<std::atomic<std::uint16_t>>;

  endpoint_state(endpoint_options opts, runtime::node& node, known_port last);

  /// Of one shard's processes, e.g. `chat.endpoint.listener.0`.
  std::string name_of(std::string_view role, std::size_t shard) const;

  /// Each mount's heartbeat_timeout.
  std::vector<runtime::duration> idle_limits() const;

  /// Over all shards, from any thread.
  endpoint_counters count() const;

  /// One shard's part; all but the counters is touched by its thread alone.
  struct part {
    shard_counters counters;
    shard_transport_ptr transport;
    std::unique_ptr<http_sessions> http;
  };

  const endpoint_options options;
  std::unique_ptr<transport::metrics> metrics; // with a metrics_path
  const detail::site site;
  const session_token tokens;
  std::vector<std::unique_ptr<part>> parts;

  /// Set by the first listener, taken by the others.
  std::atomic<std::uint16_t> port{0};
  const known_port last_port;

  /// With an accept_turn.
  accept_turn turn;
};

using endpoint_state_ptr = std::shared_ptr<endpoint_state>;

} // namespace bennu::transport::detail
