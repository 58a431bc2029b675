#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bennu::transport::detail {

/// What the machine allows.
struct machine_limits {
  /// Open files in one file table: the soft limit and the one it can be raised
  /// to.
  std::size_t files_soft = 0;
  std::size_t files_hard = 0;

  /// Connections the kernel keeps for a listener that is busy.
  std::size_t somaxconn = 0;
};

machine_limits read_limits();

/// Raises the soft limit to the hard one, which needs no privilege. What it is
/// now.
machine_limits raise_file_limit();

/// What an endpoint wants.
struct wanted_limits {
  std::size_t connections = 0;
  std::size_t shards = 1;
  std::size_t backlog = 0;
};

/// A line for each limit that is too low: which one, what it allows, and the
/// command that raises it.
std::vector<std::string> complaints(const machine_limits& has,
                                    const wanted_limits& wants);

/// For who has just met the limit.
std::string how_to_raise_limit();

} // namespace bennu::transport::detail
