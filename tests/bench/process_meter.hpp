#pragma once

#include <chrono>
#include <cstddef>

#include <sys/types.h>

namespace bennu::bench {

/// What a process has used, from the kernel's own accounting. Value.
struct usage {
  std::chrono::nanoseconds cpu{0};

  /// Proportional set size: memory in user space.
  std::size_t user_bytes = 0;
};

/// Throws std::runtime_error when the process is gone.
usage usage_of(pid_t process);

std::chrono::nanoseconds monotonic_now();

} // namespace bennu::bench
