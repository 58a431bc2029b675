#include "channels/tracker/index.hpp"

#include <algorithm>
#include <mutex>

namespace bennu::channels {

std::shared_ptr<tracker_index::room>
tracker_index::find_room(std::string_view topic) const {
  const std::shared_lock guard{mutex_};
  const auto found = rooms_.find(topic);
  return found == rooms_.end() ? nullptr : found->second;
}

void tracker_index::add(const tracked_ptr& x) {
  auto at = find_room(x->topic.view());
  if (!at) {
    at = std::make_shared<room>();
    const std::unique_lock guard{mutex_};
    rooms_.emplace(x->topic, at);
  }
  const std::unique_lock guard{at->mutex};
  at->keys[x->key].push_back(x);
  ++at->presences;
}

void tracker_index::remove(const tracked_ptr& x) {
  const auto at = find_room(x->topic.view());
  if (!at)
    return;
  {
    const std::unique_lock guard{at->mutex};
    const auto found = at->keys.find(x->key);
    if (found == at->keys.end())
      return;
    at->presences -= std::erase(found->second, x);
    if (found->second.empty())
      at->keys.erase(found);
    if (!at->keys.empty())
      return;
  }
  const std::unique_lock guard{mutex_};
  rooms_.erase(x->topic);
}

void tracker_index::for_each(
  std::string_view topic,
  const std::function<void(const tracked_ptr&)>& f) const {
  const auto at = find_room(topic);
  if (!at)
    return;
  channels::topic last;
  for (bool first = true, more = true; more; first = false) {
    const std::shared_lock guard{at->mutex};
    auto x = first ? at->keys.begin() : at->keys.upper_bound(last);
    for (std::size_t i = 0; i < page_max && x != at->keys.end(); ++i, ++x) {
      std::for_each(x->second.begin(), x->second.end(), std::cref(f));
      last = x->first;
    }
    more = x != at->keys.end();
  }
}

std::vector<tracked_ptr> tracker_index::list(std::string_view topic) const {
  std::vector<tracked_ptr> all;
  all.reserve(count(topic).presences);
  for_each(topic, [&](const tracked_ptr& x) { all.push_back(x); });
  return all;
}

std::vector<tracked_ptr> tracker_index::find(std::string_view topic,
                                             std::string_view key) const {
  const auto at = find_room(topic);
  if (!at)
    return {};
  const std::shared_lock guard{at->mutex};
  const auto found = at->keys.find(key);
  return found == at->keys.end() ? std::vector<tracked_ptr>{} : found->second;
}

/// The topics of the next buckets that have any.
void tracker_index::find_rooms(place& at) const {
  const std::shared_lock guard{mutex_};
  const auto buckets = rooms_.bucket_count();
  for (std::size_t i = 0; i < page_max && at.rooms_.empty(); ++i) {
    if (at.bucket_ >= buckets) {
      at.done_ = true;
      return;
    }
    for (auto x = rooms_.begin(at.bucket_); x != rooms_.end(at.bucket_); ++x)
      at.rooms_.push_back(x->first);
    ++at.bucket_;
  }
}

/// What is left of the last of the rooms found, as far as there is space.
void tracker_index::look_into_room(place& at, std::size_t max,
                                   std::vector<tracked_ptr>& to) const {
  if (const auto in = find_room(at.rooms_.back().view())) {
    const std::shared_lock guard{in->mutex};
    auto x = at.after_ ? in->keys.upper_bound(*at.after_) : in->keys.begin();
    for (; x != in->keys.end() && to.size() < max; ++x) {
      to.insert(to.end(), x->second.begin(), x->second.end());
      at.after_ = x->first;
    }
    if (x != in->keys.end())
      return;
  }
  at.rooms_.pop_back();
  at.after_.reset();
}

std::vector<tracked_ptr> tracker_index::page(place& at, std::size_t max) const {
  std::vector<tracked_ptr> some;
  // Most topics of a node that has one for each of its users have one presence:
  // a page goes over as many of them as it takes, but looks at no more.
  for (std::size_t i = 0; i < max && some.size() < max && !at.done_; ++i) {
    if (at.rooms_.empty())
      find_rooms(at);
    if (!at.rooms_.empty())
      look_into_room(at, max, some);
  }
  return some;
}

presence_counts tracker_index::count(std::string_view topic) const {
  const auto at = find_room(topic);
  if (!at)
    return {};
  const std::shared_lock guard{at->mutex};
  return {.keys = at->keys.size(), .presences = at->presences};
}

std::size_t tracker_index::count(std::string_view topic,
                                 std::string_view key) const {
  const auto at = find_room(topic);
  if (!at)
    return 0;
  const std::shared_lock guard{at->mutex};
  const auto found = at->keys.find(key);
  return found == at->keys.end() ? 0 : found->second.size();
}

} // namespace bennu::channels
