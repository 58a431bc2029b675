#pragma once

#include "runtime/child_spec.hpp"
#include "runtime/fwd.hpp"
#include "runtime/restart_intensity.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace bennu::runtime {

/// How a partition supervisor is made.
struct partition_options {
  std::string name{};

  /// 0: one a shard.
  std::size_t partitions = 0;
  restart_intensity intensity{};
};

/// Partitions at once of one partition supervisor.
inline constexpr std::size_t partitions_max = 65'536;

/// The child that is partition number `i`.
using partition_function = std::function<child_spec(std::size_t i)>;

/// The same child several times under one supervisor, one for one, each on a
/// shard of its own as far as there are shards, so that what one process cannot
/// take is spread by key. Mirrors PartitionSupervisor; differs: partition `i`
/// is registered as `name/i`, and is found by partition(), not by a via tuple.
/// Each child's id is `name/i`, whatever the spec says. Value, to be put in a
/// tree; more than partitions_max, or no name, throws std::invalid_argument.
///
///     partition_supervisor({.name = "counters"}, worker("counter", counter));
///     self.send(partition(self.node(), "counters", user_id), add{1});
child_spec partition_supervisor(partition_options options, child_spec child);

/// With a spec made for each partition: Elixir's with_arguments.
child_spec partition_supervisor(partition_options options,
                                partition_function child);

/// How many partitions a running partition supervisor has; 0 when none of this
/// name runs. Thread-safe.
std::size_t partition_count(node& where, std::string_view name);

/// The process that a key belongs to: a number by its remainder, a text by its
/// hash. No process while it is being restarted, or when no partition
/// supervisor of this name runs. Thread-safe.
pid partition_at(node& where, std::string_view name, std::uint64_t key);
pid partition(node& where, std::string_view name, std::string_view key);

template <std::integral T>
pid partition(node& where, std::string_view name, T key) {
  return partition_at(where, name, static_cast<std::uint64_t>(key));
}

} // namespace bennu::runtime
