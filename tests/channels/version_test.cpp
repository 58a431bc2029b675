#include "channels/version.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace bennu::channels {
namespace {

bool admits(const char* requirement, const char* text) {
  return version_requirement{requirement}.admits(parse_version(text).value());
}

TEST(version_requirement, a_tilde_with_three_numbers_fixes_the_first_two) {
  EXPECT_TRUE(admits("~> 2.0.0", "2.0.0"));
  EXPECT_TRUE(admits("~> 2.0.0", "2.0.7"));
  EXPECT_TRUE(admits("~> 2.0.0", "2.0.7-rc.1"));
  EXPECT_FALSE(admits("~> 2.0.1", "2.0.0"));
  EXPECT_FALSE(admits("~> 2.0.0", "2.1.0"));
  EXPECT_FALSE(admits("~> 2.0.0", "2.1.0-rc.1"));
  EXPECT_FALSE(admits("~> 2.0.0", "2.0.0-rc.1"));
}

TEST(version_requirement, a_tilde_with_two_numbers_fixes_the_first) {
  EXPECT_TRUE(admits("~> 2.1", "2.1.0"));
  EXPECT_TRUE(admits("~> 2.1", "2.9.3"));
  EXPECT_FALSE(admits("~> 2.1", "2.0.9"));
  EXPECT_FALSE(admits("~> 2.1", "3.0.0-rc.1"));
}

TEST(version_requirement, may_be_exact_or_open) {
  EXPECT_TRUE(admits("== 2.0.0", "2.0.0"));
  EXPECT_FALSE(admits("== 2.0.0", "2.0.1"));
  EXPECT_TRUE(admits(">= 2.0.0", "7.1.0"));
  EXPECT_FALSE(admits(">= 2.0.0", "2.0.0-rc.1"));
}

TEST(version_requirement, refuses_what_it_does_not_know) {
  for (const auto* x : {"", "2.0.0", "~>2.0.0", "~> 2", "~> x", "< 2.0.0"})
    EXPECT_THROW(version_requirement{x}, std::invalid_argument) << x;
}

} // namespace
} // namespace bennu::channels
