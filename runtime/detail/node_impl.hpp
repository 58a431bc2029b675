#pragma once

#include "runtime/detail/detached_set.hpp"
#include "runtime/detail/handler_watch.hpp"
#include "runtime/detail/name_table.hpp"
#include "runtime/detail/shard_impl.hpp"
#include "runtime/detail/table_registry.hpp"
#include "runtime/detail/task_pool.hpp"
#include "runtime/environment.hpp"
#include "runtime/node.hpp"
#include "runtime/probe.hpp"
#include "runtime/telemetry.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace bennu::runtime::detail {

class border;

/// How far the tree of a node has come; written by its root process.
struct tree_progress {
  std::mutex mutex;
  std::condition_variable changed;
  bool started = false;
  std::optional<exit_reason> ended;

  /// The top of the tree, for observers.
  pid top;
};

/// The inside of a node.
struct node_impl {
  node_impl(runtime::node& self, node_options options, const clock& time,
            bool simulated);
  ~node_impl();

  shard_impl& shard_of(std::size_t index) {
    return index < shards.size() ? *shards[index] : *detached->find(index);
  }
  shard_impl& home_of(const pid& id) { return shard_of(id.shard()); }
  bool is_here(const pid& id) const noexcept {
    return id.node == number
           && (id.shard() < shards.size() || detached->find(id.shard()));
  }

  /// The node's shards, and those of detached processes.
  template <class F>
  void for_each_shard(F f) {
    for (auto& x : shards)
      f(*x);
    detached->for_each(f);
  }

  /// The shard of this node that runs this code, or null.
  shard_impl* here() const noexcept;

  void run_on(std::size_t shard, const std::function<void()>& f);
  void start_threads();
  void start_watch();

  /// False when something that blocks must be left behind, and this with it.
  bool stop_threads();

  /// Waits for the tree, or steps a simulated node, until `done`; false after
  /// `limit`.
  bool await_tree(const std::function<bool()>& done,
                  std::optional<std::chrono::milliseconds> limit);

  /// No later than the first timer of any shard; simulated nodes only.
  time_point next_due();

  /// Steps until idle; simulated nodes only.
  void run_until_idle(std::mt19937_64* shuffle);

  runtime::node& self;
  node_options options;
  const clock& time;
  const bool simulated;
  const std::uint32_t number;
  caf::actor_system_config config;

  /// Outlives the system, whose last actors may still hold handles.
  std::shared_ptr<detail::border> border;
  std::unique_ptr<task_pool> pool;
  std::unique_ptr<caf::actor_system> system;
  name_table names;
  table_registry tables;
  telemetry events;
  environment shared;
  runtime::probe probe{*this};
  std::vector<std::unique_ptr<shard_impl>> shards;
  std::unique_ptr<detached_set> detached;
  std::vector<std::thread> threads;
  std::unique_ptr<handler_watch> watch;
  std::atomic<std::size_t> next_shard{0};
  tree_progress tree;
  pid root;

  /// Moves a simulated clock on to a time and fires what is due by then.
  std::function<void(time_point)> advance_clock;
};

} // namespace bennu::runtime::detail

namespace bennu::runtime {

struct node::impl : detail::node_impl {
  using detail::node_impl::node_impl;
};

} // namespace bennu::runtime
