#include "runtime/detail/relation_set.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace bennu::runtime::detail {
namespace {

using kind = relation::kind;

constexpr std::uint32_t shard = 3u << pid::index_bits;
constexpr std::uint32_t last_place = pid::processes_per_shard_max - 1;
const pid self{.node = 7, .slot = shard | 5, .serial = 1};

pid neighbour(std::uint32_t place, std::uint32_t serial = 1) {
  return {.node = 7, .slot = shard | place, .serial = serial};
}

relation link_to(const pid& other, kind what = kind::link) {
  return {.other = other, .what = what};
}

relation monitor(monitor_ref ref, const pid& other) {
  return {.ref = ref, .other = other, .what = kind::monitors};
}

std::set<std::pair<pid, kind>> all_of(const relation_set& x) {
  std::set<std::pair<pid, kind>> all;
  x.for_each(self, [&](const relation& y) { all.emplace(y.other, y.what); });
  return all;
}

TEST(relation_set, one_link_on_the_own_shard_takes_no_memory) {
  for (const auto& other : {neighbour(0), neighbour(last_place, ~0u)})
    for (const auto what : {kind::link, kind::parent}) {
      relation_set x;
      x.add(self, link_to(other, what));
      EXPECT_EQ(x.memory(), 0u);
      EXPECT_EQ(x.size(), 1u);
      const auto found = x.find_link(self, other);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->what, what);
      EXPECT_EQ(found->other, other);
      EXPECT_EQ(x.last(self).other, other);
      EXPECT_FALSE(x.find_link(self, neighbour(1)));
      EXPECT_FALSE(x.find_ref(0));
      x.remove(*found);
      EXPECT_EQ(x.size(), 0u);
      EXPECT_FALSE(x.find_link(self, other));
    }
}

TEST(relation_set, what_is_not_that_takes_some) {
  auto elsewhere = neighbour(1);
  elsewhere.slot += 1u << pid::index_bits;
  auto of_another_node = neighbour(1);
  of_another_node.node = 8;
  for (const auto& one : {link_to(elsewhere), link_to(of_another_node),
                          monitor(1, neighbour(1))}) {
    relation_set x;
    x.add(self, one);
    EXPECT_EQ(x.memory(), 32u);
    EXPECT_EQ(all_of(x), (std::set{std::pair{one.other, one.what}}));
    x.remove(one);
    EXPECT_EQ(x.size(), 0u);
    x.shrink();
    EXPECT_EQ(x.memory(), 0u);
  }
}

TEST(relation_set, a_second_one_joins_the_first) {
  relation_set x;
  x.add(self, link_to(neighbour(1), kind::parent));
  x.add(self, monitor(9, neighbour(1)));
  EXPECT_EQ(all_of(x), (std::set{std::pair{neighbour(1), kind::parent},
                                 std::pair{neighbour(1), kind::monitors}}));
  EXPECT_EQ(x.last(self).ref, 9u);
  x.remove(*x.find_link(self, neighbour(1)));
  EXPECT_EQ(all_of(x), (std::set{std::pair{neighbour(1), kind::monitors}}));
  EXPECT_TRUE(x.find_ref(9));
}

TEST(relation_set, many_are_found_by_hash_and_few_again_without) {
  relation_set x;
  const auto count = 4 * relation_set::linear_max;
  for (std::uint32_t i = 0; i < count; ++i) {
    x.add(self, link_to(neighbour(i)));
    x.add(self, monitor(i + 1, neighbour(i)));
  }
  EXPECT_EQ(x.size(), 2 * count);
  for (std::uint32_t i = 0; i < count; ++i) {
    EXPECT_TRUE(x.find_link(self, neighbour(i))) << i;
    EXPECT_EQ(x.find_ref(i + 1)->other, neighbour(i));
  }
  for (std::uint32_t i = 0; i + 1 < count; ++i) {
    x.remove(*x.find_ref(i + 1));
    x.remove(*x.find_link(self, neighbour(i)));
    EXPECT_FALSE(x.find_link(self, neighbour(i)));
  }
  x.shrink();
  EXPECT_EQ(x.memory(), 8u + 2 * 24u);
  EXPECT_TRUE(x.find_ref(count));
  EXPECT_TRUE(x.find_link(self, neighbour(count - 1)));
}

TEST(relation_set, the_last_comes_first_when_all_are_taken_out) {
  relation_set x;
  for (std::uint32_t i = 1; i <= 3; ++i)
    x.add(self, monitor(i, neighbour(i)));
  for (std::uint32_t i = 3; i >= 1; --i) {
    EXPECT_EQ(x.last(self).ref, i);
    x.remove(x.last(self));
  }
  EXPECT_EQ(x.size(), 0u);
}

} // namespace
} // namespace bennu::runtime::detail
