#pragma once

#include "channels/tracker/delta.hpp"
#include "channels/tracker/replica.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <vector>

namespace bennu::channels {

/// Who has come into sight and who is gone from it.
struct presence_changes {
  std::vector<tracked_ptr> joins{};
  std::vector<tracked_ptr> leaves{};

  bool empty() const noexcept { return joins.empty() && leaves.empty(); }
};

/// Which presences there are on all replicas, as far as this one knows. States
/// that have seen the same changes, in whatever order and however often, are
/// the same. Mirrors Phoenix.Tracker.State, a delta-state observed-remove set
/// in which adding wins. Differs: every change has one author, the replica of
/// its process, so a part of the state is what is seen of one replica, and a
/// delta, a whole state and what joined deltas give have one form. Value;
/// confined to whoever holds it.
class tracker_state {
public:
  /// Changes of a replica that wait for those before them. A delta that would
  /// make it more is not taken: a transfer of all of it comes instead. Ten of
  /// the largest deltas.
  static constexpr std::size_t cloud_max = 100'000;

  explicit tracker_state(replica self);

  const replica& self() const noexcept { return self_; }

  // -- presences of this replica --

  /// Null when it is not there.
  tracked_ptr find(const runtime::pid& who, std::string_view topic,
                   std::string_view key) const;

  /// All of a process.
  std::vector<tracked_ptr> find(const runtime::pid& who) const;

  bool has(const runtime::pid& who) const;

  /// Adds one that is not there.
  tracked_ptr join(const runtime::pid& who, topic on, topic key,
                   runtime::message meta);

  /// Removes one that is there.
  void leave(const tracked_ptr& x);

  std::size_t own_size() const noexcept { return own_.size(); }

  /// The processes that have presences here, in order.
  std::vector<runtime::pid> own_processes() const;

  /// Makes this replica a later life of the same name: its presences are the
  /// same, with new tags.
  presence_changes renew(std::uint64_t vsn);

  // -- other replicas --

  /// Takes in what it has not seen. Of replicas that were never up, or are
  /// removed, nothing is taken.
  presence_changes merge(const delta& x);

  /// Its presences are in sight from now on.
  presence_changes replica_up(const replica& x);

  /// They are out of sight, but known: nothing is lost when it comes back.
  presence_changes replica_down(const replica& x);

  /// All that is known of it is forgotten. Mirrors remove_down_replicas/2.
  presence_changes remove(const replica& x);

  bool knows(const replica& x) const { return replicas_.contains(x); }

  // -- what to send --

  /// What is seen of each known replica, without gaps.
  clock_vector clocks() const;

  /// The changes of this replica since the last one taken. Its size is known
  /// before it is made.
  std::size_t delta_size() const;
  delta take_delta();

  /// What somebody lacks who has seen `remote`: all there is of each replica
  /// that both know and of which more is known here. Mirrors extract/3.
  delta extract(const clock_vector& remote) const;

  // -- looking in --

  std::size_t size() const noexcept;
  std::size_t size(const replica& x) const;
  std::size_t cloud_size(const replica& x) const;

  /// Everything in sight, in no order that means anything.
  std::vector<tracked_ptr> online() const;

private:
  /// What is seen of one replica.
  struct known {
    std::uint64_t clock = 0;       // all up to here
    std::set<std::uint64_t> cloud; // and these beyond
    std::map<std::uint64_t, tracked_ptr> live;
    bool up = true;

    bool has_seen(std::uint64_t x) const {
      return x <= clock || cloud.contains(x);
    }
    bool has_room_for(const delta_part& x) const;
    void see(const delta_part& x);
  };

  using place = std::tuple<runtime::pid, std::string_view, std::string_view>;
  static place place_of(const tracked_ptr& x) {
    return {x->who, x->topic.view(), x->key.view()};
  }
  struct by_place {
    using is_transparent = void;
    bool operator()(const tracked_ptr& a, const tracked_ptr& b) const {
      return place_of(a) < place_of(b);
    }
    bool operator()(const tracked_ptr& a, const place& b) const {
      return place_of(a) < b;
    }
    bool operator()(const place& a, const tracked_ptr& b) const {
      return a < place_of(b);
    }
  };

  void merge(known& mine, const delta_part& x, presence_changes& made);
  static void drop(known& mine, std::uint64_t clock, presence_changes& made);
  known& own() { return replicas_.find(self_)->second; }
  const known& own() const { return replicas_.find(self_)->second; }

  replica self_;
  std::map<replica, known> replicas_;
  std::set<tracked_ptr, by_place> own_;

  /// Of the next delta: where it begins, and which older presences have left.
  std::uint64_t delta_after_ = 0;
  std::vector<std::uint64_t> removed_;
};

} // namespace bennu::channels
