#include "transport/file_plan.hpp"

#include "runtime/log.hpp"
#include "runtime/pid.hpp"
#include "transport/detail/file_limit.hpp"

#include <algorithm>
#include <thread>

namespace bennu::transport {

namespace {

/// Descriptors of a table that are no connections.
constexpr std::size_t files_beside = 200;

/// A smaller table is not worth a thread: there the endpoint's advice to raise
/// the limit is the way out.
constexpr std::size_t files_worth_a_shard = 1000;

} // namespace

file_plan detail::plan_files_for(std::size_t connections, std::size_t shards,
                                 std::size_t files_max) {
  const auto room = files_max > files_beside ? files_max - files_beside : 1;
  if (connections <= room || files_max < files_worth_a_shard)
    return {shards, false};
  if (shards == 0)
    shards = std::max(1u, std::thread::hardware_concurrency());
  const auto each = std::max<std::size_t>(1, room * 10 / 11);
  const auto needed = (connections + each - 1) / each;
  return {
    std::min<std::size_t>(std::max(shards, needed), runtime::pid::shards_max),
    true};
}

file_plan plan_files(std::size_t connections, std::size_t shards) {
  const auto limit = detail::raise_file_limit().files_soft;
  const auto plan = detail::plan_files_for(connections, shards, limit);
  if (plan.private_files)
    runtime::log(runtime::log_level::info,
                 "RLIMIT_NOFILE is {}: {} shards with a file table each, for "
                 "{} connections",
                 limit, plan.shards, connections);
  return plan;
}

} // namespace bennu::transport
