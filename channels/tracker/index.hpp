#pragma once

#include "channels/pubsub/topic.hpp"
#include "channels/tracker/delta.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bennu::channels {

/// How many are on a topic.
struct presence_counts {
  std::size_t keys = 0;
  std::size_t presences = 0;

  friend bool operator==(const presence_counts&,
                         const presence_counts&) = default;
};

/// The presences in sight, by topic and key, for whoever wants to know. Stands
/// for the ETS table that Phoenix.Tracker reads dirty: a reader waits for no
/// process, and for a writer no longer than one insertion takes. Written by
/// one at a time; reading is thread-safe.
class tracker_index {
public:
  void add(const tracked_ptr& x);
  void remove(const tracked_ptr& x);

  /// Calls `f` with each of a topic, by key, those of a key the oldest first:
  /// page_max keys at a time under the topic's lock, so `f` must be quick and
  /// ask nothing of this. What joins or leaves meanwhile may or may not be in
  /// it.
  void for_each(std::string_view topic,
                const std::function<void(const tracked_ptr&)>& f) const;

  /// The same as copies.
  std::vector<tracked_ptr> list(std::string_view topic) const;

  std::vector<tracked_ptr> find(std::string_view topic,
                                std::string_view key) const;

  presence_counts count(std::string_view topic) const;
  std::size_t count(std::string_view topic, std::string_view key) const;

  /// Keys looked at under one lock: 250 are copied in 15 us, or written as JSON
  /// in 100.
  static constexpr std::size_t page_max = 250;

  /// Where a look through all of it has come to. Value.
  class place {
  public:
    bool done() const noexcept { return done_; }

  private:
    friend class tracker_index;
    std::size_t bucket_ = 0;
    std::vector<topic> rooms_{};
    std::optional<topic> after_{};
    bool done_ = false;
  };

  /// About `max` of the presences of all topics, in no order, or less while
  /// `at` is not done; what comes or goes meanwhile may be missed or seen
  /// twice. Of a key all come in one page.
  std::vector<tracked_ptr> page(place& at, std::size_t max) const;

private:
  void find_rooms(place& at) const;
  void look_into_room(place& at, std::size_t max,
                      std::vector<tracked_ptr>& to) const;

  struct room {
    mutable std::shared_mutex mutex;
    std::map<topic, std::vector<tracked_ptr>, std::less<>> keys;
    std::size_t presences = 0;
  };

  std::shared_ptr<room> find_room(std::string_view topic) const;

  mutable std::shared_mutex mutex_;
  std::unordered_map<topic, std::shared_ptr<room>, topic_hash, std::equal_to<>>
    rooms_;
};

} // namespace bennu::channels
