#include "channels/tracker/diff.hpp"

#include <cstddef>
#include <unordered_map>
#include <utility>

namespace bennu::channels {

namespace {

/// Sums up joins and leaves, in the order of their coming: of each presence
/// counts the last. What is before it may not cancel it out, since readers do
/// not wait for diffs.
class diff_sum {
public:
  void add(const std::vector<tracked_ptr>& joins,
           const std::vector<tracked_ptr>& leaves) {
    for (const auto& x : joins)
      note(x, true);
    for (const auto& x : leaves)
      note(x, false);
  }

  tracker_diff sum() const {
    tracker_diff all;
    std::unordered_map<topic, std::size_t, topic_hash> places;
    for (const auto* x : order_) {
      const auto& [e, is_there] = last_.at(x);
      const auto [at, is_new] = places.try_emplace(e->topic, all.size());
      if (is_new)
        all.push_back({.topic = e->topic});
      auto& to = all[at->second];
      (is_there ? to.joins : to.leaves).push_back(e);
    }
    return all;
  }

private:
  void note(const tracked_ptr& x, bool is_there) {
    const auto [at, is_new] = last_.try_emplace(x.get(), x, is_there);
    if (is_new)
      order_.push_back(x.get());
    at->second.second = is_there;
  }

  std::unordered_map<const tracked*, std::pair<tracked_ptr, bool>> last_;
  std::vector<const tracked*> order_;
};

} // namespace

std::size_t size_of(const tracker_diff& x) noexcept {
  std::size_t n = 0;
  for (const auto& t : x)
    n += t.joins.size() + t.leaves.size();
  return n;
}

tracker_diff diff_of(const std::vector<presence_changes>& xs) {
  diff_sum all;
  for (const auto& x : xs)
    all.add(x.joins, x.leaves);
  return all.sum();
}

tracker_diff joined(const std::deque<tracker_diff>& xs) {
  diff_sum all;
  for (const auto& x : xs)
    for (const auto& t : x)
      all.add(t.joins, t.leaves);
  return all.sum();
}

} // namespace bennu::channels
