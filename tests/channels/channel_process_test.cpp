#include "channels/channel.hpp"
#include "tests/channels/socket_fixture.hpp"

#include <gtest/gtest.h>

namespace bennu::channels {
namespace {

using testing::client;

struct channel_process : socket_fixture {
  channel_process() : ann(connect({{"name", "ann"}})) {
    EXPECT_TRUE(ann.join("room:1"));
  }

  testing::received ask(client& x, std::string_view event, json with) {
    return x.await_reply(x.push("room:1", event, std::move(with)));
  }

  client ann;
};

// -- payloads -----------------------------------------------------------------

TEST_F(channel_process, takes_a_typed_payload) {
  EXPECT_EQ(ask(ann, "point", {{"x", 1}, {"y", 2}}).payload,
            (json{{"sum", 3}}));
}

TEST_F(channel_process, answers_a_wrong_payload_with_invalid_payload) {
  for (const auto& wrong : {json{{"x", 1}}, json::object(), json::array(),
                            json(1), json(), json{{"x", "one"}, {"y", 2}}}) {
    const auto x = ask(ann, "point", wrong);
    EXPECT_EQ(x.status, "error");
    EXPECT_EQ(x.payload, (json{{"reason", "invalid payload"}})) << wrong;
  }
  EXPECT_EQ(ask(ann, "point", {{"x", 1}, {"y", 2}}).status, "ok");
}

TEST_F(channel_process, takes_bytes_and_answers_with_bytes) {
  const auto ref = ann.push("room:1", "echo_bytes", binary("\x01\xFF"));
  const auto x = ann.await_reply(ref);
  EXPECT_EQ(x.status, "ok");
  EXPECT_EQ(x.join_ref, "1");
  EXPECT_EQ(x.payload, payload(binary("\x01\xFF")));
}

TEST_F(channel_process, tells_bytes_from_json) {
  EXPECT_EQ(ask(ann, "echo_bytes", json::object()).payload,
            (json{{"reason", "invalid payload"}}));
  const auto ref = ann.push("room:1", "echo", binary("x"));
  EXPECT_EQ(ann.await_reply(ref).payload,
            (json{{"reason", "invalid payload"}}));
}

TEST_F(channel_process, reads_what_connect_left) {
  EXPECT_EQ(ask(ann, "whoami", {}).payload, (json{{"user", "ann"}}));
}

// -- replies and pushes -------------------------------------------------------

TEST_F(channel_process, answers_with_any_status) {
  EXPECT_EQ(ask(ann, "maybe", {{"a", 1}}).status, "maybe");
}

TEST_F(channel_process, need_not_answer) {
  ann.refute_reply(ann.push("room:1", "silent"));
}

TEST_F(channel_process, answers_later_from_another_process_more_than_once) {
  const auto ref = ann.push("room:1", "later", {{"a", 1}});
  EXPECT_EQ(ann.await_any().wire, R"(["1","2","room:1","phx_reply",)"
                                  R"({"response":{"n":1},"status":"ok"}])");
  const auto second = ann.await_reply(ref);
  EXPECT_EQ(second.status, "error");
  EXPECT_EQ(second.payload, (json{{"was", {{"a", 1}}}}));
}

TEST_F(channel_process, pushes_with_its_join_ref) {
  ann.push("room:1", "push_me", {{"a", 1}});
  EXPECT_EQ(ann.await_any().wire, R"(["1",null,"room:1","pushed",{"a":1}])");
}

TEST_F(channel_process, pushes_bytes) {
  ann.push("room:1", "push_bytes", binary("efg"));
  const auto x = ann.await_push("pushed");
  EXPECT_EQ(x.payload, payload(binary("efg")));
  EXPECT_EQ(x.join_ref, "1");
}

TEST_F(channel_process, that_pushes_no_object_crashes) {
  ann.push("room:1", "push_list");
  EXPECT_EQ(ann.await_push("phx_error").payload,
            (json{{"reason", "channel_crash"}}));
}

TEST_F(channel_process, with_vsn_1_may_push_any_json_but_no_bytes) {
  auto old = connect({{"vsn", "1.0.0"}});
  ASSERT_TRUE(old.join("room:1"));
  old.push("room:1", "push_list");
  EXPECT_EQ(old.await_push("pushed").payload, json::array({1, 2}));
}

TEST_F(channel_process, handles_messages_of_other_processes) {
  node().send(channel_of(ann, "room:1"), shout{"hey"});
  EXPECT_EQ(ann.await_push("shout").payload, (json{{"text", "hey"}}));
}

// -- broadcasts ---------------------------------------------------------------

TEST_F(channel_process, broadcasts_to_all_of_its_topic_itself_too) {
  auto bob = connect();
  auto eve = connect();
  auto old = connect({{"vsn", "1.0.0"}});
  ASSERT_TRUE(bob.join("room:1"));
  ASSERT_TRUE(old.join("room:1"));
  ASSERT_TRUE(eve.join("room:2"));
  ann.push("room:1", "tell", {{"event", "news"}, {"payload", {{"a", 1}}}});
  for (auto* x : {&ann, &bob})
    EXPECT_EQ(x->await_broadcast("news").wire,
              R"([null,null,"room:1","news",{"a":1}])");
  EXPECT_EQ(
    old.await_broadcast("news").wire,
    R"({"event":"news","payload":{"a":1},"ref":null,"topic":"room:1"})");
  eve.refute_any();
}

TEST_F(channel_process, broadcasts_to_all_but_itself) {
  auto bob = connect();
  ASSERT_TRUE(bob.join("room:1"));
  ann.push("room:1", "tell_others", {{"event", "x"}, {"payload", {{"a", 1}}}});
  bob.await_broadcast("x");
  ann.refute_broadcast("x");
}

TEST_F(channel_process, broadcasts_bytes_to_clients_of_vsn_2) {
  auto bob = connect();
  auto old = connect({{"vsn", "1.0.0"}});
  ASSERT_TRUE(bob.join("room:1"));
  ASSERT_TRUE(old.join("room:1"));
  ann.push("room:1", "tell_bytes", binary("efg"));
  EXPECT_EQ(bob.await_broadcast("bytes").payload, payload(binary("efg")));
  old.refute_broadcast("bytes");
  EXPECT_TRUE(old.connected());
}

TEST_F(channel_process, intercepts_the_events_it_lists) {
  auto bob = connect({{"name", "bob"}});
  ASSERT_TRUE(bob.join("room:1"));
  ann.push("room:1", "tell", {{"event", "secret"}, {"payload", {{"a", 1}}}});
  EXPECT_EQ(ann.await_push("secret").payload,
            (json{{"seen_by", "ann"}, {"was", {{"a", 1}}}}));
  EXPECT_EQ(bob.await_push("secret").payload,
            (json{{"seen_by", "bob"}, {"was", {{"a", 1}}}}));
}

TEST_F(channel_process, that_broadcasts_what_cannot_be_encoded_crashes) {
  auto bob = connect();
  ASSERT_TRUE(bob.join("room:1"));
  ann.push("room:1", "tell", {{"event", "x"}, {"payload", {1, 2}}});
  ann.await_push("phx_error");
  bob.refute_any();
}

TEST_F(channel_process, gets_no_broadcast_after_it_has_left) {
  ann.leave("room:1");
  run();
  broadcast("room:1", "late");
  ann.refute_broadcast("late");
}

// -- ends ---------------------------------------------------------------------

TEST_F(channel_process, that_crashes_is_an_error_and_the_socket_lives) {
  ASSERT_TRUE(ann.join("room:2"));
  ann.push("room:1", "boom");
  EXPECT_EQ(ann.await_push("terminating").payload,
            (json{{"why", "error: boom"}}));
  EXPECT_EQ(ann.await_any().wire, R"(["1","1","room:1","phx_error",)"
                                  R"({"reason":"channel_crash"}])");
  EXPECT_EQ(ann.await_reply(ann.push("room:2", "echo")).status, "ok");
  EXPECT_TRUE(ann.join("room:1"));
}

TEST_F(channel_process, that_crashes_is_an_error_with_vsn_1) {
  auto old = connect({{"vsn", "1.0.0"}});
  ASSERT_TRUE(old.join("room:1"));
  old.push("room:1", "boom");
  EXPECT_EQ(old.await_push("phx_error").wire,
            R"({"event":"phx_error","payload":{"reason":"channel_crash"},)"
            R"("ref":null,"topic":"room:1"})");
}

TEST_F(channel_process, without_a_handler_for_an_event_crashes) {
  ann.push("room:1", "unheard_of");
  ann.await_push("phx_error");
}

TEST_F(channel_process, that_stops_in_order_is_closed) {
  ann.push("room:1", "quit");
  EXPECT_EQ(ann.await_any().wire, R"(["1","1","room:1","phx_close",{}])");
  EXPECT_EQ(ann.await_push("terminating").payload, (json{{"why", "normal"}}));
  ann.refute_any();
}

TEST_F(channel_process, that_stops_with_a_reply_answers_first) {
  const auto ref = ann.push("room:1", "quit_with_reply");
  const auto x = ann.await_any();
  EXPECT_EQ(x.ref, ref);
  EXPECT_EQ(x.payload, (json{{"bye", 1}}));
  EXPECT_EQ(ann.await_any().event, "phx_close");
}

TEST_F(channel_process, that_stops_with_an_error_has_crashed) {
  ann.push("room:1", "fail");
  ann.await_push("phx_error");
  ann.refute_push("phx_close");
}

TEST_F(channel_process, that_just_exits_has_crashed_even_normally) {
  ann.push("room:1", "exit_normal");
  ann.await_push("phx_error");
}

TEST_F(channel_process, that_is_killed_is_an_error_without_terminate) {
  node().exit(channel_of(ann, "room:1"), runtime::exit_reason::kill());
  EXPECT_EQ(ann.await_push("phx_error").join_ref, "1");
  ann.refute_push("terminating");
  broadcast("room:1", "late");
  ann.refute_broadcast("late");
}

TEST_F(channel_process, that_gets_a_shutdown_signal_is_an_error) {
  node().exit(channel_of(ann, "room:1"), runtime::exit_reason::shutdown());
  ann.await_push("phx_error");
}

TEST_F(channel_process, stops_from_any_message) {
  node().send(channel_of(ann, "room:1"),
              stop_with{runtime::exit_reason::shutdown("closing")});
  EXPECT_EQ(ann.await_any().event, "phx_close");
}

TEST_F(channel_process, ends_with_its_socket) {
  const auto id = channel_of(ann, "room:1");
  ann.close();
  EXPECT_FALSE(node().is_alive(id));
  EXPECT_FALSE(node().is_alive(ann.socket()));
}

TEST_F(channel_process, ends_with_a_killed_socket) {
  const auto id = channel_of(ann, "room:1");
  node().exit(ann.socket(), runtime::exit_reason::kill());
  run();
  EXPECT_FALSE(node().is_alive(id));
}

TEST_F(channel_process, leaves_no_subscription_behind_however_it_ends) {
  const auto subscribers = [this] {
    std::size_t all = 0;
    for (std::size_t i = 0; i < bus().server_count(); ++i)
      all += bus().subscriber_count(i, "room:1");
    return all;
  };
  EXPECT_EQ(subscribers(), 1u);
  ann.push("room:1", "boom");
  run();
  EXPECT_EQ(subscribers(), 0u);
  ASSERT_TRUE(ann.join("room:1"));
  node().exit(channel_of(ann, "room:1"), runtime::exit_reason::kill());
  run();
  EXPECT_EQ(subscribers(), 0u);
  ASSERT_TRUE(ann.join("room:1"));
  ASSERT_TRUE(ann.join("room:1"));
  EXPECT_EQ(subscribers(), 1u);
  ann.close();
  EXPECT_EQ(subscribers(), 0u);
}

// -- types --------------------------------------------------------------------

TEST(routes, take_a_star_at_the_end_only) {
  EXPECT_THROW(route<obedient_channel>("a:*:b"), std::invalid_argument);
  EXPECT_TRUE(route<obedient_channel>("foo*")->matches("foobar"));
  EXPECT_TRUE(route<obedient_channel>("a:*")->matches("a:"));
  EXPECT_FALSE(route<obedient_channel>("a:*")->matches("a"));
  EXPECT_TRUE(route<obedient_channel>("*")->matches(""));
}

TEST(routes, list_the_events_of_their_channels) {
  const auto names = route<obedient_channel>("a")->events().names();
  EXPECT_EQ(names.front(), "echo");
}

} // namespace
} // namespace bennu::channels
