#include "runtime/environment.hpp"
#include "runtime/partition_supervisor.hpp"
#include "tests/runtime/supervisor_fixture.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

namespace bennu::runtime {
namespace {

class partitions : public supervisor_fixture {
protected:
  void start(partition_options options) {
    options.name = "p";
    sim.start(
      one_for_one("top", {}, partition_supervisor(options, child("x"))));
  }
};

TEST_F(partitions, are_one_a_shard_each_on_its_own) {
  start({});
  EXPECT_EQ(partition_count(sim.node(), "p"), 2u);
  EXPECT_EQ(whereis("p/0").shard(), 0u);
  EXPECT_EQ(whereis("p/1").shard(), 1u);
  EXPECT_EQ(counts("p").workers, 2u);
}

TEST_F(partitions, numbers_go_by_remainder) {
  start({.partitions = 3});
  EXPECT_EQ(partition(sim.node(), "p", 0), whereis("p/0"));
  EXPECT_EQ(partition(sim.node(), "p", 5), whereis("p/2"));
}

TEST_F(partitions, texts_go_by_hash_always_to_the_same) {
  start({.partitions = 4});
  std::set<pid> seen;
  for (int i = 0; i < 100; ++i) {
    const auto key = "user" + std::to_string(i);
    const auto at = partition(sim.node(), "p", key);
    EXPECT_TRUE(at);
    EXPECT_EQ(at, partition(sim.node(), "p", key));
    seen.insert(at);
  }
  EXPECT_EQ(seen.size(), 4u);
}

TEST_F(partitions, one_that_died_is_back_under_its_number) {
  start({.partitions = 2});
  const auto before = whereis("p/1");
  kill("p/1");
  EXPECT_NE(partition(sim.node(), "p", 1), before);
  EXPECT_TRUE(partition(sim.node(), "p", 1));
}

TEST_F(partitions, of_a_stopped_supervisor_are_gone) {
  start({.partitions = 2});
  sim.stop();
  EXPECT_EQ(partition_count(sim.node(), "p"), 0u);
  EXPECT_FALSE(partition(sim.node(), "p", 1));
  EXPECT_TRUE(sim.node().environment().keys().empty());
}

TEST_F(partitions, may_be_told_their_number) {
  const auto numbered = [](std::size_t i) {
    return worker("x",
                  [i](process&) { return behavior{[i](int) { return i; }}; });
  };
  sim.start(one_for_one(
    "top", {}, partition_supervisor({.name = "p", .partitions = 3}, numbered)));
  EXPECT_EQ(sim.call<std::size_t>(whereis("p/2"), 0), 2u);
}

TEST(partition_supervisor, wants_a_name_and_keeps_its_limit) {
  const auto child = worker("x", [](process&) {});
  EXPECT_THROW(partition_supervisor({}, child), std::invalid_argument);
  EXPECT_NO_THROW(
    partition_supervisor({.name = "p", .partitions = partitions_max}, child));
  EXPECT_THROW(partition_supervisor(
                 {.name = "p", .partitions = partitions_max + 1}, child),
               std::invalid_argument);
}

TEST(environment, keeps_values_by_name) {
  environment x;
  EXPECT_FALSE(x.get("a.n"));
  x.set("a.n", make_message(1));
  x.set("a.m", make_message("text"));
  x.set("b", make_message(2.0));
  x.set("a.n", make_message(2));
  EXPECT_EQ(x.value_or("a.n", 0), 2);
  EXPECT_EQ(x.value_or("a.m", 7), 7) << "it is no int";
  EXPECT_EQ(x.keys("a."), (std::vector<std::string>{"a.m", "a.n"}));
  EXPECT_TRUE(x.erase("a.n"));
  EXPECT_FALSE(x.erase("a.n"));
}

TEST(environment, takes_its_limit_and_not_one_more) {
  environment x;
  for (std::size_t i = 0; i < environment::values_max; ++i)
    x.set(std::to_string(i), {});
  EXPECT_THROW(x.set("more", {}), std::length_error);
  EXPECT_NO_THROW(x.set("0", make_message(1)));
}

} // namespace
} // namespace bennu::runtime
