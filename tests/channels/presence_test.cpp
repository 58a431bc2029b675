#include "channels/presence.hpp"
#include "runtime/log.hpp"
#include "tests/channels/presence_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <thread>

namespace bennu::channels {
namespace {

using namespace std::chrono_literals;

using presences = presence_fixture;

TEST_F(presences, a_client_that_joins_gets_who_is_here) {
  present("ann", {{"status", "here"}});
  auto bob = connect();
  ASSERT_TRUE(bob.join("room:lobby"));
  const auto state = bob.await_push("presence_state").payload.as_json();
  ASSERT_TRUE(state.contains("ann"));
  const auto& metas = state["ann"]["metas"];
  ASSERT_EQ(metas.size(), 1u);
  EXPECT_EQ(metas[0]["status"], "here");
  EXPECT_FALSE(metas[0]["phx_ref"].get<std::string>().empty());
}

TEST_F(presences, a_joiner_is_in_its_own_presence_state) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:lobby", {{"key", "ann"}}));
  const auto state = ann.await_push("presence_state").payload.as_json();
  const auto diff = ann.await_broadcast("presence_diff").payload.as_json();
  EXPECT_EQ(state, diff["joins"]);
  EXPECT_EQ(diff["leaves"], json::object());
}

TEST_F(presences, its_state_is_its_list_as_text) {
  EXPECT_EQ(here.state("room:lobby").text(), "{}");
  const auto ann = present("ann", {{"n", 1}, {"said", "\"hi\"\n"}});
  const auto bob = present("b\\\xc3\xb6\"b", {{"deep", {{"x", {1, 2.5}}}}});
  const auto again = present("ann");
  EXPECT_EQ(here.state("room:lobby").text(), list().dump());
  EXPECT_EQ(here.state("room:lobby").what(), rendered_payload::kind::object);
  EXPECT_EQ(list()["ann"]["metas"].size(), 2u);
}

TEST_F(presences, everyone_in_the_room_is_told_who_joins_and_leaves) {
  auto ann = present("ann");
  auto bob = present("bob");
  auto joined = ann.await_broadcast("presence_diff").payload.as_json();
  EXPECT_TRUE(joined["joins"].contains("bob"));
  bob.leave("room:lobby");
  auto left = ann.await_broadcast("presence_diff").payload.as_json();
  EXPECT_EQ(left["leaves"], joined["joins"]);
  EXPECT_EQ(left["joins"], json::object());
  EXPECT_EQ(here.count("room:lobby").keys, 1u);
}

TEST_F(presences, another_room_is_not_told) {
  auto eve = connect();
  ASSERT_TRUE(eve.join("room:other"));
  present("ann");
  eve.await_push("presence_state");
  eve.refute_broadcast("presence_diff");
}

TEST_F(presences, a_second_meta_joins_the_first) {
  present("ann", {{"page", 1}});
  present("ann", {{"page", 2}});
  EXPECT_EQ(metas("ann"), json::parse(R"([{"page":1},{"page":2}])"));
  EXPECT_EQ(here.count("room:lobby"),
            (presence_counts{.keys = 1, .presences = 2}));
}

TEST_F(presences, a_client_that_is_gone_has_left) {
  auto ann = present("ann");
  auto bob = present("bob");
  ann.await_broadcast("presence_diff");
  bob.close();
  const auto x = ann.await_broadcast("presence_diff").payload.as_json();
  EXPECT_TRUE(x["leaves"].contains("bob"));
}

TEST_F(presences, a_channel_that_crashed_has_left) {
  runtime::log_threshold(runtime::log_level::off);
  auto ann = present("ann");
  auto bob = present("bob");
  ann.await_broadcast("presence_diff");
  bob.push("room:lobby", "boom");
  const auto x = ann.await_broadcast("presence_diff").payload.as_json();
  EXPECT_TRUE(x["leaves"].contains("bob"));
  EXPECT_FALSE(list().contains("bob"));
  runtime::log_threshold(runtime::log_level::info);
}

TEST_F(presences, an_update_is_one_diff_with_a_join_and_a_leave) {
  auto ann = present("ann", {{"status", "here"}});
  const auto before = list()["ann"]["metas"][0];
  const auto ref = ann.push("room:lobby", "update", {{"status", "away"}});
  const auto reply = ann.await_reply(ref).payload.as_json();
  const auto x = ann.await_broadcast("presence_diff").payload.as_json();
  EXPECT_EQ(x["leaves"]["ann"]["metas"], json::array({before}));
  EXPECT_EQ(x["joins"]["ann"]["metas"],
            (json::array({{{"status", "away"},
                           {"phx_ref", reply["ref"]},
                           {"phx_ref_prev", before["phx_ref"]}}})));
  EXPECT_NE(reply["ref"], before["phx_ref"]);
  ann.refute_broadcast("presence_diff");
}

TEST_F(presences, an_update_by_a_function_sees_the_meta_there_is) {
  auto ann = present("ann", {{"n", 4}});
  for (int i = 0; i < 3; ++i)
    ann.await_reply(ann.push("room:lobby", "count_up"));
  EXPECT_EQ(metas("ann"), json::parse(R"([{"n":7}])"));
}

TEST_F(presences, tracking_twice_and_updating_nobody_are_errors) {
  auto ann = present("ann");
  const auto twice = ann.push("room:lobby", "track", {{"key", "ann"}});
  EXPECT_EQ(ann.await_reply(twice).payload,
            (json{{"reason", "already_tracked"}}));
  auto eve = present("none");
  const auto nobody = eve.push("room:lobby", "update");
  EXPECT_EQ(eve.await_reply(nobody).payload, (json{{"reason", "nopresence"}}));
}

TEST_F(presences, a_process_may_be_there_under_several_keys) {
  auto ann = present("ann");
  ann.await_reply(ann.push("room:lobby", "track", {{"key", "admin"}}));
  EXPECT_EQ(here.count("room:lobby").keys, 2u);
  ann.await_reply(ann.push("room:lobby", "untrack"));
  EXPECT_EQ(metas("ann"), json::array());
  EXPECT_EQ(metas("admin").size(), 1u);
  ann.await_reply(ann.push("room:lobby", "track", {{"key", "ann"}}));
  ann.await_reply(ann.push("room:lobby", "untrack_all"));
  EXPECT_EQ(list(), json::object());
}

TEST_F(presences, who_is_untracked_stays_in_the_room) {
  auto ann = present("ann");
  ann.await_reply(ann.push("room:lobby", "untrack"));
  ann.await_broadcast("presence_diff");
  present("bob");
  EXPECT_TRUE(ann.await_broadcast("presence_diff")
                .payload.as_json()["joins"]
                .contains("bob"));
}

TEST_F(presences, a_key_alone_can_be_asked_for) {
  present("ann", {{"page", 1}});
  EXPECT_EQ(here.get_by_key("room:lobby", "ann"), list()["ann"]);
  EXPECT_EQ(here.get_by_key("room:lobby", "bob"), json::array());
  EXPECT_EQ(here.get_by_key("room:nowhere", "ann"), json::array());
}

TEST_F(presences, any_process_can_be_tracked_and_a_dead_one_leaves) {
  const auto who = node().spawn(
    [](runtime::process&) { return runtime::behavior{[](int) {}}; });
  run();
  ASSERT_TRUE(here.track(who, "room:lobby", "bot"));
  run();
  EXPECT_EQ(here.count("room:lobby").keys, 1u);
  node().exit(who, runtime::exit_reason::kill());
  run();
  EXPECT_EQ(here.count("room:lobby").keys, 0u);
  ASSERT_TRUE(here.track(who, "room:lobby", "bot"));
  run();
  EXPECT_EQ(here.count("room:lobby").keys, 0u);
}

TEST_F(presences, refs_are_never_the_same) {
  std::set<std::string> refs;
  auto ann = present("ann");
  for (int i = 0; i < 100; ++i) {
    const auto ref = ann.push("room:lobby", "update");
    refs.insert(ann.await_reply(ref).payload.as_json()["ref"]);
  }
  EXPECT_EQ(refs.size(), 100u);
}

TEST_F(presences, a_meta_that_clients_cannot_be_told_throws) {
  const runtime::pid who{.node = 1, .slot = 1, .serial = 1};
  EXPECT_THROW(here.track(who, "room:lobby", "ann", 5), std::invalid_argument);
  EXPECT_THROW(here.track(who, "room:lobby", "ann", {{"x", "\xff"}}),
               json::exception);
  EXPECT_THROW(here.track(who, "room:lobby", "\xff"), json::exception);
  EXPECT_EQ(here.count("room:lobby").keys, 0u);
}

TEST_F(presences, there_is_none_of_another_name) {
  EXPECT_THROW(presence::find(node(), "nobody"), std::runtime_error);
  EXPECT_THROW(presence_spec({}), std::invalid_argument);
  EXPECT_THROW(presence_spec({.name = "x"}), std::invalid_argument);
}

TEST_F(presences, a_killed_tracker_loses_nothing) {
  runtime::log_threshold(runtime::log_level::off);
  auto ann = present("ann");
  auto bob = present("bob");
  ann.await_broadcast("presence_diff");
  const auto before = list();
  node().exit(server(), runtime::exit_reason::kill());
  // While there is no process: the one who leaves is noticed by the next.
  bob.raw().drop();
  EXPECT_EQ(list(), before);
  run();
  const auto x = ann.await_broadcast("presence_diff").payload.as_json();
  EXPECT_TRUE(x["leaves"].contains("bob"));
  ann.await_reply(ann.push("room:lobby", "update"));
  ann.await_broadcast("presence_diff");
  runtime::log_threshold(runtime::log_level::info);
}

TEST_F(presences, readers_on_other_threads_see_each_state_whole) {
  present("ann", {{"n", 0}});
  std::atomic<bool> done = false;
  std::thread reader([&] {
    int last = 0;
    while (!done) {
      const auto all = list();
      const auto n = all["ann"]["metas"].back()["n"].get<int>();
      EXPECT_GE(n, last);
      last = n;
    }
  });
  auto ann = present("none");
  const auto who = here.tracker().find("room:lobby", "ann")[0]->who;
  for (int i = 1; i <= 200; ++i)
    here.update(who, "room:lobby", "ann", {{"n", i}});
  done = true;
  reader.join();
  EXPECT_EQ(metas("ann"), json::parse(R"([{"n":200}])"));
}

// -- limits -------------------------------------------------------------------

struct limited : presence_fixture {
  limited()
    : presence_fixture({.meta_bytes_max = 20,
                        .key_bytes_max = 4,
                        .tracking = {.entries_max = 5,
                                     .topic_entries_max = 4,
                                     .key_entries_max = 2}}) {}

  presence_error track(const std::string& key, json meta = json::object(),
                       const topic& on = "room:lobby") {
    const auto x = node().spawn(
      [](runtime::process&) { return runtime::behavior{[](int) {}}; });
    return here.track(x, on, key, std::move(meta)).error;
  }
};

TEST_F(limited, a_meta_has_a_size) {
  const json fits{{"a", "123456789012"}};
  ASSERT_EQ(fits.dump().size(), 20u);
  EXPECT_EQ(track("ann", fits), presence_error::none);
  EXPECT_EQ(track("bob", {{"a", "1234567890123"}}), presence_error::too_large);

  const auto who = here.tracker().find("room:lobby", "ann")[0]->who;
  EXPECT_TRUE(here.update(who, "room:lobby", "ann", fits));
  EXPECT_EQ(
    here.update(who, "room:lobby", "ann", {{"a", "1234567890123"}}).error,
    presence_error::too_large);
  EXPECT_EQ(metas("ann"), json::array({fits}));
}

TEST_F(limited, a_key_has_a_size) {
  EXPECT_EQ(track("1234"), presence_error::none);
  EXPECT_EQ(track("12345"), presence_error::too_large);
}

TEST_F(limited, a_key_has_so_many_metas) {
  EXPECT_EQ(track("ann"), presence_error::none);
  EXPECT_EQ(track("ann"), presence_error::none);
  EXPECT_EQ(track("ann"), presence_error::too_many);
  EXPECT_EQ(track("bob"), presence_error::none);
}

TEST_F(limited, a_topic_and_a_tracker_have_so_many_presences) {
  for (const auto* key : {"a", "b", "c", "d"})
    EXPECT_EQ(track(key), presence_error::none);
  EXPECT_EQ(track("e"), presence_error::too_many);
  EXPECT_EQ(track("e", {}, "room:other"), presence_error::none);
  EXPECT_EQ(track("f", {}, "room:other"), presence_error::too_many);
}

} // namespace
} // namespace bennu::channels
