#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace load {

/// What a process has used, from the kernel's own accounting. Value.
struct process_use {
  std::chrono::nanoseconds cpu{0};        ///< of user and system
  std::chrono::nanoseconds cpu_user{0};   ///< in ticks of 10 ms
  std::chrono::nanoseconds cpu_system{0}; ///< in ticks of 10 ms

  /// Proportional set size: memory in user space.
  std::size_t user_bytes = 0;
};

/// Nothing when the process is gone or not ours to look at.
std::optional<process_use> use_of(pid_t process);

/// CPU alone, which costs next to nothing; 0 when it is gone.
std::chrono::nanoseconds cpu_of(pid_t process);

/// The machine's memory, from /proc/meminfo. `slab_bytes` is the kernel's own,
/// sockets of both ends of a connection among it.
struct machine_memory {
  std::size_t free_bytes = 0;
  std::size_t slab_bytes = 0;
};
machine_memory memory_of_machine();

/// CPU that the whole machine has used since it started, idle time apart.
std::chrono::nanoseconds cpu_of_machine();

/// The process that listens on this TCP port, as far as we may see it; 0:
/// nobody found.
pid_t listener_of(std::uint16_t port);

} // namespace load
