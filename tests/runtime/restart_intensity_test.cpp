#include "runtime/restart_intensity.hpp"

#include <gtest/gtest.h>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

time_point at(duration t) {
  return time_point{1h + t};
}

TEST(restart_window, allows_its_limit_and_not_one_more) {
  restart_window window{{.max_restarts = 3, .within = 5s}};
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(window.allows(at(0s)));
  EXPECT_FALSE(window.allows(at(0s)));
}

TEST(restart_window, of_none_refuses_the_first) {
  restart_window window{{.max_restarts = 0, .within = 5s}};
  EXPECT_FALSE(window.allows(at(0s)));
}

TEST(restart_window, counts_whole_seconds_as_otp_does) {
  restart_window window{{.max_restarts = 1, .within = 5s}};
  EXPECT_TRUE(window.allows(at(0ms)));
  EXPECT_FALSE(window.allows(at(5'999ms))) << "second 5 less 5 is second 0";
}

TEST(restart_window, forgets_what_is_older_than_the_period) {
  restart_window window{{.max_restarts = 1, .within = 5s}};
  EXPECT_TRUE(window.allows(at(999ms)));
  EXPECT_TRUE(window.allows(at(6'000ms)));
}

TEST(restart_window, counts_milliseconds_when_the_period_is_no_whole_second) {
  restart_window window{{.max_restarts = 1, .within = 1'500ms}};
  EXPECT_TRUE(window.allows(at(0ms)));
  EXPECT_FALSE(window.allows(at(1'500ms)));
  restart_window other{{.max_restarts = 1, .within = 1'500ms}};
  EXPECT_TRUE(other.allows(at(0ms)));
  EXPECT_TRUE(other.allows(at(1'501ms)));
}

TEST(restart_window, cuts_times_before_the_epoch_downwards) {
  restart_window window{{.max_restarts = 1, .within = 1s}};
  EXPECT_TRUE(window.allows(time_point{-1ms})); // second -1
  EXPECT_FALSE(window.allows(time_point{999ms})) << "second 0 less 1 is -1";
}

TEST(restart_window, slides) {
  restart_window window{{.max_restarts = 2, .within = 1s}};
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(window.allows(at(i * 1s))) << i;
}

} // namespace
} // namespace bennu::runtime
