#pragma once

#include "runtime/clock.hpp"
#include "runtime/pid.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace bennu::runtime::detail {

class process_core;

/// What every process of a shard had counted at one time. 12 bytes a place of
/// the process table that was ever used. Confined to its shard.
class activity_snapshot {
public:
  struct counts {
    std::uint32_t serial = 0;
    std::uint32_t reductions = 0;
    std::uint32_t mailbox = 0;
  };

  explicit activity_snapshot(time_point taken) : taken_(taken) {}

  time_point taken() const noexcept { return taken_; }
  void note(const process_core& x);

  /// What a process has counted since; of one that is new, all it has.
  struct growth {
    std::int64_t reductions = 0;
    std::int64_t mailbox = 0;
  };
  growth since(const process_core& x) const;

private:
  static constexpr std::uint32_t chunk_bits = 12;
  static constexpr std::uint32_t chunk_size = 1u << chunk_bits;
  using chunk = std::array<counts, chunk_size>;

  time_point taken_;
  std::vector<std::unique_ptr<chunk>> chunks_{pid::processes_per_shard_max
                                              >> chunk_bits};
};
using activity_snapshot_ptr = std::shared_ptr<const activity_snapshot>;

/// The last two snapshots of a shard, for as long as somebody looks. Confined
/// to its shard.
class activity_book {
public:
  /// Rates are over at least so long: of less, one message would make a
  /// process look busy.
  static constexpr std::chrono::milliseconds window_min{250};

  /// Nobody has looked for so long: the memory goes back. Longer than the
  /// longest interval of a viewer.
  static constexpr std::chrono::seconds kept_for{90};

  /// What to compare with: the newest that is old enough, or null.
  activity_snapshot_ptr base(time_point now) const;

  /// Whether it is time for another one.
  bool is_due(time_point now) const;
  void keep(activity_snapshot_ptr x);

  /// False, and empty, once the last one is older than kept_for.
  bool drop_old(time_point now);

private:
  activity_snapshot_ptr older_;
  activity_snapshot_ptr newer_;
};

/// In a second; what is not nothing is at least one.
std::int64_t per_second(std::int64_t growth, duration elapsed);

} // namespace bennu::runtime::detail
