#pragma once

#include <cmath>
#include <cstdint>

namespace load {

/// SplitMix64: eight bytes of state, so that a thread or a test has its own,
/// and the same seed gives the same load. Value.
class prng {
public:
  explicit prng(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    auto x = state_ += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }

  /// In [0, 1).
  double uniform() noexcept {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
  }

  /// Waiting times of what happens at random, `mean` apart.
  double exponential(double mean) noexcept {
    return -mean * std::log1p(-uniform());
  }

private:
  std::uint64_t state_;
};

/// The same number for the same user, whoever asks.
inline std::uint64_t hash_of(std::uint64_t seed, std::uint64_t x) noexcept {
  return prng{seed ^ (x * 0xD6E8FEB86659FD93u)}.next();
}

} // namespace load
