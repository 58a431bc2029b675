#include "observer/detail/history.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bennu::observer::detail {
namespace {

using namespace std::chrono_literals;
using runtime::figure;
using runtime::figure_value;
using runtime::time_point;

figure_value count(std::int64_t x) {
  return {.name = "joins", .what = figure::kind::count, .value = x};
}

figure_value level(std::int64_t x) {
  return {.name = "open", .what = figure::kind::level, .value = x};
}

TEST(history, a_count_is_shown_by_its_growth_and_a_level_as_it_is) {
  history past{10};
  past.note({count(100), level(5)}, time_point{1s});
  past.note({count(150), level(7)}, time_point{2s});
  past.note({count(250), level(6)}, time_point{4s});
  const auto lines = past.lines(10);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].name, "joins");
  EXPECT_EQ(lines[0].now, 250);
  EXPECT_EQ(lines[0].values, (std::vector<std::int64_t>{0, 50, 50}));
  EXPECT_EQ(lines[1].values, (std::vector<std::int64_t>{5, 7, 6}));
}

TEST(history, what_counts_anew_has_not_shrunk) {
  history past{10};
  past.note({count(100)}, time_point{1s});
  past.note({count(3)}, time_point{2s});
  EXPECT_EQ(past.lines(10)[0].values, (std::vector<std::int64_t>{0, 0}));
}

TEST(history, a_figure_that_comes_later_has_no_past) {
  history past{10};
  past.note({level(1)}, time_point{1s});
  past.note({level(2), count(1000)}, time_point{2s});
  past.note({level(3), count(1001)}, time_point{3s});
  EXPECT_EQ(past.lines(10)[0].values, (std::vector<std::int64_t>{0, 0, 1}));
}

TEST(history, as_many_points_as_allowed_and_not_one_more) {
  history past{3};
  for (int i = 1; i <= 4; ++i)
    past.note({level(i), count(10 * i)}, time_point{i * 1s});
  EXPECT_EQ(past.lines(10)[1].values, (std::vector<std::int64_t>{2, 3, 4}));
  // The oldest point shown still has a rate.
  EXPECT_EQ(past.lines(10)[0].values, (std::vector<std::int64_t>{10, 10, 10}));
  EXPECT_EQ(past.lines(2)[1].values, (std::vector<std::int64_t>{3, 4}));
  EXPECT_TRUE(past.lines(0)[0].values.empty());
}

} // namespace
} // namespace bennu::observer::detail
