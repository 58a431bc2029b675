#pragma once

#include "channels/tracker/engine.hpp"
#include "channels/tracker/tracker.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::channels {

/// What makes the process of a tracker look for diffs to tell.
struct tracker_work {};

/// The process is to see to it that `who` is untracked when it ends, or need
/// not any more.
struct tracker_watch {
  runtime::pid who;
};

/// The part of a tracker that one process works on: its topics' presences,
/// what is known of other replicas, and the diffs not told yet. Outlives the
/// process. Thread-safe.
class tracker_member {
public:
  /// `options` must outlive it.
  tracker_member(const tracker_options& options, replica self);

  const tracker_index& index() const noexcept { return index_; }
  replica self() const;
  std::vector<tracker::replica_status> replicas() const;
  std::vector<tracked_ptr> online() const;

  // -- verbs of the handle: the messages go to the server, if there is one --

  struct outcome {
    track_error error = track_error::none;
    runtime::pid server{};
    bool wake = false;  // for diffs
    bool watch = false; // for the process
  };

  outcome track(const runtime::pid& who, const topic& on, std::string_view key,
                runtime::message meta);
  tracked_ptr find(const runtime::pid& who, std::string_view topic,
                   std::string_view key) const;

  /// Puts another meta in the place of `x`; `nopresence` when it is not there
  /// any more, `too_many` past changes_max.
  outcome replace(const tracked_ptr& x, runtime::message meta);
  outcome untrack(const runtime::pid& who, std::string_view topic,
                  std::string_view key);
  outcome untrack(const runtime::pid& who);

  // -- the server's --

  /// A server has started. Returns whom it is to watch.
  std::vector<runtime::pid> server_started(const runtime::pid& server);
  runtime::pid server() const;
  bool is_tracked(const runtime::pid& who) const;

  std::vector<outgoing_gossip> tick(runtime::time_point now);
  std::vector<outgoing_gossip> receive(const tracker_gossip& x,
                                       runtime::time_point now);
  std::vector<outgoing_gossip> retire();

  /// Asleep, to be woken by the next diff, when there is none.
  bool has_diffs();

  /// The next diff to tell, or with `all` what all of them come to. Nothing,
  /// and asleep, when there is none.
  std::optional<tracker_diff> next_diff(bool all);

  /// One that could not be told: it comes first again.
  void put_back(tracker_diff x);

private:
  outcome told(const std::vector<presence_changes>& made);
  void show(const presence_changes& x);
  void keep(tracker_diff x);
  void join_diffs();
  bool has_room(const topic& on, std::string_view key) const;
  std::vector<outgoing_gossip> carry_out(tracker_effects x);

  const tracker_options& options_;
  tracker_index index_;

  mutable std::mutex mutex_;
  tracker_engine engine_;
  std::deque<tracker_diff> diffs_;
  std::size_t waiting_ = 0; // changes in them
  runtime::pid server_;
  bool awake_ = false;
};

} // namespace bennu::channels
