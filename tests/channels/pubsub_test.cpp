#include "channels/pubsub/pubsub.hpp"
#include "runtime/node.hpp"
#include "runtime/process.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/telemetry.hpp"
#include "runtime/testing/sim_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::channels {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using shared_texts = std::shared_ptr<std::vector<std::string>>;

struct subscribe_to {
  std::string topic;
};
struct unsubscribe_from {
  std::string topic;
};

/// Remembers the adapter's calls instead of reaching another node.
class recording_adapter final : public adapter {
public:
  explicit recording_adapter(std::vector<std::string>& calls) : calls_(calls) {}
  std::string node_name() const override { return "here"; }
  void broadcast(const publication& what) override {
    calls_.push_back("broadcast " + what.topic.str());
    if (what.topic == "unreachable")
      throw std::runtime_error("no way");
  }
  void direct_broadcast(std::string_view node,
                        const publication& what) override {
    calls_.push_back("direct " + std::string{node} + ' ' + what.topic.str());
  }

private:
  std::vector<std::string>& calls_;
};

struct pubsub_fixture : ::testing::Test {
  explicit pubsub_fixture(pubsub_options options = {.name = "bus"},
                          std::size_t shards = 2)
    : sim({.shards = shards}) {
    const auto failure = sim.start(
      runtime::one_for_one("top", {}, pubsub_spec(std::move(options))));
    EXPECT_FALSE(failure);
    bus = pubsub::find(sim.node(), "bus");
  }

  struct subscriber {
    runtime::pid id;
    shared_texts got;
  };

  /// A process that subscribes and remembers what it gets.
  subscriber subscribe(std::string topic, std::size_t shard = 0) {
    subscriber x;
    x.got = std::make_shared<std::vector<std::string>>();
    auto body = [=, b = bus](runtime::process& self) -> runtime::behavior {
      b.subscribe(self, topic);
      return {
        [=](std::string text) { x.got->push_back(std::move(text)); },
        [=, &self](subscribe_to to) { b.subscribe(self, to.topic); },
        [=, &self](unsubscribe_from to) { b.unsubscribe(self, to.topic); },
      };
    };
    const runtime::spawn_options how{.shard = shard};
    x.id = sim.node().spawn(how, std::in_place_type<runtime::function_process>,
                            body);
    sim.run();
    return x;
  }

  std::size_t count(std::string_view topic) {
    std::size_t all = 0;
    for (std::size_t i = 0; i < bus.server_count(); ++i)
      all += bus.subscriber_count(i, topic);
    return all;
  }

  void kill_server(std::size_t index) {
    sim.node().exit(sim.node().whereis("bus." + std::to_string(index)),
                    runtime::exit_reason::kill());
  }

  runtime::sim_node sim;
  pubsub bus;
};

TEST_F(pubsub_fixture, reaches_the_subscribers_of_every_shard) {
  const auto a = subscribe("news", 0);
  const auto b = subscribe("news", 1);
  const auto c = subscribe("other", 1);
  bus.broadcast("news", "hi");
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("hi"));
  EXPECT_THAT(*b.got, ElementsAre("hi"));
  EXPECT_THAT(*c.got, IsEmpty());
}

TEST_F(pubsub_fixture, keeps_a_subscription_on_its_subscribers_shard) {
  subscribe("news", 1);
  EXPECT_EQ(bus.server_count(), 2u);
  EXPECT_EQ(bus.subscriber_count(0, "news"), 0u);
  EXPECT_EQ(bus.subscriber_count(1, "news"), 1u);
  EXPECT_EQ(bus.table(1).name, "bus.1");
  EXPECT_EQ(bus.table(1).kind, runtime::table_kind::duplicate_bag);
}

TEST_F(pubsub_fixture, wakes_the_servers_with_a_subscriber_alone) {
  std::vector<std::string> served;
  sim.node().telemetry().attach("test", std::string{events::pubsub_dispatched},
                                [&](const runtime::telemetry_event& x) {
                                  served.emplace_back(x.about("server"));
                                });
  const auto a = subscribe("news", 1);
  bus.broadcast("news", "1");
  bus.broadcast("other", "2");
  sim.run();
  EXPECT_THAT(served, ElementsAre("bus.1"));
  sim.node().send(a.id, unsubscribe_from{"news"});
  sim.run();
  bus.broadcast("news", "3");
  sim.run();
  EXPECT_THAT(served, ElementsAre("bus.1"));
  sim.node().send(a.id, subscribe_to{"news"});
  sim.run();
  bus.broadcast("news", "4");
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("1", "4"));
}

TEST_F(pubsub_fixture, keeps_the_order_of_a_sender) {
  const auto a = subscribe("news");
  for (int i = 0; i < 5; ++i)
    bus.broadcast("news", std::to_string(i));
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("0", "1", "2", "3", "4"));
}

TEST_F(pubsub_fixture, delivers_as_often_as_one_has_subscribed) {
  const auto a = subscribe("news");
  sim.node().send(a.id, subscribe_to{"news"});
  sim.run();
  bus.broadcast("news", "hi");
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("hi", "hi"));
  sim.node().send(a.id, unsubscribe_from{"news"});
  sim.node().send(a.id, unsubscribe_from{"never"});
  sim.run();
  bus.broadcast("news", "late");
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("hi", "hi"));
  EXPECT_EQ(count("news"), 0u);
}

TEST_F(pubsub_fixture, leaves_out_the_sender_of_a_broadcast_from) {
  const auto a = subscribe("news");
  const auto b = subscribe("news");
  bus.broadcast_from(a.id, "news", "hi");
  sim.run();
  EXPECT_THAT(*a.got, IsEmpty());
  EXPECT_THAT(*b.got, ElementsAre("hi"));
}

TEST_F(pubsub_fixture, forgets_a_subscriber_that_dies) {
  const auto a = subscribe("news");
  sim.node().exit(a.id, runtime::exit_reason::kill());
  sim.run();
  EXPECT_EQ(count("news"), 0u);
}

// -- a server that dies -------------------------------------------------------

TEST_F(pubsub_fixture, loses_nothing_when_a_server_is_killed) {
  const auto a = subscribe("news", 0);
  const auto b = subscribe("news", 1);
  bus.broadcast("news", "before");
  kill_server(0);
  bus.broadcast("news", "after");
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("before", "after"));
  EXPECT_THAT(*b.got, ElementsAre("before", "after"));
  bus.broadcast("news", "later");
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("before", "after", "later"));
}

TEST_F(pubsub_fixture, still_forgets_the_dead_after_a_server_was_killed) {
  const auto a = subscribe("news", 0);
  kill_server(0);
  sim.run();
  sim.node().exit(a.id, runtime::exit_reason::kill());
  sim.run();
  EXPECT_EQ(count("news"), 0u);
}

TEST_F(pubsub_fixture, forgets_who_died_while_its_server_was_dead) {
  const auto a = subscribe("news", 0);
  kill_server(0);
  sim.node().exit(a.id, runtime::exit_reason::kill());
  sim.run();
  EXPECT_EQ(count("news"), 0u);
}

// -- chunks -------------------------------------------------------------------

struct small_chunks : pubsub_fixture {
  small_chunks() : pubsub_fixture({.name = "bus", .chunk_max = 2}, 1) {}
};

TEST_F(small_chunks, serve_all_over_several_turns) {
  std::vector<subscriber> all;
  for (int i = 0; i < 7; ++i)
    all.push_back(subscribe("news"));
  bus.broadcast("news", "1");
  bus.broadcast("news", "2");
  sim.run();
  for (const auto& x : all)
    EXPECT_THAT(*x.got, ElementsAre("1", "2"));
}

TEST_F(small_chunks, let_others_run_in_between) {
  std::vector<subscriber> all;
  for (int i = 0; i < 20; ++i)
    all.push_back(subscribe("news"));
  std::size_t served = 0;
  bus.broadcast("news", "1");
  const auto other = sim.node().spawn([&](runtime::process& self) {
    self.send(self.self(), 1);
    return runtime::behavior{[&](int) {
      for (const auto& x : all)
        served += x.got->size();
    }};
  });
  sim.run();
  EXPECT_LT(served, 20u);
  EXPECT_TRUE(sim.node().is_alive(other));
}

TEST_F(small_chunks, do_not_serve_who_subscribes_or_leaves_meanwhile_twice) {
  const auto a = subscribe("news");
  const auto b = subscribe("news");
  const auto c = subscribe("news");
  bus.broadcast("news", "1");
  sim.node().exit(c.id, runtime::exit_reason::kill());
  sim.run();
  const auto d = subscribe("news");
  EXPECT_THAT(*a.got, ElementsAre("1"));
  EXPECT_THAT(*b.got, ElementsAre("1"));
  EXPECT_THAT(*d.got, IsEmpty());
}

TEST_F(small_chunks, go_on_where_a_killed_server_stood) {
  std::vector<subscriber> all;
  for (int i = 0; i < 9; ++i)
    all.push_back(subscribe("news"));
  // One process that kills the server now and then while it is at work.
  const auto killer = sim.node().spawn([&](runtime::process& self) {
    self.send(self.self(), 2);
    return runtime::behavior{[&](int left) {
      kill_server(0);
      if (left > 1)
        self.send(self.self(), left - 1);
    }};
  });
  bus.broadcast("news", "1");
  bus.broadcast("news", "2");
  sim.run();
  EXPECT_TRUE(sim.node().is_alive(killer));
  for (const auto& x : all)
    EXPECT_THAT(*x.got, ElementsAre("1", "2"));
}

// -- limits and options -------------------------------------------------------

struct small_pubsub : pubsub_fixture {
  small_pubsub()
    : pubsub_fixture({.name = "bus", .jobs_max = 2, .subscriptions_max = 2},
                     1) {}
};

TEST_F(small_pubsub, takes_jobs_max_broadcasts_and_not_one_more) {
  const auto a = subscribe("news");
  bus.broadcast("news", "1");
  bus.broadcast("news", "2");
  EXPECT_THROW(bus.broadcast("news", "3"), std::length_error);
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("1", "2"));
  bus.broadcast("news", "4");
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("1", "2", "4"));
}

TEST_F(small_pubsub, takes_any_number_of_broadcasts_that_nobody_hears) {
  const auto a = subscribe("news");
  for (int i = 0; i < 10; ++i)
    bus.broadcast("other", "1");
  bus.broadcast("news", "2");
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("2"));
}

TEST_F(small_pubsub, takes_subscriptions_max_and_not_one_more) {
  const auto a = subscribe("news");
  const auto b = subscribe("news");
  const auto c = subscribe("news");
  EXPECT_TRUE(sim.node().is_alive(b.id));
  EXPECT_FALSE(sim.node().is_alive(c.id));
  EXPECT_EQ(count("news"), 2u);
}

TEST(pubsub_options, ask_for_a_name) {
  EXPECT_THROW(pubsub_spec({}), std::invalid_argument);
}

TEST(pubsub_options, round_the_pool_up_to_whole_shards) {
  for (const auto& [wanted, made] :
       {std::pair{0u, 2u}, {1u, 2u}, {2u, 2u}, {3u, 4u}, {4u, 4u}}) {
    runtime::sim_node sim{{.shards = 2}};
    ASSERT_FALSE(sim.start(runtime::one_for_one(
      "top", {}, pubsub_spec({.name = "bus", .pool_size = wanted}))));
    EXPECT_EQ(pubsub::find(sim.node(), "bus").server_count(), made);
  }
}

TEST(pubsub_handle, is_found_by_name_only) {
  runtime::sim_node sim;
  EXPECT_THROW(pubsub::find(sim.node(), "nobody"), std::runtime_error);
}

// -- the adapter --------------------------------------------------------------

/// Made before the pubsub, which makes its adapter at once.
struct adapter_calls {
  std::vector<std::string> calls;
};

struct with_adapter : adapter_calls, pubsub_fixture {
  with_adapter()
    : pubsub_fixture({.name = "bus", .adapter = [&to = calls](runtime::node&) {
                        return std::make_unique<recording_adapter>(to);
                      }}) {}
};

TEST_F(with_adapter, broadcasts_to_other_nodes_first) {
  const auto a = subscribe("news");
  bus.broadcast("news", "hi");
  EXPECT_THAT(calls, ElementsAre("broadcast news"));
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("hi"));
}

TEST_F(with_adapter, does_not_deliver_here_what_it_could_not_send) {
  const auto a = subscribe("unreachable");
  EXPECT_THROW(bus.broadcast("unreachable", "hi"), std::runtime_error);
  sim.run();
  EXPECT_THAT(*a.got, IsEmpty());
}

TEST_F(with_adapter, keeps_local_broadcasts_here) {
  const auto a = subscribe("news");
  bus.local_broadcast("news", "hi");
  sim.run();
  EXPECT_THAT(calls, IsEmpty());
  EXPECT_THAT(*a.got, ElementsAre("hi"));
  bus.local_broadcast_from(a.id, "news", "not to its sender");
  sim.run();
  EXPECT_THAT(calls, IsEmpty());
  EXPECT_THAT(*a.got, ElementsAre("hi"));
}

TEST_F(with_adapter, sends_direct_broadcasts_to_one_node) {
  const auto a = subscribe("news");
  bus.direct_broadcast("there", "news", "hi");
  sim.run();
  EXPECT_THAT(calls, ElementsAre("direct there news"));
  EXPECT_THAT(*a.got, IsEmpty());
  bus.direct_broadcast(bus.node_name(), "news", "hi");
  sim.run();
  EXPECT_THAT(*a.got, ElementsAre("hi"));
}

} // namespace
} // namespace bennu::channels
