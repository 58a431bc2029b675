#include "examples/load/figures.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

namespace {

using namespace load;

TEST(load_histogram, small_values_are_exact_and_large_ones_within_3_percent) {
  for (const std::uint64_t x : {0u, 1u, 31u, 32u, 63u}) {
    EXPECT_EQ(histogram::highest_of(histogram::bucket_of(x)), x);
  }
  for (std::uint64_t x = 64; x < std::uint64_t{1} << 47; x = x * 3 + 1) {
    const auto highest = histogram::highest_of(histogram::bucket_of(x));
    EXPECT_GE(highest, x);
    EXPECT_LE(static_cast<double>(highest), static_cast<double>(x) * 1.032);
  }
}

TEST(load_histogram, the_longest_is_the_last_bucket) {
  const auto last = histogram::bucket_count - 1;
  EXPECT_EQ(histogram::bucket_of((std::uint64_t{1} << 48) - 1), last);
  EXPECT_EQ(histogram::bucket_of(std::uint64_t{1} << 48), last);
}

TEST(load_histogram, percentiles_of_two_are_those_of_all_their_values) {
  const auto a = std::make_unique<histogram>();
  const auto b = std::make_unique<histogram>();
  for (std::uint64_t i = 1; i <= 20; ++i)
    (i % 2 == 0 ? *a : *b).add(i);
  distribution all;
  all += *a;
  all += *b;
  EXPECT_EQ(all.count(), 20u);
  EXPECT_EQ(all.at(0.5), 10u);
  EXPECT_EQ(all.at(0.9), 18u);
  EXPECT_EQ(all.at(1), 20u);
  EXPECT_DOUBLE_EQ(all.mean(), 10.5);
}

TEST(load_histogram, nothing_has_no_percentile) {
  EXPECT_EQ(distribution{}.at(0.99), 0u);
}

TEST(load_figures, of_another_process_are_added) {
  const auto live = std::make_unique<live_figures>();
  live->add(counter::joined, 3);
  live->took(timing::join, 1'000'000);
  live->closed_with(1001);
  live->closed_with(close_without_frame);
  live->closed_with(4000);
  figures one;
  one += *live;
  auto both = figures::from_json(one.to_json());
  both += one;
  EXPECT_EQ(both[counter::joined], 6u);
  EXPECT_EQ(both[timing::join].count(), 2u);
  EXPECT_EQ(both.close_codes(),
            (bennu::channels::json{{"1001", 2}, {"none", 2}, {"other", 2}}));
}

TEST(load_figures, tell_what_came_since_an_earlier_look) {
  const auto live = std::make_unique<live_figures>();
  live->add(counter::joined);
  live->took(timing::join, 5);
  figures before;
  before += *live;
  live->add(counter::joined, 2);
  live->took(timing::join, 7);
  figures now;
  now += *live;
  EXPECT_EQ(now.since(before)[counter::joined], 2u);
  EXPECT_EQ(now.since(before)[timing::join].at(0.5), 7u);
}

TEST(load_figures, every_counter_has_a_name) {
  for (const auto* name : counter_names)
    EXPECT_NE(name, nullptr);
  for (const auto* name : timing_names)
    EXPECT_NE(name, nullptr);
}

} // namespace
