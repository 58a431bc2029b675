#pragma once

#include "channels/mount.hpp"
#include "runtime/child_spec.hpp"
#include "runtime/dynamic_supervisor.hpp"
#include "runtime/node.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bennu::channels {

/// How the supervisors of an endpoint's sockets and channels are made. Mirrors
/// Phoenix.Socket.PoolSupervisor.
struct socket_pool_options {
  std::string name{};

  /// Sockets and channels alive on one shard; one more is refused.
  std::size_t sockets_max = runtime::pid::processes_per_shard_max;
  std::size_t channels_max = runtime::pid::processes_per_shard_max;

  /// How long sockets may take to close when the pool stops.
  std::chrono::milliseconds shutdown{5000};
};

/// A socket pool as a child of a supervisor: for each shard a dynamic
/// supervisor of channels, `name.channels.0`, and one of sockets,
/// `name.sockets.0`. Sockets start last and thus stop first: they close their
/// clients and end their channels in order. All children are temporary: a
/// client comes back by itself.
runtime::child_spec socket_pool_spec(socket_pool_options options);

/// "chat.endpoint.sockets.0".
std::string pool_member_name(std::string_view pool, std::string_view kind,
                             std::size_t shard);

/// The sockets of one shard, to be called there: what a drainer sends
/// phx_drain to.
std::vector<runtime::pid> sockets_of(runtime::node& node, std::string_view pool,
                                     std::size_t shard);

/// Starts a socket process of type `Socket`, built from `args`, on this shard,
/// under its pool. No process when the pool is full, stopping or not running.
///
///     start_socket<websocket_session>(*spec, std::move(init), fd);
template <class Socket, class... Ts>
runtime::pid start_socket(const socket_spec& spec, std::size_t shard,
                          Ts&&... args) {
  auto* under = spec.mounted->on(shard).sockets();
  if (!under)
    return {};
  return under->start_child(std::in_place_type<Socket>,
                            std::forward<Ts>(args)...);
}

} // namespace bennu::channels
