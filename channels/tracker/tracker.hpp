#pragma once

#include "channels/pubsub/pubsub.hpp"
#include "channels/tracker/diff.hpp"
#include "channels/tracker/gossip.hpp"
#include "channels/tracker/index.hpp"
#include "channels/tracker/options.hpp"
#include "runtime/child_spec.hpp"
#include "runtime/fwd.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"
#include "runtime/restart_intensity.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::channels {

class tracker_hub;

/// What a tracker tells of changes, here and on other nodes. Mirrors the
/// handle_diff/2 of a Phoenix.Tracker. Called in the tracker's process, one
/// topic after another in the order of the changes, and must not block it. A
/// std::length_error, as a pubsub without room throws, means later: it comes
/// again, joined with what has changed meanwhile. Any other throw ends the
/// process, whose successor goes on behind that topic. Confined to its process.
class diff_handler {
public:
  virtual ~diff_handler() = default;
  virtual void handle_diff(const topic_diff& x) = 0;
};

/// How a tracker is made. Mirrors the options of Phoenix.Tracker.
struct tracker_options {
  std::string name{};

  /// The pubsub that carries the gossip; its node_name names this replica.
  std::string pubsub{};

  /// Trackers, each for a part of the topics and with a process of its own:
  /// more than one when one shard cannot keep up. The same on all nodes.
  std::size_t pool_size = 1;

  tracker_timing timing{};

  /// Diffs of changes on this node wait so long for others to be joined with.
  /// 0, as in Phoenix: each change is a diff. A second is not noticed by
  /// people and turns a thousand joins of a full room into one broadcast.
  std::chrono::milliseconds diff_interval{0};

  /// Says goodbye when it stops in order, so that others see its presences
  /// leave at once and not after down_period.
  bool permdown_on_shutdown = false;

  /// Presences of this node in each of the pool; one more is refused. The
  /// processes of a shard.
  std::size_t entries_max = runtime::pid::processes_per_shard_max;

  /// Presences on a topic, all nodes together: what a presence_state must
  /// hold. One more on this node is refused.
  std::size_t topic_entries_max = 1'000'000;

  /// Presences of one key on a topic: a person's open pages. Every client of
  /// the topic keeps them all.
  std::size_t key_entries_max = 1'000;

  /// Diffs that wait for the handler one by one; more are joined into one.
  std::size_t diffs_max = 10'000;

  /// Changes in them. With one more, nobody is tracked or updated here until
  /// some have been told: it takes a pubsub without room for so many to wait.
  std::size_t changes_max = 1'000'000;

  /// How long a diff that had no room waits for its next try.
  std::chrono::milliseconds retry_period{50};

  /// Makes what is told of changes, in the process that tells it, again after
  /// each restart. Mirrors init/1. Empty: nobody is told.
  std::function<std::unique_ptr<diff_handler>(runtime::process& self,
                                              std::size_t member)>
    handler{};

  /// Makes the way to peers. Empty: broadcasts over the pubsub on
  /// `bennu.tracker:<name>.<member>`, and thus over its adapter.
  std::function<std::unique_ptr<tracker_peers>(runtime::process& self,
                                               std::size_t member)>
    peers{};

  /// Tells this life of the node from earlier ones: must grow. 0: the node's
  /// clock. (The monotonic clock of a machine begins anew with a reboot; then
  /// the others take a new life for new once the old one counts as down.)
  std::uint64_t vsn = 0;

  /// Spreads the first heartbeats, so that nodes started together do not beat
  /// together. 0: made of the replica's name and vsn.
  std::uint64_t seed = 0;

  runtime::restart_intensity intensity{};
};

/// A tracker as a child of a supervisor: a supervisor named `name` over
/// processes named `name.0` and so on. Place it behind its pubsub and before
/// what tracks, under rest_for_one. Throws std::invalid_argument when an option
/// is wrong.
///
/// As with a pubsub, what is tracked does not lie in the processes but in a
/// hub beside them that the spec keeps: one that is killed and restarted goes
/// on where it was, and nobody has to rejoin (in Phoenix the presences of a
/// shard, and all that they are of, end with it). One spec belongs to one node
/// at a time.
runtime::child_spec tracker_spec(tracker_options options);

/// Why something was not tracked.
enum class track_error {
  none,
  already_tracked,
  nopresence,
  too_many, // past one of the options that end in _max
};

/// A live handle of a tracker: who is where, on all nodes. Mirrors
/// Phoenix.Tracker. Differs: a call acts at once, in the caller, and waits for
/// no process. Value; thread-safe.
class tracker {
public:
  tracker() = default;

  /// The tracker of that name; throws std::runtime_error when there is none.
  /// As cheap as reading a table.
  static tracker find(runtime::node& node, std::string_view name);

  explicit operator bool() const noexcept { return hub_ != nullptr; }
  const tracker_options& options() const noexcept;

  /// This replica: name and vsn of member 0.
  replica self() const;

  // -- tracking processes of this node --

  /// Lists a process under a topic and key until it is untracked or ends.
  track_error track(const runtime::pid& who, const topic& on,
                    std::string_view key, runtime::message meta) const;

  /// Gives it another meta: what `f` makes of the one it has; no message leaves
  /// it as it is. `f` may run again when two update at once.
  track_error update(
    const runtime::pid& who, const topic& on, std::string_view key,
    const std::function<runtime::message(const runtime::message&)>& f) const;

  /// None is no error.
  void untrack(const runtime::pid& who, const topic& on,
               std::string_view key) const;
  void untrack(const runtime::pid& who) const;

  // -- looking --

  /// Everyone on a topic, by key.
  std::vector<tracked_ptr> list(std::string_view on) const;

  /// The same without copies: `f` runs under a lock, so it must be quick and
  /// not use the tracker.
  void for_each(std::string_view on,
                const std::function<void(const tracked_ptr&)>& f) const;
  std::vector<tracked_ptr> find(std::string_view on,
                                std::string_view key) const;
  presence_counts count(std::string_view on) const;

  /// Everyone on the topics of a member.
  std::vector<tracked_ptr> online(std::size_t member = 0) const;

  // -- other nodes --

  /// Makes all others forget this node's presences at once; it is silent until
  /// its processes are restarted, mostly for good. Mirrors graceful_permdown.
  void graceful_permdown() const;

  /// Hands in what came from another node.
  void receive(std::size_t member, tracker_gossip x) const;

  /// Replicas known, by name, and whether they are up; for observers.
  struct replica_status {
    replica who;
    bool up = false;
    std::size_t presences = 0;
  };
  std::vector<replica_status> replicas(std::size_t member = 0) const;

private:
  friend class tracker_hub;
  explicit tracker(std::shared_ptr<tracker_hub> hub) : hub_(std::move(hub)) {}

  std::shared_ptr<tracker_hub> hub_;
};

} // namespace bennu::channels
