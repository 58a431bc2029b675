#include "channels/tracker/generations.hpp"

#include <algorithm>
#include <utility>

namespace bennu::channels {

namespace {

/// Of the replicas that the other knows it must have seen all up to where the
/// delta begins, and not all up to where it ends.
bool helps(const delta& x, const clock_vector& remote) {
  bool brings = false;
  for (const auto& part : x.parts) {
    const auto found = remote.find(part.of);
    if (found == remote.end())
      continue;
    if (found->second < part.after)
      return false;
    brings = brings || found->second < part.upto;
  }
  return brings;
}

} // namespace

delta_generations::delta_generations(std::vector<std::size_t> sizes_max)
  : sizes_max_(std::move(sizes_max)), deltas_(sizes_max_.size()) {}

void delta_generations::push(const delta& x) {
  for (std::size_t i = 0; i < deltas_.size(); ++i) {
    if (!extend(deltas_[i], x))
      deltas_[i] = x;
    if (deltas_[i].size() <= sizes_max_[i])
      continue;
    deltas_[i] = x.size() <= sizes_max_[i] ? x : delta{};
  }
}

const delta* delta_generations::find(const clock_vector& remote) const {
  const auto found = std::find_if(deltas_.begin(), deltas_.end(),
                                  [&](auto& x) { return helps(x, remote); });
  return found == deltas_.end() ? nullptr : &*found;
}

void delta_generations::forget(const replica& x) {
  for (auto& d : deltas_)
    std::erase_if(d.parts, [&](const auto& part) { return part.of == x; });
}

void delta_generations::clear() {
  for (auto& d : deltas_)
    d = {};
}

} // namespace bennu::channels
