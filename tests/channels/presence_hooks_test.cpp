#include "channels/presence.hpp"
#include "runtime/log.hpp"
#include "tests/channels/presence_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::channels {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;

using texts = std::vector<std::string>;

/// The keys of a topic, as text: "ann bob".
std::string keys_of(const json& presences) {
  std::string all;
  for (const auto& x : presences.items())
    all += (all.empty() ? "" : " ") + x.key();
  return all;
}

/// A base, so that it outlives the node.
struct recorded_calls {
  texts calls;
};

// -- fetch --------------------------------------------------------------------

struct fetching : recorded_calls, presence_fixture {
  fetching()
    : presence_fixture({.fetch = [this](const topic& on, json presences) {
        calls.push_back(on.str() + ": " + keys_of(presences));
        for (auto& x : presences)
          x["user"] = {{"name", "a name"}};
        return presences;
      }}) {}
};

TEST_F(fetching, adds_to_what_is_listed_once_a_list) {
  present("ann");
  present("bob");
  calls.clear();
  const auto all = list();
  EXPECT_EQ(all["ann"]["user"]["name"], "a name");
  EXPECT_EQ(all["bob"]["metas"].size(), 1u);
  EXPECT_EQ(here.get_by_key("room:lobby", "bob")["user"]["name"], "a name");
  EXPECT_THAT(calls, ElementsAre("room:lobby: ann bob", "room:lobby: bob"));
}

TEST_F(fetching, adds_to_a_state_too) {
  present("ann");
  EXPECT_EQ(here.state("room:lobby").text(), list().dump());
  EXPECT_EQ(list()["ann"]["user"]["name"], "a name");
}

TEST_F(fetching, is_not_called_for_nobody) {
  EXPECT_EQ(list(), json::object());
  EXPECT_THAT(calls, ElementsAre());
}

TEST_F(fetching, adds_to_each_diff_for_joins_and_for_leaves) {
  auto ann = present("ann");
  calls.clear();
  ann.await_reply(ann.push("room:lobby", "update"));
  const auto x = ann.await_broadcast("presence_diff").payload.as_json();
  EXPECT_EQ(x["joins"]["ann"]["user"]["name"], "a name");
  EXPECT_EQ(x["leaves"]["ann"]["user"]["name"], "a name");
  EXPECT_EQ(calls.size(), 2u);
}

struct failing_fetch : presence_fixture {
  failing_fetch()
    : presence_fixture({.fetch = [](const topic&, json presences) -> json {
        if (presences.contains("boom"))
          throw std::runtime_error("boom");
        return presences;
      }}) {}
};

TEST_F(failing_fetch, costs_its_diff_and_no_presence) {
  runtime::log_threshold(runtime::log_level::off);
  auto ann = present("ann");
  const auto who = here.tracker().find("room:lobby", "ann")[0]->who;
  ASSERT_TRUE(here.track(who, "room:lobby", "boom"));
  ann.refute_broadcast("presence_diff");
  here.untrack(who, "room:lobby", "boom");
  run();
  present("bob");
  const auto x = ann.await_broadcast("presence_diff").payload.as_json();
  EXPECT_TRUE(x["joins"].contains("bob"));
  runtime::log_threshold(runtime::log_level::info);
}

// -- handle_metas -------------------------------------------------------------

class recorder final : public metas_handler {
public:
  explicit recorder(texts& calls) : calls_(calls) {}

  void handle_metas(const topic& on, const json& diff,
                    const metas_by_key& presences) override {
    std::string line = on.str() + " +" + keys_of(diff["joins"]) + " -"
                       + keys_of(diff["leaves"]) + " =";
    for (const auto& [key, metas] : presences)
      line += ' ' + key + ':' + std::to_string(metas.size());
    calls_.push_back(line);
  }

private:
  texts& calls_;
};

struct handling_metas : recorded_calls, presence_fixture {
  handling_metas()
    : presence_fixture({.init = [this](runtime::process&) {
        calls.push_back("init");
        return std::make_unique<recorder>(calls);
      }}) {}
};

TEST_F(handling_metas, sees_each_diff_and_everyone_after_it) {
  auto ann = present("ann");
  auto bob = present("ann");
  bob.leave("room:lobby");
  run();
  ann.push("room:lobby", "update");
  run();
  ann.close();
  EXPECT_THAT(
    calls, ElementsAre("init", "room:lobby +ann - = ann:1",
                       "room:lobby +ann - = ann:2", "room:lobby + -ann = ann:1",
                       "room:lobby +ann -ann = ann:1", "room:lobby + -ann ="));
}

TEST_F(handling_metas, begins_anew_with_who_is_here) {
  runtime::log_threshold(runtime::log_level::off);
  present("ann");
  calls.clear();
  node().exit(server(), runtime::exit_reason::kill());
  run();
  present("bob");
  EXPECT_THAT(calls, ElementsAre("init", "room:lobby +bob - = ann:1 bob:1"));
  runtime::log_threshold(runtime::log_level::info);
}

// -- diffs together -----------------------------------------------------------

struct by_interval : presence_fixture {
  by_interval() : presence_fixture({.tracking = {.diff_interval = 1s}}) {
    ann = connect();
    EXPECT_TRUE(ann->join("room:lobby"));
    ann->await_push("presence_state");
    who = node().spawn(
      [](runtime::process&) { return runtime::behavior{[](int) {}}; });
  }

  json next_diff() {
    advance(1s);
    return ann->await_broadcast("presence_diff").payload.as_json();
  }

  std::optional<testing::client> ann;
  runtime::pid who;
};

TEST_F(by_interval, changes_within_it_are_one_diff) {
  here.track(who, "room:lobby", "a");
  here.track(who, "room:lobby", "b");
  advance(999ms);
  ann->refute_broadcast("presence_diff");
  EXPECT_EQ(list().size(), 2u) << "a list does not wait";
  const auto x = next_diff();
  EXPECT_EQ(keys_of(x["joins"]), "a b");
  here.untrack(who, "room:lobby", "a");
  EXPECT_EQ(keys_of(next_diff()["leaves"]), "a");
  advance(10s);
  ann->refute_broadcast("presence_diff");
}

TEST_F(by_interval, who_came_and_went_within_it_has_left) {
  here.track(who, "room:lobby", "a");
  here.track(who, "room:lobby", "b");
  here.untrack(who, "room:lobby", "a");
  const auto x = next_diff();
  EXPECT_EQ(keys_of(x["joins"]), "b");
  EXPECT_EQ(keys_of(x["leaves"]), "a");
}

TEST_F(by_interval, who_saw_somebody_come_is_told_of_the_end) {
  here.track(who, "room:lobby", "a");
  auto bob = connect();
  ASSERT_TRUE(bob.join("room:lobby"));
  const auto state = bob.await_push("presence_state").payload.as_json();
  ASSERT_TRUE(state.contains("a"));
  here.untrack(who, "room:lobby", "a");
  advance(1s);
  EXPECT_EQ(
    bob.await_broadcast("presence_diff").payload.as_json()["leaves"]["a"],
    state["a"]);
}

TEST_F(by_interval, updates_within_it_are_one) {
  here.track(who, "room:lobby", "a", {{"n", 0}});
  const auto first = next_diff()["joins"]["a"]["metas"];
  for (int i = 1; i <= 3; ++i)
    here.update(who, "room:lobby", "a", {{"n", i}});
  const auto x = next_diff();
  EXPECT_EQ(x["leaves"]["a"]["metas"].size(), 3u);
  EXPECT_THAT(x["leaves"]["a"]["metas"], Contains(first[0]));
  ASSERT_EQ(x["joins"]["a"]["metas"].size(), 1u);
  EXPECT_EQ(x["joins"]["a"]["metas"][0]["n"], 3);
}

// -- a pubsub without room ----------------------------------------------------

TEST(presence_diffs, wait_together_while_the_pubsub_has_no_room) {
  testing::test_endpoint small(
    {.channels = {route<present_channel>("room:*")}},
    {.shards = 1,
     .pubsub = {.name = "test.pubsub", .jobs_max = 1},
     .workers = {presence_fixture::spec_of({})}});
  auto ann = testing::client{small, *small.connect({{"vsn", "2.0.0"}})};
  ASSERT_TRUE(ann.join("room:lobby"));
  ann.await_push("presence_state");
  const auto here = presence::find(small.node(), "test.presence");
  const auto who = small.node().spawn(
    [](runtime::process&) { return runtime::behavior{[](int) {}}; });
  // The tracker runs before the pubsub's server does: one diff fits.
  for (int i = 0; i < 5; ++i)
    here.track(who, "room:lobby", "key" + std::to_string(i));
  small.sim().run();
  std::size_t joins = 0;
  for (int i = 0; i < 5; ++i)
    small.sim().advance(50ms);
  auto& box = ann.raw().inbox().messages;
  for (const auto& x : box)
    joins += x.payload.as_json()["joins"].size();
  EXPECT_EQ(joins, 5u);
  EXPECT_EQ(box.size(), 2u) << ann.raw().describe();
}

// -- other nodes --------------------------------------------------------------

TEST(presence_metas, go_to_other_nodes_as_json) {
  const auto metas = presence_metas();
  const json meta{{"phx_ref", "F1"}, {"name", "\u00e9\u0000"}};
  const auto bytes = metas.write(runtime::make_message(json(meta)));
  EXPECT_EQ(*metas.read(bytes)->value_if<json>(), meta);
}

TEST(presence_metas, are_objects_with_a_ref_and_nothing_else) {
  const auto metas = presence_metas();
  for (const char* bad :
       {"", "{", "1", "[]", "{}", R"({"name":"ann"})", "\xff"})
    EXPECT_FALSE(metas.read(bad)) << bad;
}

} // namespace
} // namespace bennu::channels
