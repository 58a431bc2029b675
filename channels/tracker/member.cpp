#include "channels/tracker/member.hpp"

#include <algorithm>
#include <utility>

namespace bennu::channels {

tracker_member::tracker_member(const tracker_options& options, replica self)
  : options_(options), engine_(std::move(self), options.timing) {}

replica tracker_member::self() const {
  const std::lock_guard guard{mutex_};
  return engine_.state().self();
}

std::vector<tracker::replica_status> tracker_member::replicas() const {
  const std::lock_guard guard{mutex_};
  const auto& state = engine_.state();
  std::vector<tracker::replica_status> all{
    {state.self(), true, state.own_size()}};
  for (const auto& [name, x] : engine_.peers())
    all.push_back(
      {x.who, x.is == tracker_engine::standing::up, state.size(x.who)});
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.who < b.who; });
  return all;
}

std::vector<tracked_ptr> tracker_member::online() const {
  const std::lock_guard guard{mutex_};
  return engine_.state().online();
}

// -- changes ------------------------------------------------------------------

void tracker_member::show(const presence_changes& x) {
  // A replica that comes back with a delta shows presences that this hides;
  // diff_of goes by the same order.
  for (const auto& e : x.joins)
    index_.add(e);
  for (const auto& e : x.leaves)
    index_.remove(e);
}

void tracker_member::keep(tracker_diff x) {
  if (x.empty())
    return;
  waiting_ += size_of(x);
  diffs_.push_back(std::move(x));
  if (diffs_.size() > options_.diffs_max)
    join_diffs();
}

void tracker_member::join_diffs() {
  auto all = joined(std::exchange(diffs_, {}));
  waiting_ = size_of(all);
  diffs_.push_back(std::move(all));
}

/// Makes changes known: to readers at once, to the handler in its turn.
tracker_member::outcome
tracker_member::told(const std::vector<presence_changes>& made) {
  for (const auto& x : made)
    show(x);
  if (options_.handler)
    keep(diff_of(made));
  outcome x{.server = server_};
  x.wake = !awake_ && server_ && !diffs_.empty();
  awake_ = awake_ || x.wake;
  return x;
}

bool tracker_member::has_room(const topic& on, std::string_view key) const {
  return waiting_ < options_.changes_max
         && engine_.state().own_size() < options_.entries_max
         && index_.count(on.view()).presences < options_.topic_entries_max
         && index_.count(on.view(), key) < options_.key_entries_max;
}

tracker_member::outcome tracker_member::track(const runtime::pid& who,
                                              const topic& on,
                                              std::string_view key,
                                              runtime::message meta) {
  const std::lock_guard guard{mutex_};
  auto& state = engine_.state();
  if (state.find(who, on.view(), key))
    return {.error = track_error::already_tracked};
  if (!has_room(on, key))
    return {.error = track_error::too_many};
  const auto is_first = !state.has(who);
  auto x =
    told({{.joins = {state.join(who, on, topic{key}, std::move(meta))}}});
  x.watch = is_first;
  return x;
}

tracked_ptr tracker_member::find(const runtime::pid& who,
                                 std::string_view topic,
                                 std::string_view key) const {
  const std::lock_guard guard{mutex_};
  return engine_.state().find(who, topic, key);
}

tracker_member::outcome tracker_member::replace(const tracked_ptr& x,
                                                runtime::message meta) {
  const std::lock_guard guard{mutex_};
  auto& state = engine_.state();
  if (state.find(x->who, x->topic.view(), x->key.view()) != x)
    return {.error = track_error::nopresence};
  if (waiting_ >= options_.changes_max)
    return {.error = track_error::too_many};
  state.leave(x);
  return told(
    {{.joins = {state.join(x->who, x->topic, x->key, std::move(meta))},
      .leaves = {x}}});
}

tracker_member::outcome tracker_member::untrack(const runtime::pid& who,
                                                std::string_view topic,
                                                std::string_view key) {
  const std::lock_guard guard{mutex_};
  auto& state = engine_.state();
  const auto found = state.find(who, topic, key);
  if (!found)
    return {};
  state.leave(found);
  auto x = told({{.leaves = {found}}});
  x.watch = !state.has(who);
  return x;
}

tracker_member::outcome tracker_member::untrack(const runtime::pid& who) {
  const std::lock_guard guard{mutex_};
  auto& state = engine_.state();
  presence_changes made{.leaves = state.find(who)};
  if (made.leaves.empty())
    return {};
  for (const auto& x : made.leaves)
    state.leave(x);
  auto x = told({std::move(made)});
  x.watch = true;
  return x;
}

// -- the server's -------------------------------------------------------------

std::vector<runtime::pid>
tracker_member::server_started(const runtime::pid& server) {
  const std::lock_guard guard{mutex_};
  server_ = server;
  awake_ = true; // it looks for work by itself
  show(engine_.revive());
  return engine_.state().own_processes();
}

runtime::pid tracker_member::server() const {
  const std::lock_guard guard{mutex_};
  return server_;
}

bool tracker_member::is_tracked(const runtime::pid& who) const {
  const std::lock_guard guard{mutex_};
  return engine_.state().has(who);
}

/// The server itself tells what came of it.
std::vector<outgoing_gossip> tracker_member::carry_out(tracker_effects x) {
  show(x.changes);
  if (options_.handler)
    keep(diff_of({x.changes}));
  return std::move(x.out);
}

std::vector<outgoing_gossip> tracker_member::tick(runtime::time_point now) {
  const std::lock_guard guard{mutex_};
  return carry_out(engine_.tick(now));
}

std::vector<outgoing_gossip> tracker_member::receive(const tracker_gossip& x,
                                                     runtime::time_point now) {
  const std::lock_guard guard{mutex_};
  return carry_out(engine_.receive(x, now));
}

std::vector<outgoing_gossip> tracker_member::retire() {
  const std::lock_guard guard{mutex_};
  return carry_out(engine_.retire());
}

bool tracker_member::has_diffs() {
  const std::lock_guard guard{mutex_};
  awake_ = !diffs_.empty();
  return awake_;
}

std::optional<tracker_diff> tracker_member::next_diff(bool all) {
  const std::lock_guard guard{mutex_};
  if (all && diffs_.size() > 1)
    join_diffs();
  if (diffs_.empty()) {
    awake_ = false;
    return {};
  }
  auto x = std::move(diffs_.front());
  diffs_.pop_front();
  waiting_ -= size_of(x);
  return x;
}

void tracker_member::put_back(tracker_diff x) {
  const std::lock_guard guard{mutex_};
  waiting_ += size_of(x);
  diffs_.push_front(std::move(x));
}

} // namespace bennu::channels
