#pragma once

#include "runtime/message.hpp"
#include "runtime/pid.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>

namespace bennu::runtime::detail {

struct node_impl;

/// A function on its way through the blocking pool. Whoever wants it no longer
/// asks it to stop: it does not start then, or sees it in its stop token.
class task_job {
public:
  virtual ~task_job() = default;

  /// What the function returns; it may throw.
  virtual message run(std::stop_token token) = 0;

  std::stop_source stop;
};

/// What came of a job: its value, or the text of what it threw.
struct task_outcome {
  message value;
  std::string error;
  bool failed = false;
};

/// The blocking pool of a node: functions run on CAF's own scheduler, which
/// shares its threads with the CAF actors beside us. Thread-safe.
class task_pool {
public:
  explicit task_pool(node_impl& owner) : owner_(owner) {}

  /// Runs the job on a thread of the pool and sends its outcome to `owner`;
  /// throws std::runtime_error when `blocking_queue_max` wait already. In a
  /// simulated node the job runs in a step of the owner's shard.
  void submit(const pid& owner, std::shared_ptr<task_job> job);

  /// False when a function still runs after `limit`; those that wait are
  /// dropped.
  bool stop(std::chrono::milliseconds limit);

private:
  class work;

  void run(const pid& owner, task_job& job);
  bool begin();
  void end();

  node_impl& owner_;
  std::atomic<std::size_t> waiting_{0};
  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t running_ = 0;
  bool stopped_ = false;
};

} // namespace bennu::runtime::detail
