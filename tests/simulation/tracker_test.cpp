// Trackers on several nodes under random trouble. The environment decides
// which: seeds.hpp.
#include "runtime/log.hpp"
#include "tests/simulation/seeds.hpp"
#include "tests/simulation/tracker_world.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>

namespace bennu::channels {
namespace {

constexpr std::uint64_t fixed_seeds = 100;
constexpr std::uint64_t fresh_seeds = 50;
constexpr int steps = 60;

/// Runs one seed; false, with all that did not hold, when it failed.
bool holds(std::uint64_t seed) {
  tracker_world world{seed};
  world.run(steps);
  for (const auto& fault : world.faults())
    ADD_FAILURE() << "seed " << seed << ": " << fault
                  << "\n  again: BENNU_SEED=" << seed
                  << " simulation_test --gtest_filter='trackers.*'";
  if (!world.faults().empty() && std::getenv("BENNU_TRACE"))
    for (const auto& line : world.trace())
      std::cerr << line << '\n';
  return world.faults().empty();
}

struct trackers : ::testing::Test {
  trackers() { runtime::log_threshold(runtime::log_level::off); }
  ~trackers() override { runtime::log_threshold(runtime::log_level::info); }

  static bool hold(std::uint64_t first, std::uint64_t count) {
    for (auto seed = first; seed < first + count; ++seed)
      if (!holds(seed))
        return false;
    return true;
  }
};

TEST_F(trackers, agree_on_who_is_there_once_the_network_has_healed) {
  if (const auto one = setting("BENNU_SEED", 0); one != 0)
    hold(one, 1);
  else if (setting("BENNU_SEED_BASE", 0) != 0)
    hold(1, fixed_seeds);
  else
    hold(1, setting("BENNU_SEEDS", fixed_seeds));
}

TEST_F(trackers, agree_for_fresh_seeds_too) {
  const auto base = setting("BENNU_SEED_BASE", 0);
  if (base == 0 || setting("BENNU_SEED", 0) != 0)
    GTEST_SKIP() << "BENNU_SEED_BASE is not set";
  std::cerr << "fresh seeds from " << base << '\n';
  hold(base, setting("BENNU_SEEDS", fresh_seeds));
}

TEST_F(trackers, go_the_same_way_for_the_same_seed) {
  for (const std::uint64_t seed : {7, 8}) {
    tracker_world once{seed};
    once.run(steps);
    tracker_world again{seed};
    again.run(steps);
    EXPECT_EQ(once.trace(), again.trace()) << seed;
  }
}

} // namespace
} // namespace bennu::channels
