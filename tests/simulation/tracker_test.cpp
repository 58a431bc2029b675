// Trackers on several nodes under random trouble. The environment decides
// which: seeds.hpp.
#include "runtime/log.hpp"
#include "tests/simulation/seeds.hpp"
#include "tests/simulation/tracker_world.hpp"

#include <gtest/gtest.h>

namespace bennu::channels {
namespace {

const seeded<tracker_world> tracker_worlds{"trackers", 60};

struct trackers : ::testing::Test {
  trackers() { runtime::log_threshold(runtime::log_level::off); }
  ~trackers() override { runtime::log_threshold(runtime::log_level::info); }
};

TEST_F(trackers, agree_on_who_is_there_once_the_network_has_healed) {
  tracker_worlds.run_fixed(100);
}

TEST_F(trackers, agree_for_fresh_seeds_too) {
  tracker_worlds.run_fresh(50);
}

TEST_F(trackers, go_the_same_way_for_the_same_seed) {
  for (const std::uint64_t seed : {7u, 8u})
    tracker_worlds.run_twice(seed);
}

} // namespace
} // namespace bennu::channels
