#include "channels/tracker/index.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace bennu::channels {
namespace {

tracked_ptr entry(int key) {
  return std::make_shared<const tracked>(
    tracked{.topic = "room", .key = std::to_string(key)});
}

TEST(tracker_index, readers_see_whole_presences_while_one_writes) {
  constexpr int always = 50;
  tracker_index index;
  for (int i = 0; i < always; ++i)
    index.add(entry(i));
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!done) {
        const auto all = index.list("room");
        EXPECT_GE(all.size(), static_cast<std::size_t>(always));
        EXPECT_TRUE(std::is_sorted(
          all.begin(), all.end(),
          [](const auto& a, const auto& b) { return a->key < b->key; }));
        EXPECT_GE(index.count("room").keys, static_cast<std::size_t>(always));
        EXPECT_EQ(index.find("room", "7").size(), 1u);
      }
    });
  for (int round = 0; round < 200; ++round) {
    std::vector<tracked_ptr> passing;
    for (int i = 0; i < 20; ++i)
      index.add(passing.emplace_back(entry(1000 + i)));
    for (const auto& x : passing)
      index.remove(x);
  }
  done = true;
  for (auto& x : readers)
    x.join();
  EXPECT_EQ(index.count("room").presences, static_cast<std::size_t>(always));
}

TEST(tracker_index, a_topic_may_empty_and_fill_under_a_reader) {
  tracker_index index;
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done)
      EXPECT_LE(index.list("room").size(), 1u);
  });
  for (int i = 0; i < 2000; ++i) {
    const auto x = entry(i);
    index.add(x);
    index.remove(x);
  }
  done = true;
  reader.join();
  EXPECT_EQ(index.count("room"), presence_counts{});
}

} // namespace
} // namespace bennu::channels
