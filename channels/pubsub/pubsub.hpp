#pragma once

#include "channels/pubsub/adapter.hpp"
#include "channels/pubsub/dispatcher.hpp"
#include "channels/pubsub/topic.hpp"
#include "runtime/child_spec.hpp"
#include "runtime/local_table.hpp"
#include "runtime/message.hpp"
#include "runtime/supervisor.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace bennu::channels {

class pubsub_hub;

namespace events {

/// A server has served all its subscribers of a broadcast: over all servers,
/// the fan-out. Measured: receivers. Metadata: server (a name) and topic.
inline constexpr std::string_view pubsub_dispatched = "bennu.pubsub.dispatched";

} // namespace events

/// How a pubsub is made. Mirrors the options of Phoenix.PubSub.
struct pubsub_options {
  std::string name{};

  /// Servers; rounded up to a multiple of the node's shards. 0: one a shard,
  /// which is enough unless a shard's rows are to be split for observers.
  std::size_t pool_size = 0;

  /// Subscribers a server serves before it lets others run. 1000 at 50 ns
  /// each are 50 us: what one heartbeat may wait behind a broadcast.
  std::size_t chunk_max = 1000;

  /// Broadcasts waiting at one server; with one more, broadcast throws
  /// std::length_error and nobody gets it. 65,536 are 4 MiB a server and at
  /// one subscriber each about 20 ms of work.
  std::size_t jobs_max = 65'536;

  /// Subscriptions at one server.
  std::size_t subscriptions_max = std::size_t{1} << 24;

  /// Makes the way to other nodes when the pubsub starts; empty: none.
  std::function<std::unique_ptr<channels::adapter>(runtime::node&)> adapter{};

  runtime::restart_intensity intensity{};
};

/// A pubsub as a child of a supervisor: a supervisor named `name` over servers
/// named `name.0`, `name.1` and so on. Place it before what uses it, under
/// rest_for_one.
///
/// Subscriptions and waiting broadcasts do not lie in the server processes but
/// in a hub that the spec keeps, as ETS tables with an heir do: a server that
/// is killed and restarted goes on after the last subscriber it served, so
/// nothing is lost and nobody has to rejoin. That costs a subscriber no link
/// and no byte. One spec belongs to one node at a time.
runtime::child_spec pubsub_spec(pubsub_options options);

/// A live handle of a started pubsub. Mirrors Phoenix.PubSub. Each server
/// holds the subscriptions of processes of its own shard, in a duplicate_bag;
/// a broadcast is one job for each server that may have a subscriber of its
/// topic, all at once. Messages of one sender reach a subscriber in order;
/// delivery is at most once, without replay. Value; broadcasting is
/// thread-safe.
///
///     const auto bus = pubsub::find(self.node(), "chat.pubsub");
///     bus.subscribe(self, "news");
///     bus.broadcast("news", headline{"it works"});
class pubsub {
public:
  pubsub() = default;

  /// The pubsub of that name; throws std::runtime_error when it does not run.
  /// Outside a shard it waits for one. Keep what it returns.
  static pubsub find(runtime::node& node, std::string_view name);

  explicit operator bool() const noexcept { return hub_ != nullptr; }
  const std::string& name() const noexcept;
  runtime::node& node() const noexcept;
  std::string node_name() const;
  std::size_t server_count() const noexcept;

  // -- subscribing: called in `self` --

  /// From now on `self` gets what is broadcast on a topic. Subscribing twice
  /// delivers twice, as in Phoenix. Ends with the process.
  void subscribe(runtime::process& self, const topic& on) const;

  /// Ends all of `self`'s subscriptions of a topic; none is no error.
  void unsubscribe(runtime::process& self, const topic& on) const;

  // -- broadcasting --

  /// Sends `xs` as one message to every subscriber of a topic, on all nodes.
  template <class... Ts>
  void broadcast(const topic& on, Ts&&... xs) const {
    publish({on, runtime::make_message(std::forward<Ts>(xs)...), {}, nullptr});
  }

  /// To all but `from`.
  template <class... Ts>
  void broadcast_from(const runtime::pid& from, const topic& on,
                      Ts&&... xs) const {
    publish(
      {on, runtime::make_message(std::forward<Ts>(xs)...), from, nullptr});
  }

  /// To the subscribers of this node only.
  template <class... Ts>
  void local_broadcast(const topic& on, Ts&&... xs) const {
    publish_local(
      {on, runtime::make_message(std::forward<Ts>(xs)...), {}, nullptr});
  }

  /// To those but `from`.
  template <class... Ts>
  void local_broadcast_from(const runtime::pid& from, const topic& on,
                            Ts&&... xs) const {
    publish_local(
      {on, runtime::make_message(std::forward<Ts>(xs)...), from, nullptr});
  }

  /// To the subscribers of another node only.
  template <class... Ts>
  void direct_broadcast(std::string_view node, const topic& on,
                        Ts&&... xs) const {
    publish_direct(
      node, {on, runtime::make_message(std::forward<Ts>(xs)...), {}, nullptr});
  }

  // -- for layers above, which bring a dispatcher --

  void publish(publication what) const;
  void publish_local(publication what) const;
  void publish_direct(std::string_view node, publication what) const;

  /// Subscribes with a fastlane to `fastlane`, a process of the same shard.
  /// The caller, not the pubsub, ends it: in `self`'s destructor at the
  /// latest, which also runs for a killed process. `on` becomes the copy that
  /// all subscribers of the topic share.
  runtime::object_ref subscribe_lane(runtime::process& self, topic& on,
                                     const runtime::pid& fastlane,
                                     const lane* what) const;
  void unsubscribe_lane(const runtime::pid& self,
                        const runtime::object_ref& ref) const;

  // -- looking in: on the shard of the server --

  std::size_t subscriber_count(std::size_t server, const topic& on) const;
  runtime::table_info table(std::size_t server) const;

private:
  explicit pubsub(std::shared_ptr<pubsub_hub> hub) : hub_(std::move(hub)) {}

  std::shared_ptr<pubsub_hub> hub_;
};

} // namespace bennu::channels
