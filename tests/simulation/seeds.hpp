#pragma once

#include <cstdint>
#include <cstdlib>
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

} // namespace bennu
