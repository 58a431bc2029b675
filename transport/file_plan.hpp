#pragma once

#include <cstddef>

namespace bennu::transport {

/// How a node is to be made so that its file limit allows the connections it
/// expects. Value.
///
///     const auto plan = transport::plan_files(100'000, 0);
///     runtime::node node{{.shards = plan.shards,
///                         .private_files = plan.private_files}};
struct file_plan {
  std::size_t shards = 0;
  bool private_files = false;
};

/// Raises the soft limit of open files to the hard one. When one file table
/// still does not hold `connections`, plans private ones, and as many shards
/// as it takes (at least `shards`; 0 is one a core), and logs that it does. A
/// shard is given a tenth to spare, since the kernel spreads connections
/// evenly but not exactly.
file_plan plan_files(std::size_t connections, std::size_t shards);

namespace detail {
file_plan plan_files_for(std::size_t connections, std::size_t shards,
                         std::size_t files_max);
} // namespace detail

} // namespace bennu::transport
