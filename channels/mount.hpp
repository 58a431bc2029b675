#pragma once

#include "channels/fastlane.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/socket_spec.hpp"
#include "runtime/dynamic_supervisor.hpp"
#include "runtime/node.hpp"
#include "runtime/pid.hpp"
#include "runtime/shard_counter.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::channels {

class shard_mount;
class socket_mount;
struct message;

/// A route at work on one mount and shard: what all its channels share, so that
/// each of them holds one pointer. Lives as long as its mount.
struct shard_route {
  shard_mount& mount;
  const channel_route& route;
};

/// A wire format at work there: what all sockets that speak it share.
struct shard_format {
  shard_mount& mount;
  const serializer& format;
};

/// What the sockets and channels of one mount and one shard share, so that
/// each of them holds one pointer. Lives as long as any of them. Confined to
/// its shard.
class shard_mount {
public:
  shard_mount(socket_mount& of, std::size_t shard);
  shard_mount(const shard_mount&) = delete;
  shard_mount& operator=(const shard_mount&) = delete;

  const socket_spec& spec() const noexcept;
  const pubsub& bus() const noexcept;
  runtime::telemetry& telemetry() const noexcept;
  const lane* lane_for(const channel_route& x, const serializer& format) const;

  /// Throws std::logic_error for one that the spec does not list.
  const shard_format& format_of(const serializer& x) const;

  /// The first whose pattern matches; null for none.
  const shard_route* find_route(std::string_view topic) const noexcept;

  /// Null when it does not run just now.
  runtime::dynamic_supervisor* sockets();
  runtime::dynamic_supervisor* channels();

  // Called by each socket and channel in its beginning and end.
  void retain();
  void release();

  /// Joins that were accepted, for observers.
  runtime::shard_counter joins;

  /// The message whose handler runs on this shard just now; else null.
  const message* handling = nullptr;

private:
  runtime::dynamic_supervisor* find(runtime::pid& known, const char* kind);

  socket_mount& of_;
  const std::size_t shard_;
  std::vector<shard_format> formats_;
  std::vector<shard_route> routes_;
  runtime::pid sockets_;
  runtime::pid channels_;
  std::size_t users_ = 0;
  std::shared_ptr<socket_mount> kept_alive_;
};

/// A socket_spec at work in a node.
class socket_mount : public std::enable_shared_from_this<socket_mount> {
public:
  socket_mount(runtime::node& node, socket_spec spec, pubsub bus,
               std::string pool);

  runtime::node& node() const noexcept { return node_; }
  const socket_spec& spec() const noexcept { return spec_; }
  const pubsub& bus() const noexcept { return bus_; }
  const std::string& pool() const noexcept { return pool_; }
  shard_mount& on(std::size_t shard) { return *shards_[shard]; }
  const lane* lane_for(const channel_route& x, const serializer& format) const;

  /// Joins that were accepted, on all shards. Thread-safe.
  std::uint64_t joins() const noexcept;

private:
  struct route_lane {
    const channel_route* route;
    const serializer* format;
    std::unique_ptr<fastlane> lane;
  };

  runtime::node& node_;
  socket_spec spec_;
  pubsub bus_;
  std::string pool_;
  std::vector<route_lane> lanes_;
  std::vector<std::unique_ptr<shard_mount>> shards_;
};

struct mount_options {
  /// The name of a pubsub that runs.
  std::string pubsub{};

  /// The name of a socket pool.
  std::string pool{};

  /// Tells it from other mounts of the pool, for observers: its path.
  std::string path{};
};

/// Puts a spec to work in a node: what an endpoint does once it has started,
/// and hands to negotiate() for each connect. Throws std::runtime_error when
/// the pubsub does not run.
std::shared_ptr<const socket_spec> mount(runtime::node& node, socket_spec spec,
                                         const mount_options& options);

} // namespace bennu::channels
