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

/// Memory the kernel's own structures take, of the whole machine: sockets of
/// both ends of a connection are in it.
std::size_t kernel_slab_bytes();

std::chrono::nanoseconds monotonic_now();

} // namespace bennu::bench
