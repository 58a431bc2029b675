#include "channels/tracker/server.hpp"
#include "channels/tracker/tracker.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/testing/sim_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::channels {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using texts = std::vector<std::string>;

/// Remembers what is to be sent, and may fail to.
class recording_peers final : public tracker_peers {
public:
  explicit recording_peers(texts& sent) : sent_(sent) {}
  void broadcast(const tracker_gossip& x) override {
    sent_.push_back(std::holds_alternative<tracker_goodbye>(x) ? "goodbye"
                                                               : "beat");
    throw std::runtime_error("no way");
  }
  void send(const replica& to, const tracker_gossip&) override {
    sent_.push_back("to " + to.name);
  }

private:
  texts& sent_;
};

class recording_handler final : public diff_handler {
public:
  explicit recording_handler(texts& told) : told_(told) {}
  void handle_diff(const topic_diff& x) override {
    std::string line = x.topic.str();
    for (const auto& e : x.joins)
      line += " +" + e->key.str();
    for (const auto& e : x.leaves)
      line += " -" + e->key.str();
    told_.push_back(line);
  }

private:
  texts& told_;
};

/// A base, so that it outlives the node.
struct recorded {
  texts sent;
  texts told;
};

struct tracker_fixture : recorded, ::testing::Test {
  explicit tracker_fixture(tracker_options options = {}) {
    runtime::log_threshold(runtime::log_level::off);
    options.name = "tracker";
    options.pubsub = "bus";
    options.handler = [this](runtime::process&, std::size_t) {
      return std::make_unique<recording_handler>(told);
    };
    options.peers = [this](runtime::process&, std::size_t) {
      return std::make_unique<recording_peers>(sent);
    };
    const auto failure = sim.start(runtime::rest_for_one(
      "top", {}, pubsub_spec({.name = "bus"}), tracker_spec(options)));
    EXPECT_FALSE(failure);
    x = tracker::find(sim.node(), "tracker");
    who = process();
  }
  ~tracker_fixture() override {
    runtime::log_threshold(runtime::log_level::info);
  }

  runtime::pid process() {
    return sim.node().spawn(
      [](runtime::process&) { return runtime::behavior{[](int) {}}; });
  }

  runtime::sim_node sim;
  tracker x;
  runtime::pid who;
};

TEST_F(tracker_fixture, a_call_acts_at_once) {
  EXPECT_EQ(x.track(who, "room", "ann", {}), track_error::none);
  EXPECT_EQ(x.list("room").size(), 1u);
  EXPECT_THAT(told, IsEmpty());
  sim.run();
  EXPECT_THAT(told, ElementsAre("room +ann"));
}

TEST_F(tracker_fixture, one_diff_a_call_in_their_order) {
  x.track(who, "room", "ann", {});
  x.track(who, "hall", "ann", {});
  x.untrack(who, "room", "ann");
  x.untrack(who, "room", "nobody");
  x.untrack(who);
  x.untrack(who);
  sim.run();
  EXPECT_THAT(told,
              ElementsAre("room +ann", "hall +ann", "room -ann", "hall -ann"));
}

TEST_F(tracker_fixture, tells_more_than_it_does_at_once) {
  const auto n = tracker_server::diffs_at_once * 2 + 5;
  for (std::size_t i = 0; i < n; ++i)
    x.track(who, "room", "key" + std::to_string(i), {});
  sim.run();
  EXPECT_EQ(told.size(), n);
}

TEST_F(tracker_fixture, an_update_that_gives_nothing_changes_nothing) {
  x.track(who, "room", "ann", runtime::make_message(1));
  const auto keep = [](const runtime::message&) { return runtime::message{}; };
  EXPECT_EQ(x.update(who, "room", "ann", keep), track_error::none);
  EXPECT_EQ(x.update(who, "room", "bob", keep), track_error::nopresence);
  EXPECT_TRUE(x.list("room")[0]->meta.holds<int>());
}

TEST_F(tracker_fixture, an_update_may_use_the_tracker) {
  x.track(who, "room", "ann", runtime::make_message(1));
  x.update(who, "room", "ann", [&](const runtime::message& m) {
    const auto n = *m.value_if<int>();
    if (n == 1) // somebody else is faster
      x.update(who, "room", "ann",
               [](auto&) { return runtime::make_message(5); });
    return runtime::make_message(n * 10);
  });
  EXPECT_EQ(*x.list("room")[0]->meta.value_if<int>(), 50);
}

TEST_F(tracker_fixture, who_ends_is_untracked_from_everywhere) {
  x.track(who, "room", "ann", {});
  x.track(who, "hall", "ann", {});
  sim.run();
  sim.node().exit(who, runtime::exit_reason::kill());
  sim.run();
  EXPECT_THAT(x.list("room"), IsEmpty());
  EXPECT_THAT(x.list("hall"), IsEmpty());
  EXPECT_EQ(told.size(), 4u);
}

TEST_F(tracker_fixture, lists_by_key_in_pages) {
  const auto n = tracker_index::page_max * 2 + 5;
  for (std::size_t i = 0; i < n; ++i)
    x.track(who, "room", "key" + std::to_string(i), {});
  const auto all = x.list("room");
  EXPECT_EQ(all.size(), n);
  EXPECT_TRUE(
    std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a->key < b->key;
    }));
  EXPECT_EQ(x.count("room").keys, n);
  x.untrack(who);
  EXPECT_EQ(x.count("room"), presence_counts{});
}

TEST_F(tracker_fixture, beats_though_nothing_can_be_sent) {
  EXPECT_THAT(sent, IsEmpty());
  sim.advance(375ms); // a quarter of the period
  EXPECT_THAT(sent, ElementsAre("beat"));
  x.track(who, "room", "ann", {});
  sim.advance(1500ms);
  sim.advance(15s);
  EXPECT_THAT(sent, ElementsAre("beat", "beat", "beat"));
}

TEST_F(tracker_fixture, goes_silent_with_a_goodbye) {
  sim.advance(375ms);
  x.graceful_permdown();
  sim.advance(60s);
  EXPECT_THAT(sent, ElementsAre("beat", "goodbye"));
  const auto before = x.self();
  x.track(who, "room", "ann", {});
  sim.node().exit(sim.node().whereis("tracker.0"),
                  runtime::exit_reason::kill());
  sim.advance(1s);
  EXPECT_EQ(x.self().vsn, before.vsn + 1);
  EXPECT_THAT(sent, ElementsAre("beat", "goodbye", "beat"));
  EXPECT_EQ(x.list("room").size(), 1u);
}

TEST_F(tracker_fixture, says_nothing_when_it_stops) {
  sim.advance(1s);
  sim.stop();
  EXPECT_THAT(sent, ElementsAre("beat"));
}

TEST_F(tracker_fixture, hears_its_peers) {
  const replica other{"other", 1};
  x.receive(0, tracker_heartbeat{.from = other, .changes = {}, .seen = {}});
  sim.run();
  const auto all = x.replicas();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].who, other);
  EXPECT_TRUE(all[0].up);
}

struct polite : tracker_fixture {
  polite() : tracker_fixture({.permdown_on_shutdown = true}) {}
};

TEST_F(polite, says_goodbye_when_it_stops_in_order) {
  sim.advance(1s);
  sim.stop();
  EXPECT_THAT(sent, ElementsAre("beat", "goodbye"));
}

TEST_F(polite, says_nothing_when_it_crashes) {
  sim.advance(1s);
  sim.node().exit(sim.node().whereis("tracker.0"),
                  runtime::exit_reason::kill());
  sim.run();
  EXPECT_THAT(sent, ElementsAre("beat"));
}

struct pooled : tracker_fixture {
  pooled() : tracker_fixture({.pool_size = 3}) {}
};

TEST_F(pooled, each_topic_is_one_members) {
  for (int i = 0; i < 30; ++i)
    x.track(who, "room:" + std::to_string(i), "ann", {});
  std::size_t all = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_GT(x.online(i).size(), 0u);
    all += x.online(i).size();
  }
  EXPECT_EQ(all, 30u);
  EXPECT_EQ(x.list("room:7").size(), 1u);
  sim.run();
  EXPECT_EQ(told.size(), 30u);
  sim.node().exit(who, runtime::exit_reason::kill());
  sim.run();
  EXPECT_EQ(told.size(), 60u);
}

struct few_diffs : tracker_fixture {
  few_diffs() : tracker_fixture({.diffs_max = 3}) {}
};

TEST_F(few_diffs, more_that_wait_are_joined) {
  for (const auto* key : {"a", "b", "c"})
    x.track(who, "room", key, {});
  sim.run();
  EXPECT_THAT(told, ElementsAre("room +a", "room +b", "room +c"));
  told.clear();
  for (const auto* key : {"d", "e", "f", "g"})
    x.track(who, "room", key, {});
  x.untrack(who, "room", "d");
  sim.run();
  EXPECT_THAT(told, ElementsAre("room +d +e +f +g", "room -d"));
}

struct few_changes : tracker_fixture {
  few_changes() : tracker_fixture({.changes_max = 3}) {}
};

TEST_F(few_changes, so_many_wait_and_not_one_more) {
  const auto changed = [](const runtime::message&) {
    return runtime::make_message(1);
  };
  for (const auto* key : {"a", "b", "c"})
    EXPECT_EQ(x.track(who, "room", key, {}), track_error::none);
  EXPECT_EQ(x.track(who, "room", "d", {}), track_error::too_many);
  EXPECT_EQ(x.update(who, "room", "a", changed), track_error::too_many);
  x.untrack(who, "room", "a"); // always can be
  sim.run();
  EXPECT_EQ(x.track(who, "room", "d", {}), track_error::none);
  EXPECT_EQ(x.update(who, "room", "b", changed), track_error::none);
}

TEST(tracker_specs, say_what_is_wrong) {
  EXPECT_THROW(tracker_spec({.pubsub = "bus"}), std::invalid_argument);
  EXPECT_THROW(tracker_spec({.name = "x"}), std::invalid_argument);
  EXPECT_THROW(tracker_spec({.name = "x", .pubsub = "bus", .pool_size = 0}),
               std::invalid_argument);
  try {
    tracker_spec(
      {.name = "x", .pubsub = "bus", .timing = {.broadcast_period = 20s}});
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "down_period must be at least twice as large as the "
                           "broadcast_period");
  }
}

TEST(tracker_specs, need_their_pubsub_to_run) {
  runtime::log_threshold(runtime::log_level::off);
  runtime::sim_node sim;
  const auto failure = sim.start(runtime::one_for_one(
    "top", {}, tracker_spec({.name = "x", .pubsub = "bus"})));
  ASSERT_TRUE(failure);
  EXPECT_NE(to_string(*failure).find("no pubsub \"bus\" runs"),
            std::string::npos)
    << to_string(*failure);
  runtime::log_threshold(runtime::log_level::info);
}

} // namespace
} // namespace bennu::channels
