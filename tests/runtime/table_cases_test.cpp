// Cases of ets_SUITE that look at a table over a long time, see otp_cases.md.
#include "runtime/table.hpp"
#include "tests/runtime/table_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

namespace bennu::runtime {
namespace {

class table_cases_test : public table_fixture {
protected:
  /// Does the same to both and expects the same of both.
  struct twins {
    ages hash;
    ages tree;
    std::mt19937 chance{7};

    std::string key() { return std::to_string(chance() % 50); }
    int number() { return static_cast<int>(chance() % 100); }
    void step();
    void compare();
  };

  struct visits {
    int count = 0;
  };
};

void table_cases_test::twins::step() {
  const auto k = key();
  const auto n = number();
  const auto under = [n](const std::string&, int row) { return row < n / 10; };
  switch (chance() % 8) {
  case 0:
  case 1:
    hash.insert(k, n);
    return tree.insert(k, n);
  case 2:
    EXPECT_EQ(hash.insert_new(k, n), tree.insert_new(k, n));
    return;
  case 3:
    EXPECT_EQ(hash.erase(k), tree.erase(k));
    return;
  case 4:
    EXPECT_EQ(hash.take(k), tree.take(k));
    return;
  case 5:
    EXPECT_EQ(hash.erase_object(k, n), tree.erase_object(k, n));
    return;
  case 6:
    EXPECT_EQ(hash.select_delete(all_keys{}, under),
              tree.select_delete(all_keys{}, under));
    return;
  default:
    EXPECT_EQ(hash.lookup(k), tree.lookup(k));
    EXPECT_EQ(hash.member(k), tree.member(k));
  }
}

void table_cases_test::twins::compare() {
  EXPECT_EQ(hash.size(), tree.size());
  auto unordered = hash.to_list();
  const auto by_key = [](const auto& a, const auto& b) {
    return a.key < b.key;
  };
  std::sort(unordered.begin(), unordered.end(), by_key);
  EXPECT_EQ(unordered, tree.to_list());
}

TEST_F(table_cases_test, set_and_ordered_set_agree_whatever_is_done) {
  twins both{make_public(table_kind::set),
             make_public(table_kind::ordered_set)};
  for (int i = 0; i < 2000; ++i) {
    both.step();
    if (i % 50 == 0)
      both.compare();
  }
  both.compare();
}

TEST_F(table_cases_test, counters_of_one_default_make_a_table_grow) {
  for (const auto kind : {table_kind::set, table_kind::ordered_set}) {
    table<visits, int> t;
    in_new([&](process& self) {
      t = table<visits, int>::create(
        self, {.kind = kind, .access = table_access::public_});
    });
    for (int round = 1; round <= 2; ++round)
      for (int i = 0; i < 5000; ++i)
        ASSERT_EQ(t.update_counter(i, &visits::count, {.increment = 1}, {}),
                  round);
    EXPECT_EQ(t.size(), 5000u);
  }
}

TEST_F(table_cases_test, a_fixed_bag_is_walked_while_objects_go_and_come) {
  for (const auto kind : {table_kind::bag, table_kind::duplicate_bag}) {
    const auto t = make_public(kind);
    for (int i = 0; i < 300; ++i)
      t.insert(std::to_string(i % 100), i);
    std::set<std::string> seen;
    const auto fixed = t.fix();
    for (auto key = t.first(); key; key = t.next(*key)) {
      EXPECT_TRUE(seen.insert(*key).second);
      const auto number = std::stoi(*key);
      t.erase_object(*key, number + 100);
      if (number % 2 == 0)
        t.erase(*key);
      else
        t.insert(*key, 1000);
    }
    EXPECT_EQ(seen.size(), 100u);
    EXPECT_EQ(t.size(), 50u * 3);
    EXPECT_THAT(t.lookup("1"), testing::ElementsAre(1, 201, 1000));
  }
}

TEST_F(table_cases_test, a_name_makes_and_loses_its_table_ever_again) {
  const auto who = spawn();
  in(who, [](process& self) {
    for (int i = 0; i < 10'000; ++i) {
      const auto t = ages::create(self, {.name = "brief"});
      t.insert("a", i);
      t.delete_table();
    }
  });
  EXPECT_THAT(sim.node().tables(), testing::IsEmpty());
  EXPECT_TRUE(sim.node().is_alive(who));
}

} // namespace
} // namespace bennu::runtime
