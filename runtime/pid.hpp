#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace bennu::runtime {

/// The name of one process of one node, printed `<node.slot.serial>`.
/// Mirrors Erlang's pid. It holds no memory of the process: a pid of a dead
/// process stays valid as a value, sends to it are dropped, and the serial
/// keeps it from ever meaning a successor in the same slot. Value.
struct pid {
  /// A slot is a shard's index in its upper and a place in that shard's
  /// process table in its lower bits.
  static constexpr std::uint32_t index_bits = 22;
  static constexpr std::uint32_t processes_per_shard_max = 1u << index_bits;
  static constexpr std::uint32_t shards_max = 1u << (32 - index_bits);

  std::uint32_t node = 0;
  std::uint32_t slot = 0;
  std::uint32_t serial = 0;

  /// False for the pid that names no process.
  explicit operator bool() const noexcept { return serial != 0; }

  std::size_t shard() const noexcept { return slot >> index_bits; }
  std::uint32_t index() const noexcept {
    return slot & (processes_per_shard_max - 1);
  }

  // clang-tidy takes the 0 that <=> is compared with for a null pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  friend auto operator<=>(const pid&, const pid&) = default;
};

std::string to_string(const pid& x);

} // namespace bennu::runtime

template <>
struct std::hash<bennu::runtime::pid> {
  std::size_t operator()(const bennu::runtime::pid& x) const noexcept {
    const auto mixed =
      ((std::uint64_t{x.serial} << 32) | x.slot) * 0x9E3779B97F4A7C15ull;
    return mixed ^ (mixed >> 29) ^ x.node;
  }
};
