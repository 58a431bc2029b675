#include "channels/tracker/diff.hpp"

#include <cstddef>
#include <unordered_map>
#include <utility>

namespace bennu::channels {

namespace {

/// Sums up joins and leaves, in the order of their coming.
class diff_sum {
public:
  void add(const std::vector<tracked_ptr>& joins,
           const std::vector<tracked_ptr>& leaves) {
    for (const auto& x : leaves)
      count(x, -1);
    for (const auto& x : joins)
      count(x, 1);
  }

  tracker_diff sum() const {
    tracker_diff all;
    std::unordered_map<topic, std::size_t, topic_hash> places;
    for (const auto* x : order_) {
      const auto& [e, net] = counts_.at(x);
      if (net == 0)
        continue;
      const auto [at, is_new] = places.try_emplace(e->topic, all.size());
      if (is_new)
        all.push_back({.topic = e->topic});
      auto& to = all[at->second];
      (net > 0 ? to.joins : to.leaves).push_back(e);
    }
    return all;
  }

private:
  void count(const tracked_ptr& x, int by) {
    const auto [at, is_new] = counts_.try_emplace(x.get(), x, 0);
    if (is_new)
      order_.push_back(x.get());
    at->second.second += by;
  }

  std::unordered_map<const tracked*, std::pair<tracked_ptr, int>> counts_;
  std::vector<const tracked*> order_;
};

} // namespace

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
