#include "runtime/detail/table_store.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace bennu::runtime::detail {
namespace {

using counts = table_store<int, int, key_hash<int>>;
using object = counts::object;

constexpr std::size_t threads = 4;
constexpr pid owner{.node = 1, .slot = 2, .serial = 3};

/// Runs `f(number)` on some threads that begin at once.
template <class F>
void at_once(std::size_t count, F f) {
  std::latch start{static_cast<std::ptrdiff_t>(count)};
  std::vector<std::jthread> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    all.emplace_back([&, i] {
      start.arrive_and_wait();
      f(static_cast<int>(i));
    });
}

/// Each way a table can be locked, for each kind.
class table_store_test
  : public testing::TestWithParam<std::tuple<table_kind, bool, bool>> {
protected:
  std::unique_ptr<counts> make(std::size_t objects_max = 1'000'000) {
    const auto [kind, readers, writers] = GetParam();
    return std::make_unique<counts>(table_options{.name = "t",
                                                  .kind = kind,
                                                  .read_concurrency = readers,
                                                  .write_concurrency = writers,
                                                  .objects_max = objects_max},
                                    owner);
  }
  bool is_set() const {
    const auto kind = std::get<table_kind>(GetParam());
    return kind == table_kind::set || kind == table_kind::ordered_set;
  }
};

TEST_P(table_store_test, objects_inserted_at_once_are_all_there) {
  const auto t = make();
  constexpr int each = 2000;
  at_once(threads, [&](int me) {
    for (int i = 0; i < each; ++i)
      t->insert(me * each + i, i);
  });
  EXPECT_EQ(t->size(), threads * each);
  for (int key = 0; key < static_cast<int>(threads) * each; ++key)
    ASSERT_EQ(t->count(key), 1u);
}

TEST_P(table_store_test, of_many_insert_new_of_a_key_one_succeeds) {
  const auto t = make();
  std::atomic<int> won{0};
  at_once(threads, [&](int me) {
    for (int key = 0; key < 2000; ++key)
      won += t->insert_new(key, me) ? 1 : 0;
  });
  EXPECT_EQ(won, 2000);
  EXPECT_EQ(t->size(), 2000u);
}

TEST_P(table_store_test, no_count_is_lost) {
  if (!is_set())
    return;
  const auto t = make();
  const int nothing = 0;
  at_once(threads, [&](int) {
    for (int i = 0; i < 4000; ++i)
      t->modify(i % 4, &nothing, [](int& row) { ++row; });
  });
  for (int key = 0; key < 4; ++key)
    EXPECT_EQ(t->lookup(key), std::vector{static_cast<int>(threads) * 1000});
}

TEST_P(table_store_test, taken_by_one_is_taken_by_nobody_else) {
  const auto t = make();
  for (int key = 0; key < 4000; ++key)
    t->insert(key, 1);
  std::atomic<std::size_t> taken{0};
  at_once(threads, [&](int) {
    for (int key = 0; key < 4000; ++key)
      taken += t->take(key).size();
  });
  EXPECT_EQ(taken, 4000u);
  EXPECT_EQ(t->size(), 0u);
}

TEST_P(table_store_test, a_list_is_seen_whole_or_not_at_all) {
  const auto t = make();
  constexpr int rounds = 500;
  std::atomic<bool> done{false};
  at_once(2, [&](int me) {
    if (me == 0) {
      for (int round = 1; round <= rounds; ++round) {
        t->clear();
        t->insert({{1, round}, {1'000'003, round}, {77, round}});
      }
      done = true;
      return;
    }
    while (!done) {
      // Later keys are read later: what the first shows they show, or newer.
      const auto first = t->lookup(1);
      const auto second = t->lookup(1'000'003);
      if (!first.empty() && !second.empty()) {
        EXPECT_LE(first[0], second[0]);
      }
    }
  });
  EXPECT_EQ(t->size(), 3u);
}

TEST_P(table_store_test, lists_in_opposite_orders_do_not_lock_each_other_out) {
  const auto t = make();
  std::vector<object> up;
  for (int key = 0; key < 40; ++key)
    up.push_back({key, key});
  const std::vector<object> down(up.rbegin(), up.rend());
  at_once(threads, [&](int me) {
    for (int i = 0; i < 100; ++i)
      t->insert(me % 2 == 0 ? up : down);
  });
  EXPECT_EQ(t->count(0), t->count(39));
}

TEST_P(table_store_test, a_scan_meets_once_what_is_there_throughout) {
  const auto t = make();
  for (int key = 0; key < 3000; ++key)
    t->insert(key, 1);
  std::atomic<bool> done{false};
  at_once(2, [&](int me) {
    if (me == 0) {
      // Even keys come and go, odd ones stay; new ones come.
      for (int key = 0; key < 3000; key += 2) {
        t->erase(key);
        t->insert(10'000 + key, 0);
      }
      done = true;
      return;
    }
    do {
      counts::position at;
      std::vector<int> met(3000, 0);
      t->scan(at, all_keys{}, [&](int key, int row) {
        if (row == 1)
          ++met[static_cast<std::size_t>(key)];
        return true;
      });
      for (std::size_t key = 1; key < met.size(); key += 2)
        ASSERT_EQ(met[key], 1);
      for (std::size_t key = 0; key < met.size(); key += 2)
        ASSERT_LE(met[key], 1);
    } while (!done);
  });
  EXPECT_EQ(t->size(), 3000u);
}

TEST_P(table_store_test, scans_that_erase_share_the_work) {
  const auto t = make();
  for (int key = 0; key < 8000; ++key)
    t->insert(key, key);
  std::atomic<int> erased{0};
  at_once(threads, [&](int) {
    t->scan_to_write(all_keys{}, [&](int, int) {
      ++erased;
      return counts::verdict::erase;
    });
  });
  EXPECT_EQ(erased, 8000);
  EXPECT_EQ(t->size(), 0u);
}

TEST_P(table_store_test, the_limit_holds_whoever_inserts) {
  const auto t = make(1000);
  std::atomic<std::size_t> went_in{0};
  at_once(threads, [&](int me) {
    for (int i = 0; i < 1000; ++i)
      try {
        t->insert(me * 1000 + i, i);
        ++went_in;
      } catch (const std::length_error&) {
        EXPECT_LE(t->size(), 1000u);
      }
  });
  EXPECT_EQ(went_in, 1000u);
  EXPECT_EQ(t->size(), 1000u);
}

TEST_P(table_store_test, keys_can_be_walked_while_others_write) {
  const auto t = make();
  for (int key = 0; key < 500; ++key)
    t->insert(key, 1);
  at_once(3, [&](int me) {
    if (me > 0) {
      for (int key = me; key < 500; key += 7) {
        t->erase(key);
        t->insert(key, 2);
      }
      return;
    }
    t->hold_keys();
    std::size_t met = 0;
    int at = 0;
    auto how = counts::direction::first;
    while (t->at_step(how, &at, [&](int key, const auto&) { at = key; })) {
      how = counts::direction::next;
      ++met;
    }
    t->release_keys();
    EXPECT_LE(met, 500u);
  });
  EXPECT_EQ(t->size(), 500u);
}

TEST_P(table_store_test, its_end_stops_whoever_is_at_it) {
  const auto t = make();
  at_once(threads + 1, [&](int me) {
    if (me == 0) {
      t->close("the test is over");
      while (t->dismantle(100)) {
      }
      return;
    }
    try {
      for (int i = 0; i < 1'000'000; ++i) {
        t->insert(me * 1000 + i % 1000, i);
        t->lookup(i % 1000);
      }
    } catch (const table_error& e) {
      EXPECT_STREQ(e.what(), "table t is gone: the test is over");
    }
  });
  EXPECT_THROW(t->size(), table_error);
}

TEST_P(table_store_test, owner_name_and_heir_are_read_while_they_change) {
  const auto t = make();
  const pid next{.node = 1, .slot = 20, .serial = 30};
  at_once(3, [&](int me) {
    for (int i = 0; i < 2000; ++i)
      if (me == 0) {
        t->set_owner(i % 2 == 0 ? next : owner);
        t->set_name(i % 2 == 0 ? "next" : "owner");
        t->set_heir({next, {}});
      } else {
        const auto info = t->info();
        EXPECT_TRUE(info.owner == owner || info.owner == next);
      }
  });
}

std::string
name_of(const testing::TestParamInfo<table_store_test::ParamType>& x) {
  return std::string(to_string(std::get<0>(x.param)))
         + (std::get<1>(x.param) ? "_for_readers" : "")
         + (std::get<2>(x.param) ? "_for_writers" : "");
}

INSTANTIATE_TEST_SUITE_P(
  all, table_store_test,
  testing::Combine(testing::Values(table_kind::set, table_kind::ordered_set,
                                   table_kind::bag, table_kind::duplicate_bag),
                   testing::Bool(), testing::Bool()),
  name_of);

} // namespace
} // namespace bennu::runtime::detail
