#include "channels/pubsub/topic.hpp"

#include <gtest/gtest.h>

namespace bennu::channels {
namespace {

TEST(topic, has_a_subtopic_behind_its_first_colon) {
  EXPECT_EQ(topic("room:lobby").subtopic(), "lobby");
  EXPECT_EQ(topic("room:a:b").subtopic(), "a:b");
  EXPECT_EQ(topic("room:").subtopic(), "");
  EXPECT_EQ(topic("room").subtopic(), "");
}

TEST(topic, is_its_text) {
  const topic x{"room:1"};
  const auto copy = x;
  EXPECT_EQ(copy, topic("room:1"));
  EXPECT_EQ(copy, "room:1");
  EXPECT_LT(topic("a"), topic("b"));
  EXPECT_EQ(topic_hash{}(x), topic_hash{}("room:1"));
  EXPECT_EQ(topic{}.view(), "");
  EXPECT_EQ(topic{""}, topic{});
}

TEST(topic, is_one_pointer_wide) {
  EXPECT_EQ(sizeof(topic), sizeof(void*));
  const topic x{"room:1"};
  const auto copy = x;
  EXPECT_EQ(copy.view().data(), x.view().data());
}

} // namespace
} // namespace bennu::channels
