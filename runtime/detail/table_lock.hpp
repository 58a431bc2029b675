#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include <pthread.h>

namespace bennu::runtime::detail {

/// A read-write lock under which readers cannot starve the writer: whoever
/// comes once a writer waits, waits behind it. (std::shared_mutex prefers
/// readers here: a few that overlap would keep a table's owner out for ever.)
///
/// For many readers it is several locks, of which a reader takes the one of its
/// thread and a writer all: reading on several shards shares no cache line, a
/// write is that much dearer. Not recursive. Thread-safe.
class table_lock {
public:
  explicit table_lock(std::size_t reader_locks)
    : count_(reader_locks), locks_(std::make_unique<lock_line[]>(count_)) {}

  void lock() {
    for (std::size_t i = 0; i < count_; ++i)
      pthread_rwlock_wrlock(&locks_[i].lock);
  }
  void unlock() {
    for (std::size_t i = count_; i-- > 0;)
      pthread_rwlock_unlock(&locks_[i].lock);
  }
  void lock_shared() { pthread_rwlock_rdlock(&locks_[mine()].lock); }
  void unlock_shared() { pthread_rwlock_unlock(&locks_[mine()].lock); }

private:
  struct alignas(64) lock_line {
    lock_line() {
      pthread_rwlockattr_t how;
      pthread_rwlockattr_init(&how);
      pthread_rwlockattr_setkind_np(
        &how, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
      pthread_rwlock_init(&lock, &how);
      pthread_rwlockattr_destroy(&how);
    }
    lock_line(const lock_line&) = delete;
    lock_line& operator=(const lock_line&) = delete;
    ~lock_line() { pthread_rwlock_destroy(&lock); }

    pthread_rwlock_t lock;
  };

  std::size_t mine() const noexcept {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t thread = threads++;
    return count_ == 1 ? 0 : thread % count_;
  }

  std::size_t count_;
  std::unique_ptr<lock_line[]> locks_;
};

} // namespace bennu::runtime::detail
