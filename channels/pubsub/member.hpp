#pragma once

#include "channels/pubsub/dispatcher.hpp"
#include "channels/pubsub/interest.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/pubsub/topic.hpp"
#include "channels/pubsub/topic_meter.hpp"
#include "runtime/local_table.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bennu::channels {

/// What makes a server of a pubsub look for work.
struct pubsub_work {};

/// The part of a pubsub that one server works on: its subscriptions, the
/// broadcasts waiting for it, and how far it is with the one at hand. Outlives
/// the server process. The inbox is thread-safe; all else is confined to the
/// shard.
class pubsub_member {
public:
  /// Tells `interest` of its topics.
  pubsub_member(const pubsub_options& options, interest& all, std::size_t index,
                std::size_t shard);

  std::size_t shard() const noexcept { return shard_; }

  // -- the inbox --

  /// False when jobs_max are waiting.
  bool has_room() const;

  /// Adds a job. Returns the server to wake, if it sleeps.
  runtime::pid push(publication what);

  /// A server has started: it is to be woken from now on.
  void server_started(const runtime::pid& server);
  runtime::pid server() const;

  // -- subscriptions --

  runtime::object_ref subscribe(const runtime::pid& who, topic& on,
                                const runtime::pid& fastlane, const lane* what);
  void unsubscribe(const runtime::object_ref& ref);

  /// Plain subscribers are watched by the server; those with a lane end their
  /// subscriptions themselves.
  /// True for the first subscription of a process: it is not monitored yet.
  bool watch(const runtime::pid& who, const runtime::object_ref& ref);
  void unsubscribe(const runtime::pid& who, const topic& on);
  void forget(const runtime::pid& who);
  std::vector<runtime::pid> watched() const;

  // -- the server's turn --

  /// Serves at most chunk_max subscribers. True when there is more to do, and
  /// then the server must come again by itself.
  bool serve(runtime::process& server);

  std::size_t subscriber_count(const topic& on) const {
    return rows_.count(on);
  }
  runtime::table_info table() const { return rows_.info(); }

  // -- looking in --

  /// Broadcasts that wait. Thread-safe.
  std::size_t waiting() const;

  /// A subscription as an observer sees it.
  struct subscription {
    const topic& on;
    runtime::pid subscriber;
    runtime::pid fastlane;

    /// One of each topic's, and how many there are.
    bool first_of_topic = false;
    std::size_t topic_subscribers = 0;

    /// Of a first one, in a second, while they are counted.
    std::int64_t topic_broadcasts = 0;
  };
  /// Counts broadcasts by topic from the first look on, until nobody has looked
  /// for a while.
  void look_at_topics(runtime::time_point now);

  using place = runtime::local_table<int, topic, topic_hash>::position;

  /// Calls `f` for at most `max` subscriptions, in slices, without a cursor.
  void visit(place& at, std::size_t max,
             const std::function<void(const subscription&)>& f);

private:
  /// A subscription: 20 bytes, since there is one a joined channel. Nodes and
  /// shards of both pids are those of the server; a lane is a number.
  struct row {
    std::uint32_t slot = 0;
    std::uint32_t serial = 0;
    std::uint32_t fastlane_slot = 0;
    std::uint32_t fastlane_serial = 0;
    std::uint32_t lane = 0;
  };
  using rows = runtime::local_table<row, topic, topic_hash>;

  /// A lane and the rows that use it; lanes are a handful.
  struct counted_lane {
    const channels::lane* what = nullptr;
    std::size_t rows = 0;
  };

  std::uint32_t lane_number(const lane* what);
  bool next_job();
  std::size_t serve_some(runtime::process& server, std::size_t max);
  void end_job(runtime::process& server);
  bool refill(const runtime::pid& server, delivery& to);

  const pubsub_options& options_;
  interest& interest_;
  const std::size_t index_;
  const std::size_t shard_;

  mutable std::mutex inbox_mutex_;
  std::vector<publication> inbox_;
  std::size_t jobs_ = 0; // in the inbox and taken from it
  bool awake_ = false;
  runtime::pid server_;

  std::deque<publication> taken_;
  std::size_t served_ = 0; // of the job at hand
  rows rows_;
  std::optional<rows::cursor> at_; // in the rows of the job at hand
  std::vector<counted_lane> lanes_;
  std::unordered_map<runtime::pid,
                     std::vector<std::pair<topic, runtime::object_ref>>>
    watched_;
  std::unique_ptr<topic_meter> meter_; // while somebody looks
};

} // namespace bennu::channels
