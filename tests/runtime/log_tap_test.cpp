#include "runtime/log_tap.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::runtime {
namespace {

class log_tap_test : public testing::Test {
protected:
  log_tap_test() {
    log_to([](log_level, std::string_view) {});
  }
  ~log_tap_test() override { log_to({}); }
};

TEST_F(log_tap_test, lines_are_kept_from_its_beginning_to_its_end) {
  log(log_level::info, std::string_view{"before"});
  const log_tap tap;
  log(log_level::error, std::string_view{"one"});
  {
    const log_tap other;
    log(log_level::info, std::string_view{"two"});
    EXPECT_EQ(other.lines().size(), 1u);
  }
  log(log_level::debug, std::string_view{"below the threshold"});
  const auto all = tap.lines();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].text, "one");
  EXPECT_EQ(all[0].level, log_level::error);
  EXPECT_EQ(tap.lines(1).front().text, "two");
  EXPECT_TRUE(tap.lines(2).empty());
}

TEST_F(log_tap_test, as_many_lines_as_allowed_and_the_oldest_goes) {
  const log_tap tap;
  for (std::size_t i = 0; i < log_tap::lines_max; ++i)
    log(log_level::info, std::string_view{"x"});
  EXPECT_EQ(tap.lines().front().number, 1u);
  log(log_level::info, std::string_view{"x"});
  EXPECT_EQ(tap.lines().size(), log_tap::lines_max);
  EXPECT_EQ(tap.lines().front().number, 2u);
}

TEST_F(log_tap_test, a_line_as_long_as_allowed_and_a_longer_one_is_cut) {
  const log_tap tap;
  log(log_level::info, std::string_view{std::string(log_tap::line_max, 'x')});
  log(log_level::info,
      std::string_view{std::string(log_tap::line_max + 1, 'x')});
  for (const auto& x : tap.lines())
    EXPECT_EQ(x.text.size(), log_tap::line_max);
}

} // namespace
} // namespace bennu::runtime
