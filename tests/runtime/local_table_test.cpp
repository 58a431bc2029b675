#include "runtime/local_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// Counts comparisons, so that a test can tell O(1) from O(n) without a clock.
struct counted_equal {
  int value = 0;
  static inline int comparisons = 0;
  friend bool operator==(const counted_equal& a, const counted_equal& b) {
    ++comparisons;
    return a.value == b.value;
  }
};

using numbers = local_table<int, std::string>;

std::vector<int> rest_of(numbers::cursor& at) {
  std::vector<int> seen;
  while (const auto* row = at.next())
    seen.push_back(*row);
  return seen;
}

TEST(local_table, a_set_keeps_one_object_a_key) {
  numbers t{{.name = "t", .kind = table_kind::set}};
  t.insert("a", 1);
  t.insert("a", 2);
  t.insert("b", 3);
  EXPECT_THAT(t.lookup("a"), ElementsAre(2));
  EXPECT_EQ(t.size(), 2u);
}

TEST(local_table, an_ordered_set_is_traversed_in_key_order) {
  numbers t{{.name = "t", .kind = table_kind::ordered_set}};
  t.insert("c", 3);
  t.insert("a", 1);
  t.insert("b", 2);
  t.insert("b", 4);
  auto at = t.scan();
  EXPECT_THAT(rest_of(at), ElementsAre(1, 4, 3));
}

TEST(local_table, counts_the_objects_beside_one) {
  numbers t{{.name = "t", .kind = table_kind::duplicate_bag}};
  const auto first = t.insert("a", 1);
  const auto second = t.insert("a", 1);
  const auto other = t.insert("b", 1);
  EXPECT_EQ(t.count_beside(first), 2u);
  EXPECT_EQ(t.count_beside(other), 1u);
  t.erase(second);
  EXPECT_EQ(t.count_beside(first), 1u);
}

TEST(local_table, a_bag_stores_identical_objects_once) {
  numbers t{{.name = "t", .kind = table_kind::bag}};
  const auto first = t.insert("a", 1);
  t.insert("a", 2);
  EXPECT_EQ(t.insert("a", 1), first);
  EXPECT_THAT(t.lookup("a"), ElementsAre(1, 2));
}

TEST(local_table, a_duplicate_bag_keeps_identical_objects_in_time_order) {
  numbers t{{.name = "t", .kind = table_kind::duplicate_bag}};
  t.insert("a", 1);
  t.insert("a", 2);
  t.insert("a", 1);
  EXPECT_THAT(t.lookup("a"), ElementsAre(1, 2, 1));
  EXPECT_EQ(t.count("a"), 3u);
}

TEST(local_table, a_duplicate_bag_inserts_without_looking_at_the_others) {
  local_table<counted_equal, int> t{
    {.name = "t", .kind = table_kind::duplicate_bag}};
  counted_equal::comparisons = 0;
  for (int i = 0; i < 1000; ++i)
    t.insert(1, {i});
  EXPECT_EQ(counted_equal::comparisons, 0);
}

TEST(local_table, a_bag_compares_with_every_object_of_the_key_only) {
  local_table<counted_equal, int> t{{.name = "t", .kind = table_kind::bag}};
  for (int i = 0; i < 100; ++i) {
    t.insert(1, {i});
    t.insert(2, {i});
  }
  counted_equal::comparisons = 0;
  t.insert(1, {1000});
  EXPECT_EQ(counted_equal::comparisons, 100);
}

TEST(local_table, erasing_by_reference_compares_nothing) {
  local_table<counted_equal, int> t{
    {.name = "t", .kind = table_kind::duplicate_bag}};
  std::vector<object_ref> refs;
  for (int i = 0; i < 1000; ++i)
    refs.push_back(t.insert(1, {i}));
  counted_equal::comparisons = 0;
  for (const auto& ref : refs)
    EXPECT_TRUE(t.erase(ref));
  EXPECT_EQ(counted_equal::comparisons, 0);
  EXPECT_EQ(t.size(), 0u);
}

TEST(local_table, a_reference_does_not_reach_a_successor_in_its_place) {
  numbers t{{.name = "t", .kind = table_kind::duplicate_bag}};
  const auto first = t.insert("a", 1);
  EXPECT_TRUE(t.erase(first));
  const auto second = t.insert("b", 2);
  EXPECT_EQ(second.place, first.place);
  EXPECT_FALSE(t.erase(first));
  EXPECT_EQ(t.find(first), nullptr);
  EXPECT_EQ(*t.find(second), 2);
}

TEST(local_table, free_places_are_used_again_before_new_ones) {
  numbers t{{.name = "t", .kind = table_kind::duplicate_bag}};
  std::vector<object_ref> refs;
  for (int i = 0; i < 500; ++i)
    refs.push_back(t.insert("a", i));
  const auto memory = t.info().memory;
  for (const auto& ref : refs)
    t.erase(ref);
  for (int i = 0; i < 500; ++i)
    EXPECT_LT(t.insert("a", i).place, 500u);
  EXPECT_EQ(t.info().memory, memory);
}

TEST(local_table, a_row_of_twenty_bytes_takes_forty) {
  struct row {
    std::uint32_t words[5] = {};
  };
  local_table<row, int> t{{.name = "t", .kind = table_kind::duplicate_bag}};
  for (int i = 0; i < 25'600; ++i)
    t.insert(1, {});
  EXPECT_LT(t.info().memory, 25'600u * 41);
}

TEST(local_table, erasing_in_the_middle_keeps_the_order) {
  numbers t{{.name = "t", .kind = table_kind::duplicate_bag}};
  t.insert("a", 1);
  const auto two = t.insert("a", 2);
  const auto three = t.insert("a", 3);
  t.insert("a", 4);
  t.erase(two);
  EXPECT_THAT(t.lookup("a"), ElementsAre(1, 3, 4));
  t.erase(three);
  t.insert("a", 5);
  EXPECT_THAT(t.lookup("a"), ElementsAre(1, 4, 5));
}

TEST(local_table, erase_key_removes_its_objects_only) {
  numbers t{{.name = "t", .kind = table_kind::duplicate_bag}};
  t.insert("a", 1);
  t.insert("b", 2);
  t.insert("a", 3);
  EXPECT_EQ(t.erase_key("a"), 2u);
  EXPECT_EQ(t.erase_key("a"), 0u);
  EXPECT_FALSE(t.member("a"));
  EXPECT_THAT(t.lookup("b"), ElementsAre(2));
}

TEST(local_table, a_traversal_meets_no_row_born_after_it_began) {
  for (auto kind : {table_kind::set, table_kind::ordered_set, table_kind::bag,
                    table_kind::duplicate_bag}) {
    numbers t{{.name = "t", .kind = kind}};
    t.insert("a", 1);
    t.insert("c", 2);
    auto at = t.scan();
    ASSERT_NE(at.next(), nullptr);
    t.insert("b", 3);
    t.insert("d", 4);
    EXPECT_EQ(rest_of(at).size(), 1u) << to_string(kind);
  }
}

TEST(local_table, a_traversal_of_a_key_survives_the_erasure_of_its_next_row) {
  numbers t{{.name = "t", .kind = table_kind::duplicate_bag}};
  t.insert("a", 1);
  const auto two = t.insert("a", 2);
  const auto three = t.insert("a", 3);
  t.insert("a", 4);
  auto at = t.scan("a");
  EXPECT_EQ(*at.next(), 1);
  t.erase(two);
  t.erase(three);
  t.insert("a", 5);
  EXPECT_THAT(rest_of(at), ElementsAre(4));
}

TEST(local_table, a_traversal_ends_when_its_key_goes_and_comes_back) {
  numbers t{{.name = "t", .kind = table_kind::duplicate_bag}};
  t.insert("a", 1);
  t.insert("a", 2);
  auto at = t.scan("a");
  at.next();
  t.erase_key("a");
  t.insert("b", 3);
  t.insert("a", 4);
  EXPECT_THAT(rest_of(at), IsEmpty());
}

TEST(local_table, a_reused_place_is_not_met_by_an_older_traversal) {
  numbers t{{.name = "t", .kind = table_kind::duplicate_bag}};
  t.insert("a", 1);
  const auto two = t.insert("b", 2);
  auto at = t.scan();
  at.next();
  t.erase(two);
  t.insert("c", 3);
  EXPECT_THAT(rest_of(at), IsEmpty());
}

TEST(local_table, several_traversals_are_independent) {
  numbers t{{.name = "t", .kind = table_kind::duplicate_bag}};
  t.insert("a", 1);
  t.insert("a", 2);
  auto one = t.scan("a");
  one.next();
  {
    auto two = t.scan("a");
    EXPECT_THAT(rest_of(two), ElementsAre(1, 2));
  }
  auto three = t.scan();
  EXPECT_THAT(rest_of(three), UnorderedElementsAre(1, 2));
  EXPECT_THAT(rest_of(one), ElementsAre(2));
}

TEST(local_table, a_traversal_outlives_its_table) {
  auto t = std::make_unique<numbers>(local_table_options{.name = "t"});
  t->insert("a", 1);
  auto at = t->scan();
  t.reset();
  EXPECT_EQ(at.next(), nullptr);
}

TEST(local_table, is_full_at_its_limit) {
  numbers t{
    {.name = "small", .kind = table_kind::duplicate_bag, .objects_max = 2}};
  const auto one = t.insert("a", 1);
  t.insert("b", 2);
  try {
    t.insert("c", 3);
    FAIL() << "a third object went in";
  } catch (const std::length_error& e) {
    EXPECT_STREQ(e.what(), "table small is full: objects_max is 2");
  }
  EXPECT_FALSE(t.member("c"));
  t.erase(one);
  t.insert("c", 3);
  EXPECT_EQ(t.size(), 2u);
}

TEST(local_table, a_full_set_still_replaces) {
  numbers t{{.name = "t", .kind = table_kind::set, .objects_max = 1}};
  t.insert("a", 1);
  t.insert("a", 2);
  EXPECT_THAT(t.lookup("a"), ElementsAre(2));
}

TEST(local_table, tells_what_it_is) {
  numbers t{{.name = "rooms", .kind = table_kind::bag, .objects_max = 9}};
  t.insert("a", 1);
  t.insert("a", 2);
  const auto info = t.info();
  EXPECT_EQ(info.name, "rooms");
  EXPECT_STREQ(to_string(info.kind), "bag");
  EXPECT_EQ(info.size, 2u);
  EXPECT_EQ(info.keys, 1u);
  EXPECT_EQ(info.objects_max, 9u);
  EXPECT_GT(info.memory, 0u);
}

TEST(local_table, a_bag_of_rows_without_equality_is_refused) {
  struct opaque {
    int value = 0;
  };
  using opaques = local_table<opaque, int>;
  EXPECT_THROW((opaques{{.name = "t", .kind = table_kind::bag}}),
               std::invalid_argument);
}

TEST(local_table, gives_back_the_stored_key) {
  numbers t{{.name = "t", .kind = table_kind::duplicate_bag}};
  const auto one = t.insert("a", 1);
  t.insert("a", 2);
  EXPECT_EQ(t.find_key("a"), &t.key_of(one));
  EXPECT_EQ(t.find_key("b"), nullptr);
}

TEST(local_table, clear_leaves_nothing) {
  numbers t{{.name = "t", .kind = table_kind::ordered_set}};
  t.insert("a", 1);
  t.insert("b", 2);
  t.clear();
  EXPECT_EQ(t.size(), 0u);
  EXPECT_EQ(t.info().keys, 0u);
}

} // namespace
} // namespace bennu::runtime
