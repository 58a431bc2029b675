#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace bennu {

/// A number from the environment, which decides what seeds run:
///   BENNU_SEED=n       only the seed n
///   BENNU_SEEDS=n      n seeds instead of the usual number
///   BENNU_SEED_BASE=n  the first of the fresh seeds, different in each build
inline std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? std::stoull(value) : otherwise;
}

/// Runs worlds of one kind, made from a seed, and tells what did not hold.
template <class World>
class seeded {
public:
  /// `suite` is what --gtest_filter takes.
  seeded(const char* suite, int steps) : suite_(suite), steps_(steps) {}

  /// The seeds of every run, unless the environment says which.
  void run_fixed(std::uint64_t count) const {
    if (const auto one = setting("BENNU_SEED", 0); one != 0)
      run(one, 1);
    else if (setting("BENNU_SEED_BASE", 0) != 0)
      run(1, count);
    else
      run(1, setting("BENNU_SEEDS", count));
  }

  void run_fresh(std::uint64_t count) const {
    const auto base = setting("BENNU_SEED_BASE", 0);
    if (base == 0 || setting("BENNU_SEED", 0) != 0)
      GTEST_SKIP() << "BENNU_SEED_BASE is not set";
    std::cerr << "fresh seeds from " << base << '\n';
    run(base, setting("BENNU_SEEDS", count));
  }

  /// The same seed goes the same way.
  void run_twice(std::uint64_t seed) const {
    World once{seed};
    once.run(steps_);
    World again{seed};
    again.run(steps_);
    EXPECT_EQ(once.trace(), again.trace()) << seed;
  }

private:
  /// As far as the first that fails.
  void run(std::uint64_t first, std::uint64_t count) const {
    for (auto seed = first; seed < first + count; ++seed)
      if (!holds(seed))
        return;
  }

  bool holds(std::uint64_t seed) const {
    World world{seed};
    world.run(steps_);
    for (const auto& fault : world.faults())
      ADD_FAILURE() << "seed " << seed << ": " << fault
                    << "\n  again: BENNU_SEED=" << seed
                    << " simulation_test --gtest_filter='" << suite_ << ".*'";
    if (!world.faults().empty() && std::getenv("BENNU_TRACE"))
      for (const auto& line : world.trace())
        std::cerr << line << '\n';
    return world.faults().empty();
  }

  const char* suite_;
  int steps_;
};

} // namespace bennu
