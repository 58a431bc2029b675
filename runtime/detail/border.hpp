#pragma once

#include "runtime/detail/caf_conversions.hpp"
#include "runtime/detail/parcel.hpp"
#include "runtime/pid.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/message_id.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bennu::runtime::detail {

class process_handle;
class process_core;
class shard_impl;
struct node_impl;

/// Where the processes of a node and CAF's actors know each other: a process
/// by its `process_handle`, an actor by a `caf_proxy`. Both are made on demand
/// and found again. Thread-safe; outlives its node for the actors that still
/// hold handles then, and drops what they send.
class border : public std::enable_shared_from_this<border> {
public:
  explicit border(node_impl& owner);

  caf_conversions& types() noexcept { return types_; }

  /// What CAF's actors call `id`: the actor itself behind a proxy, the handle
  /// of any other process. Never null, also for the dead.
  caf::strong_actor_ptr handle_of(const pid& id);

  /// What processes call `who`: a process for its own handle, else a proxy
  /// that lives on `shard`. No process past `caf_proxies_max`. With `keep`,
  /// the actor lives until it exits, whoever holds a handle.
  pid proxy_of(const caf::strong_actor_ptr& who, std::size_t shard, bool keep);

  bool is_proxy(const pid& id) const;

  /// The shard for proxies that `id` is to meet: its own, unless it is alone
  /// there.
  std::size_t meeting_shard(const pid& id) const noexcept;

  /// To its home, from any thread; false when the node has stopped.
  bool push(parcel x);

  /// Calls `f` on the home shard of `id`, in the order of push.
  bool run_at(const pid& id, std::function<void(shard_impl&)> f);

  /// `who` is only compared: the actor may be gone.
  void proxy_ended(const void* who, const pid& id);
  void process_ended(const pid& id);

  /// The node's shards are about to go.
  void close();

private:
  struct proxy {
    pid id;
    caf::strong_actor_ptr kept;
  };
  using proxy_key = std::pair<const void*, std::size_t>;
  struct hash {
    std::size_t operator()(const proxy_key& x) const noexcept {
      return std::hash<const void*>{}(x.first) * 31 + x.second;
    }
  };

  pid start_proxy(const caf::strong_actor_ptr& who, std::size_t shard);
  caf::strong_actor_ptr make_handle(const pid& id);

  node_impl* owner_;
  caf_conversions types_;

  mutable std::mutex mutex_;
  std::unordered_map<proxy_key, proxy, hash> proxies_;
  std::unordered_map<pid, caf::weak_actor_ptr> actors_;
  std::unordered_map<pid, caf::strong_actor_ptr> handles_;

  /// Held shared while something is on its way to a shard.
  std::shared_mutex gate_;
  bool closed_ = false;
};

/// A request from a CAF actor, which gets one answer whatever happens: when
/// nobody has answered by the end of this object, `request_receiver_down`.
/// Confined to one thread at a time.
class caf_request {
public:
  caf_request(caf::strong_actor_ptr asked, caf::strong_actor_ptr from,
              caf::message_id id, std::vector<caf::strong_actor_ptr> stages);
  caf_request(const caf_request&) = delete;
  caf_request& operator=(const caf_request&) = delete;
  ~caf_request();

  void answer(caf::message what);

private:
  caf::strong_actor_ptr asked_;
  caf::strong_actor_ptr from_;
  caf::message_id id_;
  std::vector<caf::strong_actor_ptr> stages_;
};

} // namespace bennu::runtime::detail
