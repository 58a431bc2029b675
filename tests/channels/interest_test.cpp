#include "channels/pubsub/interest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bennu::channels {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::size_t> interested(const interest& x, const topic& on) {
  std::vector<std::size_t> servers;
  x.for_each(on, [&](std::size_t i) { servers.push_back(i); });
  return servers;
}

std::size_t bucket(const topic& on) {
  return topic_hash{}(on) % interest::buckets;
}

/// Another topic of the same bucket.
topic neighbour_of(const topic& on) {
  for (int i = 0;; ++i) {
    const topic other = "room:" + std::to_string(i);
    if (bucket(other) == bucket(on) && other != on)
      return other;
  }
}

TEST(interest, is_nobodys_at_first) {
  const interest x{3};
  EXPECT_THAT(interested(x, "room:1"), IsEmpty());
}

TEST(interest, is_that_of_each_server_that_has_a_topic) {
  interest x{3};
  x.add(2, "room:1");
  x.add(0, "room:1");
  EXPECT_THAT(interested(x, "room:1"), ElementsAre(0, 2));
  EXPECT_THAT(interested(x, "room:2"), IsEmpty());
  x.remove(2, "room:1");
  EXPECT_THAT(interested(x, "room:1"), ElementsAre(0));
}

TEST(interest, tells_more_servers_apart_than_a_word_has_bits) {
  interest x{130};
  for (const auto server : std::vector<std::size_t>{63, 64, 129})
    x.add(server, "room:1");
  EXPECT_THAT(interested(x, "room:1"), ElementsAre(63, 64, 129));
  x.remove(64, "room:1");
  EXPECT_THAT(interested(x, "room:1"), ElementsAre(63, 129));
}

TEST(interest, of_a_bucket_ends_with_its_last_topic) {
  interest x{1};
  const topic one = "room:one";
  const auto other = neighbour_of(one);
  x.add(0, one);
  x.add(0, other);
  x.remove(0, one);
  EXPECT_THAT(interested(x, other), ElementsAre(0));
  x.remove(0, other);
  EXPECT_THAT(interested(x, other), IsEmpty());
}

void add_and_remove(interest& x, const topic& on, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i)
    x.add(0, on);
  for (std::size_t i = 0; i < times; ++i)
    x.remove(0, on);
}

TEST(interest, is_counted_below_count_max_topics_of_a_bucket) {
  interest x{1};
  add_and_remove(x, "room:1", interest::count_max - 1);
  EXPECT_THAT(interested(x, "room:1"), IsEmpty());
}

TEST(interest, stays_once_a_bucket_has_had_count_max_topics) {
  interest x{1};
  add_and_remove(x, "room:1", interest::count_max);
  EXPECT_THAT(interested(x, "room:1"), ElementsAre(0));
  add_and_remove(x, "room:1", interest::count_max + 1);
  EXPECT_THAT(interested(x, "room:1"), ElementsAre(0));
}

} // namespace
} // namespace bennu::channels
