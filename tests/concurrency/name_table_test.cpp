#include "runtime/detail/name_table.hpp"
#include "runtime/detail/table_registry.hpp"
#include "runtime/detail/table_store.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

namespace bennu::runtime::detail {
namespace {

constexpr int threads = 4;

pid process_of(int number) {
  return {.node = 1, .slot = static_cast<std::uint32_t>(number), .serial = 1};
}

template <class F>
void at_once(F f) {
  std::latch start{threads};
  std::vector<std::jthread> all;
  all.reserve(threads);
  for (int i = 0; i < threads; ++i)
    all.emplace_back([&, i] {
      start.arrive_and_wait();
      f(i);
    });
}

TEST(name_table, a_name_wanted_by_many_has_one_holder) {
  name_table names;
  std::atomic<int> won{0};
  at_once([&](int me) {
    for (int i = 0; i < 1000; ++i)
      won +=
        names.insert("name " + std::to_string(i), process_of(me * 1000 + i))
          ? 1
          : 0;
  });
  EXPECT_EQ(won, 1000);
  EXPECT_EQ(names.all().size(), 1000u);
}

TEST(name_table, names_are_found_while_others_come_and_go) {
  name_table names;
  names.insert("stays", process_of(9999));
  at_once([&](int me) {
    for (int i = 0; i < 1000; ++i) {
      EXPECT_TRUE(names.insert(std::to_string(me), process_of(me)));
      EXPECT_EQ(names.find("stays"), process_of(9999));
      EXPECT_EQ(names.name_of(process_of(me)), std::to_string(me));
      EXPECT_TRUE(names.erase_name_of(process_of(me)));
    }
  });
  EXPECT_EQ(names.all(), std::vector<std::string>{"stays"});
}

using rows = table_store<int, int, std::hash<int>>;

table_ptr table_of(int owner, int number, const pid& heir = {}) {
  return std::make_shared<rows>(
    table_options{.name = std::to_string(number), .heir = heir},
    process_of(owner));
}

TEST(table_registry, tables_come_and_go_beside_each_other) {
  table_registry tables{10'000};
  at_once([&](int me) {
    for (int i = 0; i < 500; ++i) {
      const auto t = table_of(me, me * 1000 + i);
      tables.add(t);
      EXPECT_EQ(tables.find(t->name()), t);
      if (i % 2 == 0) {
        EXPECT_TRUE(tables.remove(t));
      }
      tables.all();
    }
    EXPECT_EQ(tables.ended(process_of(me)).closed.size(), 250u);
  });
  EXPECT_TRUE(tables.all().empty());
}

TEST(table_registry, a_table_is_inherited_or_closed_but_not_both) {
  for (int round = 0; round < 200; ++round) {
    table_registry tables{10};
    tables.add(table_of(0, 1, process_of(1)));
    std::atomic<std::size_t> closed{0};
    std::atomic<std::size_t> inherited{0};
    at_once([&](int me) {
      if (me > 1)
        return;
      const auto left = tables.ended(process_of(me));
      closed += left.closed.size();
      inherited += left.inherited.size();
    });
    EXPECT_EQ(closed, 1u);
    EXPECT_LE(inherited, 1u);
    EXPECT_TRUE(tables.all().empty());
  }
}

} // namespace
} // namespace bennu::runtime::detail
