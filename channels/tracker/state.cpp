#include "channels/tracker/state.hpp"

#include <algorithm>
#include <utility>

namespace bennu::channels {

namespace {

std::vector<tracked_ptr>
values(const std::map<std::uint64_t, tracked_ptr>& from) {
  std::vector<tracked_ptr> all;
  all.reserve(from.size());
  for (const auto& x : from)
    all.push_back(x.second);
  return all;
}

} // namespace

tracker_state::tracker_state(replica self) : self_(std::move(self)) {
  replicas_.try_emplace(self_);
}

// -- presences of this replica ------------------------------------------------

tracked_ptr tracker_state::find(const runtime::pid& who, std::string_view topic,
                                std::string_view key) const {
  const auto found = own_.find(place{who, topic, key});
  return found == own_.end() ? nullptr : *found;
}

std::vector<tracked_ptr> tracker_state::find(const runtime::pid& who) const {
  std::vector<tracked_ptr> all;
  for (auto at = own_.lower_bound(place{who, {}, {}});
       at != own_.end() && (*at)->who == who; ++at)
    all.push_back(*at);
  return all;
}

bool tracker_state::has(const runtime::pid& who) const {
  const auto at = own_.lower_bound(place{who, {}, {}});
  return at != own_.end() && (*at)->who == who;
}

tracked_ptr tracker_state::join(const runtime::pid& who, topic on, topic key,
                                runtime::message meta) {
  auto& mine = own();
  auto x = std::make_shared<const tracked>(tracked{.topic = std::move(on),
                                                   .key = std::move(key),
                                                   .who = who,
                                                   .meta = std::move(meta),
                                                   .clock = mine.clock + 1});
  own_.insert(x);
  mine.live.emplace(x->clock, x);
  ++mine.clock;
  return x;
}

void tracker_state::leave(const tracked_ptr& x) {
  auto& mine = own();
  // A number of its own, so that others can tell that they lack this change.
  ++mine.clock;
  if (x->clock <= delta_after_)
    removed_.push_back(x->clock);
  own_.erase(x);
  mine.live.erase(x->clock);
}

std::vector<runtime::pid> tracker_state::own_processes() const {
  std::vector<runtime::pid> all;
  for (const auto& x : own_)
    if (all.empty() || all.back() != x->who)
      all.push_back(x->who);
  return all;
}

presence_changes tracker_state::renew(std::uint64_t vsn) {
  presence_changes made{.leaves = values(own().live)};
  replicas_.erase(self_);
  own_.clear();
  removed_.clear();
  delta_after_ = 0;
  self_.vsn = vsn;
  replicas_.try_emplace(self_);
  for (const auto& x : made.leaves)
    made.joins.push_back(join(x->who, x->topic, x->key, x->meta));
  return made;
}

// -- other replicas -----------------------------------------------------------

bool tracker_state::known::has_room_for(const delta_part& x) const {
  const auto begins = std::max(x.after, clock);
  const auto range = x.after <= clock || x.upto <= begins ? 0 : x.upto - begins;
  return range + x.seen.size() + cloud.size() <= cloud_max;
}

void tracker_state::known::see(const delta_part& x) {
  if (x.after <= clock)
    clock = std::max(clock, x.upto);
  else
    for (auto c = x.after + 1; c <= x.upto; ++c)
      cloud.insert(c);
  cloud.insert(x.seen.begin(), x.seen.end());
  while (!cloud.empty() && *cloud.begin() <= clock + 1) {
    clock = std::max(clock, *cloud.begin());
    cloud.erase(cloud.begin());
  }
}

void tracker_state::drop(known& mine, std::uint64_t clock,
                         presence_changes& made) {
  const auto found = mine.live.find(clock);
  if (found == mine.live.end())
    return;
  if (mine.up)
    made.leaves.push_back(std::move(found->second));
  mine.live.erase(found);
}

void tracker_state::merge(known& mine, const delta_part& x,
                          presence_changes& made) {
  std::vector<std::uint64_t> gone;
  for (auto at = mine.live.upper_bound(x.after);
       at != mine.live.end() && at->first <= x.upto; ++at)
    if (!x.is_live(at->first))
      gone.push_back(at->first);
  for (const auto clock : x.seen)
    if (!x.is_live(clock))
      gone.push_back(clock);
  for (const auto clock : gone)
    drop(mine, clock, made);
  for (const auto& e : x.live) {
    if (mine.has_seen(e->clock))
      continue;
    mine.live.emplace(e->clock, e);
    if (mine.up)
      made.joins.push_back(e);
  }
  mine.see(x);
}

presence_changes tracker_state::merge(const delta& x) {
  presence_changes made;
  for (const auto& part : x.parts) {
    const auto found = replicas_.find(part.of);
    // What this replica says of itself is true, whatever others have heard.
    if (found != replicas_.end() && part.of != self_
        && found->second.has_room_for(part))
      merge(found->second, part, made);
  }
  return made;
}

presence_changes tracker_state::replica_up(const replica& x) {
  auto& it = replicas_.try_emplace(x).first->second;
  if (std::exchange(it.up, true))
    return {};
  return {.joins = values(it.live)};
}

presence_changes tracker_state::replica_down(const replica& x) {
  const auto found = replicas_.find(x);
  if (found == replicas_.end() || !std::exchange(found->second.up, false))
    return {};
  return {.leaves = values(found->second.live)};
}

presence_changes tracker_state::remove(const replica& x) {
  auto made = replica_down(x);
  replicas_.erase(x);
  return made;
}

// -- what to send -------------------------------------------------------------

clock_vector tracker_state::clocks() const {
  clock_vector all;
  for (const auto& [of, x] : replicas_)
    all.emplace(of, x.clock);
  return all;
}

std::size_t tracker_state::delta_size() const {
  return static_cast<std::size_t>(own().clock - delta_after_) + removed_.size();
}

delta tracker_state::take_delta() {
  auto& mine = own();
  if (mine.clock == delta_after_)
    return {};
  delta_part x{.of = self_, .after = delta_after_, .upto = mine.clock};
  std::sort(removed_.begin(), removed_.end());
  x.seen = std::exchange(removed_, {});
  for (auto at = mine.live.upper_bound(delta_after_); at != mine.live.end();
       ++at)
    x.live.push_back(at->second);
  delta_after_ = mine.clock;
  return {.parts = {std::move(x)}};
}

delta tracker_state::extract(const clock_vector& remote) const {
  delta all;
  for (const auto& [of, clock] : remote) {
    const auto found = replicas_.find(of);
    if (found == replicas_.end())
      continue;
    const auto& x = found->second;
    if (x.clock <= clock && x.cloud.empty())
      continue;
    all.parts.push_back({.of = of,
                         .after = 0,
                         .upto = x.clock,
                         .seen = {x.cloud.begin(), x.cloud.end()},
                         .live = values(x.live)});
  }
  return all;
}

// -- looking in ---------------------------------------------------------------

std::size_t tracker_state::size() const noexcept {
  std::size_t all = 0;
  for (const auto& x : replicas_)
    all += x.second.live.size();
  return all;
}

std::size_t tracker_state::size(const replica& x) const {
  const auto found = replicas_.find(x);
  return found == replicas_.end() ? 0 : found->second.live.size();
}

std::size_t tracker_state::cloud_size(const replica& x) const {
  const auto found = replicas_.find(x);
  return found == replicas_.end() ? 0 : found->second.cloud.size();
}

std::vector<tracked_ptr> tracker_state::online() const {
  std::vector<tracked_ptr> all;
  for (const auto& x : replicas_)
    if (x.second.up)
      for (const auto& e : x.second.live)
        all.push_back(e.second);
  return all;
}

} // namespace bennu::channels
