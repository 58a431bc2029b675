#include "channels/tracker/index.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <utility>
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

/// On topic t0, t1 ...: `keys` each, under each key `each`.
void fill(tracker_index& index, int topics, int keys, int each = 1) {
  for (int t = 0; t < topics; ++t)
    for (int k = 0; k < keys; ++k)
      for (int i = 0; i < each; ++i)
        index.add(std::make_shared<const tracked>(
          tracked{.topic = "t" + std::to_string(t), .key = std::to_string(k)}));
}

std::vector<std::size_t> page_sizes(const tracker_index& index,
                                    std::size_t max) {
  std::vector<std::size_t> sizes;
  for (tracker_index::place at; !at.done();)
    sizes.push_back(index.page(at, max).size());
  return sizes;
}

std::size_t sum(const std::vector<std::size_t>& x) {
  return std::accumulate(x.begin(), x.end(), std::size_t{0});
}

TEST(tracker_index_page, an_empty_index_is_done_at_once) {
  EXPECT_EQ(page_sizes(tracker_index{}, 10), std::vector<std::size_t>{0});
}

TEST(tracker_index_page, each_presence_comes_once_whatever_a_page_holds) {
  tracker_index index;
  fill(index, 7, 13);
  for (const std::size_t max : {1u, 2u, 12u, 13u, 14u, 90u, 91u, 92u, 1000u}) {
    std::set<std::pair<std::string, std::string>> met;
    std::size_t count = 0;
    for (tracker_index::place at; !at.done();)
      for (const auto& x : index.page(at, max)) {
        met.emplace(x->topic.str(), x->key.str());
        ++count;
      }
    EXPECT_EQ(count, 7u * 13u) << max;
    EXPECT_EQ(met.size(), count) << max;
  }
}

TEST(tracker_index_page, it_holds_as_many_as_told_and_not_one_more) {
  tracker_index index;
  fill(index, 1, 25);
  const auto sizes = page_sizes(index, 10);
  EXPECT_EQ(sum(sizes), 25u);
  EXPECT_EQ(*std::max_element(sizes.begin(), sizes.end()), 10u);
}

TEST(tracker_index_page, a_key_of_many_comes_whole) {
  tracker_index index;
  fill(index, 1, 2, 30);
  const auto sizes = page_sizes(index, 10);
  EXPECT_EQ(sum(sizes), 60u);
  EXPECT_EQ(*std::max_element(sizes.begin(), sizes.end()), 30u);
}

TEST(tracker_index_page, topics_of_one_presence_fill_a_page_together) {
  tracker_index index;
  fill(index, 2'000, 1);
  const auto sizes = page_sizes(index, 1'000);
  EXPECT_EQ(sum(sizes), 2'000u);
  EXPECT_LE(sizes.size(), 10u) << "a page for each topic would be 2000";
}

TEST(tracker_index_page, what_stays_is_met_while_others_come_and_go) {
  tracker_index index;
  for (int i = 0; i < 500; ++i)
    index.add(entry(i));
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 1'000; !done; ++i) {
      const auto x = entry(i);
      index.add(x);
      index.remove(x);
    }
  });
  for (int round = 0; round < 50; ++round) {
    std::set<std::string> met;
    for (tracker_index::place at; !at.done();)
      for (const auto& x : index.page(at, 7))
        met.insert(x->key.str());
    EXPECT_GE(met.size(), 500u);
  }
  done = true;
  writer.join();
}

} // namespace
} // namespace bennu::channels
