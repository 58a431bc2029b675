#pragma once

#include "channels/tracker/delta.hpp"
#include "channels/tracker/replica.hpp"

#include <cstddef>
#include <vector>

namespace bennu::channels {

/// The last changes, kept joined to deltas of growing size, so that somebody
/// who missed a little is not sent everything. Mirrors
/// Phoenix.Tracker.DeltaGeneration. Value; confined to whoever holds it.
class delta_generations {
public:
  /// One delta for each size; ascending.
  explicit delta_generations(std::vector<std::size_t> sizes_max);

  /// Adds changes to each. One that grows past its size, or lacks what was in
  /// between, begins anew.
  void push(const delta& x);

  /// The smallest that brings something new to who has seen `remote` and
  /// leaves out nothing before it; null when there is none.
  const delta* find(const clock_vector& remote) const;

  /// Leaves out what is of a replica.
  void forget(const replica& x);
  void clear();

  /// A delta of more changes is in none of them.
  std::size_t size_max() const noexcept {
    return sizes_max_.empty() ? 0 : sizes_max_.back();
  }

private:
  std::vector<std::size_t> sizes_max_;
  std::vector<delta> deltas_;
};

} // namespace bennu::channels
