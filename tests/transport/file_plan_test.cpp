#include "transport/file_plan.hpp"

#include <gtest/gtest.h>

namespace bennu::transport::detail {
namespace {

TEST(file_plan, one_table_is_enough_up_to_the_limit) {
  EXPECT_FALSE(plan_files_for(800, 2, 1000).private_files);
  EXPECT_EQ(plan_files_for(800, 2, 1000).shards, 2u);
}

TEST(file_plan, one_connection_more_needs_a_table_a_shard) {
  const auto plan = plan_files_for(801, 2, 1000);
  EXPECT_TRUE(plan.private_files);
  EXPECT_EQ(plan.shards, 2u);
}

TEST(file_plan, there_are_as_many_shards_as_the_connections_need) {
  const auto plan = plan_files_for(100'000, 2, 20'000);
  EXPECT_TRUE(plan.private_files);
  EXPECT_EQ(plan.shards, 6u);
  EXPECT_GE(plan.shards * 19'800u, 110'000u) << "with a tenth to spare";
}

TEST(file_plan, a_tiny_limit_is_not_made_up_for_with_threads) {
  EXPECT_FALSE(plan_files_for(10'000, 1, 999).private_files);
}

TEST(file_plan, an_absurd_wish_ends_at_the_most_shards_there_are) {
  EXPECT_EQ(plan_files_for(100'000'000, 2, 1000).shards, 1024u);
}

} // namespace
} // namespace bennu::transport::detail
