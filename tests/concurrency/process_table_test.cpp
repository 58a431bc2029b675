#include "runtime/detail/inbox.hpp"
#include "runtime/detail/process_table.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

namespace bennu::runtime::detail {

/// The table holds processes by pointer and never looks into one: here they
/// are without CAF.
class process_core {
public:
  explicit process_core(const pid& x) : id(x) {}
  pid id;
  int met = 0;
};

namespace {

constexpr std::uint32_t node = 7;
constexpr std::size_t shard = 3;

/// A shard's table and its processes, played by the test's own thread, while
/// others take places in it for processes they spawn here.
class process_table_test : public testing::Test {
protected:
  using process = std::unique_ptr<process_core>;

  void begin(const pid& id) {
    ASSERT_EQ(id.node, node);
    ASSERT_EQ(id.shard(), shard);
    auto& place = living[id];
    ASSERT_FALSE(place) << to_string(id) << " was given twice";
    place = std::make_unique<process_core>(id);
    table.insert(id, place.get());
  }

  void end(pid id) {
    table.erase(id);
    living.erase(id);
    EXPECT_EQ(table.find(id), nullptr);
  }

  /// Begins what the others have spawned meanwhile.
  std::size_t let_in() {
    std::vector<pid> arrived;
    spawned.take(arrived);
    for (const auto& id : arrived)
      begin(id);
    return arrived.size();
  }

  /// Threads that spawn `each` processes here; an observer counts meanwhile.
  std::vector<std::jthread> start_spawners(int each) {
    std::vector<std::jthread> all;
    for (int i = 0; i < spawners; ++i)
      all.emplace_back([this, each] {
        for (int n = 0; n < each; ++n)
          spawned.push(table.reserve_remote());
      });
    all.emplace_back([this](const std::stop_token& stop) {
      while (!stop.stop_requested())
        EXPECT_LE(table.size(), 100'000u);
    });
    return all;
  }

  static constexpr int spawners = 3;
  process_table table{node, shard};
  inbox<pid> spawned;
  std::map<pid, process> living;
};

TEST_F(process_table_test, places_taken_by_all_at_once_are_distinct) {
  constexpr std::size_t each = 3000;
  auto threads = start_spawners(each);
  std::vector<pid> own;
  for (std::size_t come = 0; come < spawners * each;) {
    own.push_back(table.acquire());
    begin(own.back());
    // Ends are given back for others to take.
    const auto there = let_in();
    for (std::size_t i = 0; i < there / 2; ++i)
      end(living.rbegin()->first);
    come += there;
    if (own.size() > 100) {
      end(own.front());
      own.erase(own.begin());
    }
  }
  threads.clear();
  EXPECT_EQ(table.size(), living.size());
  std::size_t met = 0;
  table.for_each([&](process_core& x) {
    ++met;
    EXPECT_EQ(living.at(x.id).get(), &x);
    EXPECT_EQ(table.find(x.id), &x);
  });
  EXPECT_EQ(met, living.size());
}

TEST_F(process_table_test, a_walk_in_slices_meets_all_who_stay) {
  constexpr int stayers = 2000;
  constexpr std::size_t slice = 64;
  std::vector<pid> staying;
  for (int i = 0; i < stayers; ++i) {
    staying.push_back(i % 2 == 0 ? table.acquire() : table.reserve_remote());
    begin(staying.back());
  }
  auto threads = start_spawners(2000);
  std::vector<pid> passing;
  for (std::uint32_t at = 0; at < pid::processes_per_shard_max;) {
    at = table.visit(at, slice, [&](process_core& x) {
      EXPECT_EQ(living.at(x.id).get(), &x) << "no dead are met";
      ++x.met;
      return true;
    });
    // Between two slices some come and some go, here and from afar.
    let_in();
    for (int i = 0; i < 3; ++i) {
      passing.push_back(table.acquire());
      begin(passing.back());
    }
    while (passing.size() > 20) {
      end(passing.front());
      passing.erase(passing.begin());
    }
  }
  threads.clear();
  for (const auto& id : staying)
    EXPECT_EQ(living.at(id)->met, 1) << to_string(id);
}

TEST_F(process_table_test, a_visitor_says_when_it_has_enough) {
  for (int i = 0; i < 10; ++i)
    begin(table.acquire());
  int met = 0;
  const auto next = table.visit(0, pid::processes_per_shard_max,
                                [&](process_core&) { return ++met < 4; });
  EXPECT_EQ(met, 4);
  EXPECT_EQ(next, 4u);
}

TEST_F(process_table_test, a_pid_of_the_past_or_of_elsewhere_finds_nobody) {
  const auto first = table.acquire();
  begin(first);
  end(first);
  const auto second = table.acquire();
  begin(second);
  EXPECT_EQ(second.slot, first.slot);
  EXPECT_EQ(table.find(first), nullptr);
  EXPECT_EQ(table.find({node + 1, second.slot, second.serial}), nullptr);
  EXPECT_EQ(table.find({node, second.index(), second.serial}), nullptr);
  EXPECT_EQ(table.find({}), nullptr);
  EXPECT_EQ(table.first_timer(first), nullptr);
  EXPECT_EQ(*table.first_timer(second), process_table::none);
}

TEST_F(process_table_test, a_quarter_is_for_others_and_not_one_place_more) {
  pid last;
  for (auto i = pid::processes_per_shard_max / 4; i > 0; --i) {
    last = table.reserve_remote();
    ASSERT_TRUE(last);
  }
  EXPECT_FALSE(table.reserve_remote());
  begin(last);
  end(last);
  const auto again = table.reserve_remote();
  EXPECT_EQ(again.slot, last.slot);
  EXPECT_GT(again.serial, last.serial);
}

} // namespace
} // namespace bennu::runtime::detail
