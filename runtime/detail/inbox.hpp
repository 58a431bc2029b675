#pragma once

#include "runtime/fwd.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace bennu::runtime::detail {

/// What other threads have for one: everybody pushes, its owner takes all at
/// once. What one thread pushes is taken in the order of the pushes. Unbounded,
/// as Erlang's signals between two processes are; empty for ever once closed.
/// `push`, `push_all` and `close` are thread-safe; all else is the owner's.
template <class T>
class inbox {
public:
  /// `wake` ends a `sleep`: whoever pushes calls it, at most once for each.
  /// Without one the owner may only `wait`.
  explicit inbox(std::function<void()> wake = {}) : wake_(std::move(wake)) {}

  /// False, and `x` is dropped, once closed.
  bool push(T x) {
    {
      const std::lock_guard guard{mutex_};
      if (closed_)
        return false;
      waiting_.push_back(std::move(x));
      filled_.store(true);
    }
    call();
    return true;
  }

  /// Pushes `xs`, of which there are some, and empties it.
  bool push_all(std::vector<T>& xs) {
    const bool open = append(xs);
    // Outside the lock: what is dropped may run destructors of users.
    xs.clear();
    if (open)
      call();
    return open;
  }

  /// Puts what has come into `to`, which is empty. False when nothing has.
  bool take(std::vector<T>& to) {
    if (!filled_.load())
      return false;
    const std::lock_guard guard{mutex_};
    to.swap(waiting_);
    filled_.store(false);
    return true;
  }

  /// Drops what waits and all that is pushed later.
  void close() {
    std::vector<T> dropped;
    const std::lock_guard guard{mutex_};
    closed_ = true;
    filled_.store(false);
    dropped.swap(waiting_);
  }

  /// Calls `f`, which sleeps until `wake`, unless something has come: then
  /// false.
  template <class F>
  bool sleep(F f) {
    sleeping_.store(true);
    const bool empty = !filled_.load();
    if (empty)
      f();
    sleeping_.store(false);
    return empty;
  }

  /// Waits until something has come, at most `limit`; duration::max() is none.
  void wait_for(duration limit) {
    const auto filled = [this] { return filled_.load(); };
    std::unique_lock lock{mutex_};
    if (limit == duration::max())
      called_.wait(lock, filled);
    else
      called_.wait_for(lock, limit, filled);
  }

private:
  bool append(std::vector<T>& xs) {
    const std::lock_guard guard{mutex_};
    if (closed_)
      return false;
    std::move(xs.begin(), xs.end(), std::back_inserter(waiting_));
    filled_.store(true);
    return true;
  }

  /// Only the first to come after the owner lay down wakes it.
  void call() {
    if (!wake_)
      called_.notify_one();
    else if (sleeping_.exchange(false))
      wake_();
  }

  std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable called_;
  std::vector<T> waiting_;
  bool closed_ = false;
  std::atomic<bool> filled_{false};
  std::atomic<bool> sleeping_{false};
};

/// What one thread gathers for the inbox of another, to take its lock once for
/// many. Confined to its thread.
template <class T>
class outbox {
public:
  /// As many are handed over together at most: what is gathered is small, and
  /// the other thread can begin.
  static constexpr std::size_t gathered_max = 256;

  bool empty() const noexcept { return gathered_.empty(); }

  /// True when no more may be added before they are handed over.
  bool add(T x) {
    gathered_.push_back(std::move(x));
    return gathered_.size() >= gathered_max;
  }

  void hand_over(inbox<T>& to) { to.push_all(gathered_); }

private:
  std::vector<T> gathered_;
};

} // namespace bennu::runtime::detail
