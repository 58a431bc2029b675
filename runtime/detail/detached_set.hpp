#pragma once

#include "runtime/pid.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace bennu::runtime::detail {

class shard_impl;
struct node_impl;

/// The shards for detached processes: numbered behind the node's own, each
/// with a thread that starts when it is first needed and waits for the next
/// process when one has ended. Such a shard sleeps on a condition variable, so
/// it has no descriptors that other threads would have to know.
/// Thread-safe.
class detached_set {
public:
  explicit detached_set(node_impl& owner);
  ~detached_set();

  /// The shard of that number, or null when it never was needed.
  shard_impl* find(std::size_t index) const noexcept;

  /// A shard where nobody lives; throws std::runtime_error when
  /// `detached_max` processes are detached.
  std::size_t acquire();

  void occupied(std::size_t index, const pid& by);
  void release(std::size_t index);

  /// Who is detached just now.
  std::vector<pid> processes() const;

  /// Every shard that was ever needed.
  template <class F>
  void for_each(F f) const {
    for (const auto& x : places_)
      if (auto* shard = x.shard.load())
        f(*shard);
  }

  /// Ends the threads. False when a handler still blocks one after `limit`:
  /// the thread is left alone then, and with it what it may still use.
  bool stop(std::chrono::milliseconds limit);

private:
  struct place {
    std::atomic<shard_impl*> shard{nullptr};
    bool taken = false;
    bool running = false;
    pid by;
  };

  void start(std::size_t n);

  node_impl& owner_;
  std::vector<place> places_;
  std::vector<std::unique_ptr<shard_impl>> shards_;
  std::vector<std::thread> threads_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
};

} // namespace bennu::runtime::detail
