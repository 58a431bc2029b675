#include "runtime/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

class timer_wheel_test : public testing::Test {
protected:
  static message note(int x) { return make_message(x); }

  std::vector<int> advance_to(duration since_start) {
    std::vector<int> fired;
    wheel.advance(start + since_start, [&](timer_ref, timer_wheel::action x) {
      fired.push_back(*x.what.value_if<int>());
    });
    return fired;
  }

  time_point start{1h};
  timer_wheel wheel{start};
};

TEST_F(timer_wheel_test, a_timer_fires_at_its_tick_and_not_before) {
  wheel.set(start + 10ms, {{}, note(1)});
  EXPECT_TRUE(advance_to(9ms + 999us).empty());
  EXPECT_EQ(advance_to(10ms), std::vector{1});
  EXPECT_EQ(wheel.size(), 0u);
}

TEST_F(timer_wheel_test, a_deadline_within_a_tick_waits_for_its_end) {
  wheel.set(start + 10ms + 1ns, {{}, note(1)});
  EXPECT_TRUE(advance_to(10ms).empty());
  EXPECT_EQ(advance_to(11ms), std::vector{1});
}

TEST_F(timer_wheel_test, equal_deadlines_fire_in_the_order_set) {
  for (int i = 0; i < 10; ++i)
    wheel.set(start + 5ms, {{}, note(i)});
  EXPECT_EQ(advance_to(5ms), (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(timer_wheel_test, a_cancelled_timer_does_not_fire) {
  const auto ref = wheel.set(start + 5ms, {{}, note(1)});
  EXPECT_TRUE(wheel.cancel(ref));
  EXPECT_FALSE(wheel.cancel(ref));
  EXPECT_FALSE(wheel.cancel(0));
  EXPECT_TRUE(advance_to(1s).empty());
}

TEST_F(timer_wheel_test, a_reference_never_cancels_a_successor) {
  const auto first = wheel.set(start + 5ms, {{}, note(1)});
  wheel.cancel(first);
  wheel.set(start + 5ms, {{}, note(2)});
  EXPECT_FALSE(wheel.cancel(first));
  EXPECT_EQ(advance_to(5ms), std::vector{2});
}

TEST_F(timer_wheel_test, next_due_is_never_later_than_the_first_deadline) {
  EXPECT_EQ(wheel.next_due(), time_point::max());
  std::mt19937 random{7};
  for (int i = 0; i < 200; ++i) {
    const auto delay = std::chrono::milliseconds{1 + random() % 1'000'000};
    timer_wheel fresh{start};
    fresh.set(start + delay, {{}, note(1)});
    EXPECT_LE(fresh.next_due(), start + delay);
    EXPECT_GT(fresh.next_due(), start);
  }
}

TEST_F(timer_wheel_test, thousands_of_random_timers_fire_in_order_and_on_time) {
  std::mt19937 random{42};
  std::vector<int> deadlines;
  int now = 0;
  std::vector<int> fired_late;
  std::size_t fired = 0;
  const auto fire = [&](timer_ref, timer_wheel::action x) {
    ++fired;
    const auto deadline = *x.what.value_if<int>();
    if (deadline > now)
      fired_late.push_back(deadline);
  };
  for (int i = 0; i < 20'000; ++i) {
    const auto delay = static_cast<int>(1 + random() % (1u << (random() % 24)));
    wheel.set(start + std::chrono::milliseconds{now + delay},
              {{}, note(now + delay)});
    deadlines.push_back(now + delay);
    if (i % 10 == 0) {
      now += static_cast<int>(random() % 1000);
      wheel.advance(start + std::chrono::milliseconds{now}, fire);
      const auto due = static_cast<std::size_t>(std::count_if(
        deadlines.begin(), deadlines.end(), [&](int d) { return d <= now; }));
      ASSERT_EQ(fired, due) << "at " << now;
    }
  }
  EXPECT_TRUE(fired_late.empty());
}

} // namespace
} // namespace bennu::runtime
