#pragma once

#include "runtime/child_spec.hpp"
#include "transport/counters.hpp"
#include "transport/origin.hpp"
#include "transport/socket_mount.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bennu::transport {

/// How the sockets of a node that stops are closed: with 1012, so that clients
/// come back, in batches, so that they do not all come back at once. Mirrors
/// the `drainer` option of Phoenix. Differs: sockets without channels are
/// drained too, and nobody new is accepted meanwhile.
struct drain_options {
  std::size_t batch_size = 10'000;
  std::chrono::milliseconds batch_interval{2'000};

  /// Who is not gone by then is closed without more ado.
  std::chrono::milliseconds shutdown{30'000};
};

/// How an endpoint is made.
struct endpoint_options {
  /// Registered, and the prefix of its processes' names.
  std::string name = "endpoint";

  /// 0: one that is free; see bound_port.
  std::uint16_t port = 4000;

  /// The address to listen on; 0.0.0.0 and :: are all of them.
  std::string host = "0.0.0.0";

  /// What pages call this server, for check_origin; empty: whatever the
  /// request says.
  std::string url_host{};

  /// The pubsub that the sockets and their channels use; it starts before.
  std::string pubsub{};

  std::vector<socket_mount> sockets{};

  /// A folder served at "/", its index.html first; empty: none.
  std::string static_dir{};

  transport::origin_check check_origin = true;

  /// Where Prometheus reads the node's metrics, e.g. "/metrics"; empty:
  /// nowhere. Whoever reaches the port reaches them.
  std::string metrics_path{};

  /// For a request to arrive and its answer to leave.
  std::chrono::milliseconds request_timeout{10'000};

  /// For our close frame to leave, behind all that waits before it.
  std::chrono::milliseconds close_timeout{5'000};

  /// Bytes of a message from a client; past it: 1009. As Phoenix's
  /// websock_adapter.
  std::size_t message_max = 10'000'000;

  /// How many times its compressed size a client's message may have; past it:
  /// 1009. As Bandit; differs: messages of up to 4 KiB may have any.
  std::size_t inflate_ratio_max = 25;

  /// Bytes that wait for one client beside what its kernel buffers hold. Past
  /// it the client is closed as a slow consumer. 1 MiB is 10,000 chat
  /// messages: whoever is that late is better off joining again, and a node of
  /// 24 GiB bears thousands of such clients.
  std::size_t write_queue_max = 1024 * 1024;

  /// Connections of a shard that are no websockets, or not yet; one more gets
  /// 503. With long polling each client has one or two: raise it.
  std::size_t pending_max = 4096;

  /// Bytes of request bodies a shard receives at once; past it a request gets
  /// 503. Eight of the largest.
  std::size_t bodies_max = 64 * 1024 * 1024;

  /// Connections the kernel may hold for a shard before they are accepted. The
  /// node says at start when somaxconn makes it less.
  int backlog = 4096;

  /// How many are accepted before the shard looks at something else.
  std::size_t accept_batch_max = 64;

  /// How many connections a shard accepts before it is the next one's turn; 0:
  /// all accept at any time, and the kernel spreads connections over them.
  /// Where shards outnumber processors, as with private file tables, those that
  /// arrive together then wake one shard, not one each. The price: a shard that
  /// is held up while it is its turn holds up who arrives. Unless set: 64 where
  /// shards outnumber processors, else 0.
  std::optional<std::size_t> accept_turn{};

  /// What the file limit should allow; the node says at start when it does
  /// not.
  std::size_t connections_expected = 10'000;

  drain_options drain{};
};

/// A web server for sockets, as a child of a supervisor:
///
///     transport::endpoint({
///       .name = "chat.endpoint",
///       .port = 4000,
///       .pubsub = "chat.pubsub",
///       .sockets = {{"/socket", user_socket()}},
///     })
///
/// It is a rest_for_one supervisor of a process a shard that holds the shard's
/// connections, the pool that sockets run under, a listener a shard on the same
/// port, and the drainer, which starts last and so stops first.
/// How many shards there are is known when it starts. A port in use, a host
/// that is not ours or a static_dir that cannot be read fails the start with
/// one line that says what would help. Mirrors Phoenix.Endpoint.
runtime::child_spec endpoint(endpoint_options options);

/// The port a running endpoint listens on; 0 when there is none. Asked of its
/// shard: waits, so never call it from a shard of this node.
std::uint16_t bound_port(runtime::node& node, std::string_view name);

/// What the endpoint has counted, over all shards; like bound_port.
endpoint_counters counters(runtime::node& node, std::string_view name);

} // namespace bennu::transport
