// Random trees under random trouble. The environment decides which: seeds.hpp.
#include "tests/simulation/seeds.hpp"
#include "tests/simulation/tree_world.hpp"

#include <gtest/gtest.h>

namespace bennu::runtime {
namespace {

const seeded<tree_world> tree_worlds{"trees", 60};

TEST(trees, hold_what_they_promise) {
  tree_worlds.run_fixed(300);
}

TEST(trees, hold_it_for_fresh_seeds_too) {
  tree_worlds.run_fresh(100);
}

TEST(trees, grow_and_fall_the_same_way_for_the_same_seed) {
  for (const std::uint64_t seed : {7u, 8u, 9u})
    tree_worlds.run_twice(seed);
}

} // namespace
} // namespace bennu::runtime
