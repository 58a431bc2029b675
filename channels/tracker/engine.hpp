#pragma once

#include "channels/tracker/generations.hpp"
#include "channels/tracker/gossip.hpp"
#include "channels/tracker/options.hpp"
#include "channels/tracker/state.hpp"
#include "runtime/fwd.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bennu::channels {

/// Something to send: to one, or to all.
struct outgoing_gossip {
  std::optional<replica> to;
  tracker_gossip what;
};

/// What a step of the engine led to.
struct tracker_effects {
  presence_changes changes{};
  std::vector<outgoing_gossip> out{};
};

/// How replicas keep in step: heartbeats with deltas, transfers of what was
/// missed, and who counts as down. Mirrors Phoenix.Tracker.Shard, without its
/// process: time comes in, what is to be sent comes out. Differs: of two lives
/// of one name the later counts, however late the earlier is heard; a reborn
/// one with a smaller number is taken for new once its name was silent for
/// down_period. Confined to whoever holds it.
class tracker_engine {
public:
  /// `options` must outlive it.
  tracker_engine(replica self, const tracker_timing& options);

  tracker_state& state() noexcept { return state_; }
  const tracker_state& state() const noexcept { return state_; }

  /// What is due every broadcast_period.
  tracker_effects tick(runtime::time_point now);

  /// What came from another replica.
  tracker_effects receive(const tracker_gossip& x, runtime::time_point now);

  /// Makes the others forget this replica, which is silent from now on.
  tracker_effects retire();

  /// Goes on after that, as a later life of the same name with the same
  /// presences, which get new tags.
  presence_changes revive();

  enum class standing { up, down };
  struct peer {
    replica who;
    runtime::time_point last_heard{};
    standing is = standing::up;
  };
  const std::map<std::string, peer>& peers() const noexcept { return peers_; }

private:
  bool hear(const replica& from, runtime::time_point now,
            presence_changes& made);
  void note_clocks(const tracker_heartbeat& x);
  void beat(tracker_effects& made);
  void ask_for_transfers(tracker_effects& made);
  void look_for_downs(runtime::time_point now, presence_changes& made);
  void forget(const replica& x, presence_changes& made);

  tracker_effects take(const tracker_heartbeat& x, runtime::time_point now);
  tracker_effects take(const transfer_request& x, runtime::time_point now);
  tracker_effects take(const transfer_answer& x, runtime::time_point now);
  tracker_effects take(const tracker_goodbye& x, runtime::time_point now);

  const tracker_timing& options_;
  tracker_state state_;
  delta_generations generations_;
  std::map<std::string, peer> peers_;

  /// Who said goodbye, by name: what is still under way from it is not heard.
  std::map<std::string, replica> gone_;

  std::vector<replica_clocks> heard_clocks_;
  std::size_t samples_left_;
  std::size_t silent_periods_;
  bool retired_ = false;
};

} // namespace bennu::channels
