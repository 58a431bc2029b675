// Clients that poll, under random trouble. The environment decides which:
// seeds.hpp.
#include "runtime/log.hpp"
#include "tests/simulation/polling_world.hpp"
#include "tests/simulation/seeds.hpp"

#include <gtest/gtest.h>

namespace bennu::transport {
namespace {

const seeded<polling_world> polling_worlds{"polling", 150};

struct polling : ::testing::Test {
  polling() { runtime::log_threshold(runtime::log_level::off); }
  ~polling() override { runtime::log_threshold(runtime::log_level::info); }
};

TEST_F(polling, tells_all_once_and_in_order_and_ends_by_its_window) {
  polling_worlds.run_fixed(100);
}

TEST_F(polling, does_so_for_fresh_seeds_too) {
  polling_worlds.run_fresh(50);
}

TEST_F(polling, goes_the_same_way_for_the_same_seed) {
  for (const std::uint64_t seed : {7u, 8u})
    polling_worlds.run_twice(seed);
}

TEST_F(polling, has_something_to_tell) {
  polling_world world{1};
  world.run(150);
  EXPECT_GT(world.told(), 50u);
}

} // namespace
} // namespace bennu::transport
