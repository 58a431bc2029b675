#include "channels/tracker/engine.hpp"

#include "runtime/log.hpp"

#include <iterator>
#include <utility>

namespace bennu::channels {

using runtime::log;
using runtime::log_level;
using runtime::time_point;

namespace {

void append(presence_changes& to, presence_changes more) {
  to.joins.insert(to.joins.end(), std::make_move_iterator(more.joins.begin()),
                  std::make_move_iterator(more.joins.end()));
  to.leaves.insert(to.leaves.end(),
                   std::make_move_iterator(more.leaves.begin()),
                   std::make_move_iterator(more.leaves.end()));
}

} // namespace

// The first heartbeat goes out whether there is a change or not: the others
// learn of this replica by it.
tracker_engine::tracker_engine(replica self, const tracker_timing& options)
  : options_(options), state_(std::move(self)),
    generations_(options.max_delta_sizes),
    samples_left_(options.clock_sample_periods),
    silent_periods_(options.max_silent_periods) {}

// -- what is due --------------------------------------------------------------

tracker_effects tracker_engine::tick(time_point now) {
  tracker_effects made;
  if (!retired_) {
    beat(made);
    ask_for_transfers(made);
  }
  look_for_downs(now, made.changes);
  return made;
}

void tracker_engine::beat(tracker_effects& made) {
  const auto size = state_.delta_size();
  if (size == 0 && ++silent_periods_ < options_.max_silent_periods)
    return;
  auto changes = state_.take_delta();
  if (size > generations_.size_max()) {
    generations_.clear();
    changes = {};
  } else if (peers_.empty()) {
    // Nobody lacks it who would not be sent everything.
    generations_.clear();
  } else if (!changes.empty()) {
    generations_.push(changes);
  }
  silent_periods_ = 0;
  made.out.push_back({{},
                      tracker_heartbeat{.from = state_.self(),
                                        .changes = std::move(changes),
                                        .seen = state_.clocks()}});
}

/// Asks the fewest who together have seen all that is lacking here.
void tracker_engine::ask_for_transfers(tracker_effects& made) {
  if (--samples_left_ > 0)
    return;
  samples_left_ = options_.clock_sample_periods;
  const auto own = state_.clocks();
  for (const auto& x : std::exchange(heard_clocks_, {}))
    if (!covers(own, x.seen))
      made.out.push_back(
        {x.who, transfer_request{.from = state_.self(), .seen = own}});
}

void tracker_engine::look_for_downs(time_point now, presence_changes& made) {
  std::vector<replica> for_good;
  for (auto& [name, x] : peers_) {
    const auto silence = now - x.last_heard;
    if (silence > options_.permdown_period) {
      for_good.push_back(x.who);
    } else if (x.is == standing::up && silence > options_.down_period) {
      log(log_level::info, "tracker: replica {} is down", to_string(x.who));
      x.is = standing::down;
      append(made, state_.replica_down(x.who));
    }
  }
  for (const auto& x : for_good)
    forget(x, made);
}

void tracker_engine::forget(const replica& x, presence_changes& made) {
  log(log_level::info, "tracker: replica {} is permanently down", to_string(x));
  append(made, state_.remove(x));
  generations_.forget(x);
  const auto found = peers_.find(x.name);
  if (found != peers_.end() && found->second.who == x)
    peers_.erase(found);
}

// -- what comes ---------------------------------------------------------------

tracker_effects tracker_engine::receive(const tracker_gossip& x,
                                        time_point now) {
  // A name is one replica's: nobody else's word is heard under ours.
  if (sender_of(x).name == state_.self().name)
    return {};
  return std::visit([&](const auto& y) { return take(y, now); }, x);
}

/// Notes a sign of life; false when it is not to be heard.
bool tracker_engine::hear(const replica& from, time_point now,
                          presence_changes& made) {
  const auto left = gone_.find(from.name);
  if (left != gone_.end() && left->second == from)
    return false;
  auto found = peers_.find(from.name);
  if (found != peers_.end() && found->second.who != from) {
    const auto& known = found->second;
    if (from.vsn < known.who.vsn && known.is == standing::up)
      return false;
    forget(replica{known.who}, made);
    found = peers_.end();
  }
  if (found == peers_.end()) {
    if (peers_.size() >= options_.replicas_max) {
      log(log_level::warning,
          "tracker: replica {} is not heard: replicas_max is {}",
          to_string(from), options_.replicas_max);
      return false;
    }
    found = peers_.emplace(from.name, peer{.who = from}).first;
    gone_.erase(from.name);
    log(log_level::info, "tracker: replica {} is up", to_string(from));
  }
  found->second.last_heard = now;
  found->second.is = standing::up;
  append(made, state_.replica_up(from));
  return true;
}

tracker_effects tracker_engine::take(const tracker_heartbeat& x,
                                     time_point now) {
  tracker_effects made;
  if (!is_well_formed(x.changes)) {
    log(log_level::warning, "tracker: a malformed delta of {} is dropped",
        to_string(x.from));
    return made;
  }
  if (!hear(x.from, now, made.changes))
    return made;
  if (!x.changes.empty()) {
    append(made.changes, state_.merge(x.changes));
    generations_.push(x.changes);
  }
  note_clocks(x);
  return made;
}

/// Of replicas that are not known here nothing can be had from anybody but
/// themselves.
void tracker_engine::note_clocks(const tracker_heartbeat& x) {
  auto seen = x.seen;
  std::erase_if(seen, [&](const auto& c) {
    return !state_.knows(c.first) || c.first == state_.self();
  });
  add_dominating(heard_clocks_, {x.from, std::move(seen)});
}

tracker_effects tracker_engine::take(const transfer_request& x, time_point) {
  const auto* recent = generations_.find(x.seen);
  auto changes = recent ? *recent : state_.extract(x.seen);
  if (changes.empty())
    return {};
  return {.out = {{x.from, transfer_answer{.from = state_.self(),
                                           .changes = std::move(changes)}}}};
}

tracker_effects tracker_engine::take(const transfer_answer& x, time_point) {
  if (!is_well_formed(x.changes)) {
    log(log_level::warning, "tracker: a malformed transfer of {} is dropped",
        to_string(x.from));
    return {};
  }
  return {.changes = state_.merge(x.changes)};
}

tracker_effects tracker_engine::take(const tracker_goodbye& x, time_point) {
  tracker_effects made;
  const auto known = peers_.find(x.from.name);
  if (known != peers_.end() && known->second.who == x.from)
    forget(x.from, made.changes);
  if (gone_.size() >= options_.replicas_max)
    gone_.erase(gone_.begin());
  gone_.insert_or_assign(x.from.name, x.from);
  return made;
}

tracker_effects tracker_engine::retire() {
  retired_ = true;
  return {.out = {{{}, tracker_goodbye{state_.self()}}}};
}

presence_changes tracker_engine::revive() {
  if (!std::exchange(retired_, false))
    return {};
  generations_.clear();
  silent_periods_ = options_.max_silent_periods;
  return state_.renew(state_.self().vsn + 1);
}

} // namespace bennu::channels
