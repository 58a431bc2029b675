// Presences as clients see them, under random trouble. The environment decides
// which: seeds.hpp.
#include "runtime/log.hpp"
#include "tests/simulation/presence_world.hpp"
#include "tests/simulation/seeds.hpp"

#include <gtest/gtest.h>

namespace bennu::channels {
namespace {

const seeded<presence_world> presence_worlds{"presences", 150};

struct presences : ::testing::Test {
  presences() { runtime::log_threshold(runtime::log_level::off); }
  ~presences() override { runtime::log_threshold(runtime::log_level::info); }
};

TEST_F(presences, are_the_same_for_all_once_they_are_told) {
  presence_worlds.run_fixed(100);
}

TEST_F(presences, are_so_for_fresh_seeds_too) {
  presence_worlds.run_fresh(50);
}

TEST_F(presences, go_the_same_way_for_the_same_seed) {
  for (const std::uint64_t seed : {7u, 8u})
    presence_worlds.run_twice(seed);
}

TEST_F(presences, have_something_to_tell) {
  presence_world world{1};
  world.run(150);
  EXPECT_GT(world.told(), 20u);
}

} // namespace
} // namespace bennu::channels
