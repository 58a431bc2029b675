#include "runtime/detail/table_lock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

namespace bennu::runtime::detail {
namespace {

TEST(table_lock, writers_exclude_each_other_and_readers) {
  for (const std::size_t reader_locks : {1u, 8u}) {
    table_lock lock{reader_locks};
    int value = 0;
    int twin = 0;
    std::vector<std::jthread> all;
    all.reserve(4);
    for (int i = 0; i < 4; ++i)
      all.emplace_back([&, i] {
        for (int n = 0; n < 3000; ++n)
          if (i % 2 == 0) {
            const std::lock_guard guard{lock};
            ++value;
            ++twin;
          } else {
            const std::shared_lock guard{lock};
            EXPECT_EQ(value, twin);
          }
      });
    all.clear();
    EXPECT_EQ(value, 6000);
  }
}

TEST(table_lock, readers_are_inside_together) {
  for (const std::size_t reader_locks : {1u, 8u}) {
    table_lock lock{reader_locks};
    // Neither can leave before the other has come.
    std::latch both{2};
    const auto read = [&] {
      const std::shared_lock guard{lock};
      both.arrive_and_wait();
    };
    std::jthread other{read};
    read();
  }
}

TEST(table_lock, readers_that_overlap_do_not_keep_a_writer_out) {
  for (const std::size_t reader_locks : {1u, 8u}) {
    table_lock lock{reader_locks};
    std::atomic<bool> written{false};
    std::atomic<int> inside{0};
    const auto read = [&] {
      // Each stays until another is inside, while there is no writer: under a
      // lock that prefers readers somebody would be inside for ever.
      while (!written) {
        const std::shared_lock guard{lock};
        ++inside;
        for (int i = 0; i < 100'000 && inside < 2 && !written; ++i) {
        }
        --inside;
      }
    };
    std::jthread one{read};
    std::jthread two{read};
    std::jthread three{read};
    lock.lock();
    written = true;
    lock.unlock();
  }
}

} // namespace
} // namespace bennu::runtime::detail
