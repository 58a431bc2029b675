#include "runtime/backoff.hpp"

#include <gtest/gtest.h>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1h};

TEST(backoff_counter, multiplies_up_to_its_max) {
  backoff_counter x;
  const backoff how{.min = 100ms, .max = 350ms, .factor = 2.0};
  EXPECT_EQ(x.next(how, "a", start), 100ms);
  EXPECT_EQ(x.next(how, "a", start), 200ms);
  EXPECT_EQ(x.next(how, "a", start), 350ms);
  EXPECT_EQ(x.next(how, "a", start), 350ms);
}

TEST(backoff_counter, stays_at_its_max_however_often) {
  backoff_counter x;
  const backoff how{.min = 1ms, .max = 1h, .factor = 10.0};
  for (int i = 0; i < 2000; ++i)
    EXPECT_LE(x.next(how, "a", start), 1h);
  EXPECT_EQ(x.next(how, "a", start), 1h);
}

TEST(backoff_counter, starts_anew_after_a_quiet_time_and_not_before) {
  const backoff how{.min = 100ms, .quiet = 10s};
  backoff_counter x;
  x.next(how, "a", start);
  x.started(start);
  EXPECT_EQ(x.next(how, "a", start + 9'999ms), 200ms);
  x.started(start);
  EXPECT_EQ(x.next(how, "a", start + 10s), 100ms);
}

TEST(backoff_counter, a_failed_start_is_no_quiet_time) {
  const backoff how{.min = 100ms, .quiet = 10s};
  backoff_counter x;
  x.started(start);
  EXPECT_EQ(x.next(how, "a", start + 1s), 100ms);
  EXPECT_EQ(x.next(how, "a", start + 1h), 200ms);
}

TEST(backoff_counter, jitter_takes_off_the_same_each_time) {
  const backoff how{.min = 1s, .max = 1s, .jitter = 0.5};
  backoff_counter a, again, b;
  const auto first = a.next(how, "a", start);
  EXPECT_EQ(first, again.next(how, "a", start));
  EXPECT_GE(first, 500ms);
  EXPECT_LE(first, 1s);
  EXPECT_NE(first, b.next(how, "b", start)) << "others wait otherwise";
}

TEST(backoff, is_checked) {
  EXPECT_FALSE(check(backoff{}));
  EXPECT_FALSE(check(backoff{.min = 0ms, .max = 0ms, .factor = 1.0}));
  EXPECT_TRUE(check(backoff{.min = 2s, .max = 1s}));
  EXPECT_TRUE(check(backoff{.min = -1ms}));
  EXPECT_TRUE(check(backoff{.factor = 0.99}));
  EXPECT_TRUE(check(backoff{.jitter = 1.01}));
  EXPECT_TRUE(check(backoff{.quiet = -1ms}));
}

} // namespace
} // namespace bennu::runtime
