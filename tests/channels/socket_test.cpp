#include "channels/socket.hpp"
#include "tests/channels/socket_fixture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bennu::channels {
namespace {

using namespace std::string_literals;
using testing::client;

struct socket_events : socket_fixture {
  static constexpr auto nothing = R"({"response":{},"status":"ok"})";

  std::string wire(client& x) { return x.await_any().wire; }
};

// -- heartbeat ----------------------------------------------------------------

TEST_F(socket_events, a_heartbeat_is_answered_without_join_ref) {
  auto ann = connect();
  ann.raw().send_raw(opcode::text, R"(["9","5","phoenix","heartbeat",{}])");
  EXPECT_EQ(
    wire(ann),
    R"([null,"5","phoenix","phx_reply",{"response":{},"status":"ok"}])");
}

TEST_F(socket_events, a_heartbeat_is_answered_with_vsn_1) {
  auto ann = connect({{"vsn", "1.0.0"}});
  ann.raw().send_raw(
    opcode::text,
    R"({"topic":"phoenix","event":"heartbeat","payload":{},"ref":"5"})");
  EXPECT_EQ(wire(ann),
            R"({"event":"phx_reply","payload":{"response":{},"status":"ok"},)"
            R"("ref":"5","topic":"phoenix"})");
}

// -- join ---------------------------------------------------------------------

TEST_F(socket_events, a_join_is_answered_with_its_refs) {
  auto ann = connect();
  ann.raw().send_raw(opcode::text, R"(["1","2","room:1","phx_join",{"a":1}])");
  EXPECT_EQ(
    wire(ann),
    R"(["1","2","room:1","phx_reply",{"response":{"a":1},"status":"ok"}])");
}

TEST_F(socket_events, a_join_is_answered_with_vsn_1) {
  auto ann = connect({{"vsn", "1.0.0"}});
  EXPECT_TRUE(ann.join("room:1"));
  EXPECT_EQ(ann.await_reply(ann.push("room:1", "echo", {{"a", 1}})).wire,
            R"({"event":"phx_reply","payload":{"response":{"a":1},)"
            R"("status":"ok"},"ref":"2","topic":"room:1"})");
}

TEST_F(socket_events, a_refused_join_is_an_error_reply_and_nothing_else) {
  auto ann = connect();
  ann.raw().send_raw(opcode::text, R"(["1","1","room:staff","phx_join",{}])");
  EXPECT_EQ(wire(ann),
            R"(["1","1","room:staff","phx_reply",)"
            R"({"response":{"reason":"unauthorized"},"status":"error"}])");
  ann.refute_push("phx_close");
  ann.refute_push("phx_error");
}

TEST_F(socket_events, a_join_that_throws_is_an_error_reply_and_nothing_else) {
  auto ann = connect();
  const auto x = ann.join("room:crash");
  EXPECT_EQ(x.status, "error");
  EXPECT_EQ(x.payload, (json{{"reason", "join crashed"}}));
  ann.refute_any();
}

TEST_F(socket_events, a_join_with_bytes_is_a_crash) {
  auto ann = connect();
  const auto ref = ann.raw().send("room:1", "phx_join", binary("x"));
  EXPECT_EQ(ann.await_reply(ref).payload, (json{{"reason", "join crashed"}}));
  ann.refute_any();
}

TEST_F(socket_events, a_push_inside_join_is_a_crash) {
  auto ann = connect();
  EXPECT_EQ(ann.join("room:early").payload, (json{{"reason", "join crashed"}}));
  ann.refute_push("too_early");
}

TEST_F(socket_events, a_topic_can_be_joined_after_a_refused_join) {
  auto ann = connect();
  EXPECT_FALSE(ann.join("room:staff"));
  EXPECT_FALSE(ann.join("room:crash"));
  EXPECT_FALSE(ann.join("room:staff"));
  EXPECT_TRUE(ann.join("room:1"));
}

TEST_F(socket_events, a_join_without_a_route_is_unmatched_without_join_ref) {
  auto ann = connect();
  ann.raw().send_raw(opcode::text, R"(["1","1","nowhere","phx_join",{}])");
  EXPECT_EQ(wire(ann),
            R"([null,"1","nowhere","phx_reply",)"
            R"({"response":{"reason":"unmatched topic"},"status":"error"}])");
}

TEST_F(socket_events, an_exact_route_matches_the_whole_topic) {
  auto ann = connect();
  EXPECT_TRUE(ann.join("exact"));
  EXPECT_FALSE(ann.join("exactly"));
  EXPECT_FALSE(ann.join("room"));
}

TEST_F(socket_events, channels_max_can_be_joined_and_not_one_more) {
  auto ann = connect();
  EXPECT_TRUE(ann.join("room:1"));
  EXPECT_TRUE(ann.join("room:2"));
  EXPECT_TRUE(ann.join("room:3"));
  EXPECT_EQ(ann.join("room:4").payload,
            (json{{"reason", "too many channels joined"}}));
  ann.leave("room:2");
  run();
  EXPECT_TRUE(ann.join("room:4"));
}

TEST_F(socket_events, every_joined_topic_is_served) {
  auto ann = connect();
  for (const auto* room : {"room:1", "room:2", "room:3"})
    ASSERT_TRUE(ann.join(room));
  for (const auto* room : {"room:1", "room:2", "room:3"})
    EXPECT_EQ(ann.await_reply(ann.push(room, "echo", {{"room", room}})).payload,
              (json{{"room", room}}));
}

// -- a join does not block ----------------------------------------------------

TEST_F(socket_events, messages_wait_behind_the_join_of_their_topic) {
  auto ann = connect();
  const auto join = ann.push("room:1", "phx_join");
  const auto echo = ann.push("room:1", "echo", {{"n", 1}});
  EXPECT_EQ(ann.await_any().ref, join);
  EXPECT_EQ(ann.await_any().ref, echo);
}

TEST_F(socket_events, a_heartbeat_does_not_wait_for_a_join) {
  auto ann = connect();
  const auto join = ann.push("room:1", "phx_join");
  const auto beat = ann.push("phoenix", "heartbeat");
  EXPECT_EQ(ann.await_any().ref, beat);
  EXPECT_EQ(ann.await_any().ref, join);
}

TEST_F(socket_events, what_waited_behind_a_refused_join_is_unmatched) {
  auto ann = connect();
  const auto join = ann.push("room:staff", "phx_join");
  const auto echo = ann.push("room:staff", "echo");
  const auto leave = ann.leave("room:staff");
  EXPECT_EQ(ann.await_reply(join).status, "error");
  EXPECT_EQ(ann.await_reply(echo).payload,
            (json{{"reason", "unmatched topic"}}));
  EXPECT_EQ(ann.await_reply(leave).status, "ok");
}

/// The channel does not run while the frames arrive.
TEST_F(socket_events, channel_queue_max_events_wait_and_not_one_more) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  std::vector<std::string> refs;
  for (int i = 0; i < 5; ++i)
    refs.push_back(ann.push("room:1", "echo"));
  const auto leave = ann.leave("room:1");
  const auto refused = ann.await_any();
  EXPECT_EQ(refused.ref, refs[4]);
  EXPECT_EQ(refused.join_ref, ann.raw().join_ref("room:1"));
  EXPECT_EQ(refused.payload, (json{{"reason", "too many messages waiting"}}));
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(ann.await_reply(refs[static_cast<std::size_t>(i)]).status, "ok");
  EXPECT_EQ(ann.await_reply(leave).status, "ok");
}

TEST_F(socket_events, an_event_that_was_handled_makes_room) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(ann.await_reply(ann.push("room:1", "echo")).status, "ok");
}

TEST_F(socket_events, join_queue_max_messages_wait_and_not_one_more) {
  auto ann = connect();
  const auto join = ann.push("room:1", "phx_join");
  const auto one = ann.push("room:1", "echo");
  const auto two = ann.push("room:1", "echo");
  const auto three = ann.push("room:1", "echo");
  EXPECT_EQ(ann.await_reply(three).payload,
            (json{{"reason", "too many messages while joining"}}));
  EXPECT_EQ(ann.await_reply(join).status, "ok");
  EXPECT_EQ(ann.await_reply(one).status, "ok");
  EXPECT_EQ(ann.await_reply(two).status, "ok");
}

TEST_F(socket_events, a_second_join_behind_a_join_replaces_it) {
  auto ann = connect();
  const auto first = ann.push("room:1", "phx_join");
  const auto second = ann.push("room:1", "phx_join");
  EXPECT_EQ(ann.await_any().ref, first);
  EXPECT_EQ(ann.await_any().ref, second);
  const auto closed = ann.await_any();
  EXPECT_EQ(closed.event, "phx_close");
  EXPECT_EQ(closed.join_ref, first);
  ann.refute_any();
}

// -- duplicate join -----------------------------------------------------------

TEST_F(socket_events, a_duplicate_join_closes_the_old_channel) {
  auto ann = connect();
  ann.raw().send_raw(opcode::text, R"(["1","1","room:1","phx_join",{}])");
  run();
  ann.raw().send_raw(opcode::text, R"(["2","2","room:1","phx_join",{}])");
  EXPECT_EQ(wire(ann), R"(["1","1","room:1","phx_reply",)" + (nothing + "]"s));
  EXPECT_EQ(wire(ann), R"(["2","2","room:1","phx_reply",)" + (nothing + "]"s));
  EXPECT_EQ(wire(ann), R"(["1","1","room:1","phx_close",{}])");
  ann.refute_any();
}

TEST_F(socket_events, a_replaced_channel_does_not_run_terminate) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  ASSERT_TRUE(ann.join("room:1"));
  ann.refute_push("terminating");
}

TEST_F(socket_events, a_replaced_channel_that_lingers_is_killed) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  ASSERT_EQ(ann.await_reply(ann.push("room:1", "trap")).status, "ok");
  const auto join = ann.push("room:1", "phx_join");
  ann.refute_reply(join);
  advance(4999ms);
  ann.refute_reply(join);
  advance(1ms);
  EXPECT_EQ(ann.await_reply(join).status, "ok");
  EXPECT_EQ(ann.await_push("phx_close").join_ref, "1");
  EXPECT_EQ(ann.await_reply(ann.push("room:1", "echo")).status, "ok");
}

TEST_F(socket_events, a_refused_duplicate_join_closes_the_old_channel_too) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  const auto binary_join =
    ann.raw().send("room:1", "phx_join", binary("no json"));
  EXPECT_EQ(ann.await_reply(binary_join).payload,
            (json{{"reason", "join crashed"}}));
  EXPECT_EQ(ann.await_push("phx_close").join_ref, "1");
  EXPECT_EQ(ann.await_reply(ann.push("room:1", "echo")).payload,
            (json{{"reason", "unmatched topic"}}));
}

// -- leave --------------------------------------------------------------------

TEST_F(socket_events, a_leave_is_answered_and_then_closes) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  ann.leave("room:1");
  EXPECT_EQ(wire(ann), R"(["1","2","room:1","phx_reply",)" + (nothing + "]"s));
  EXPECT_EQ(wire(ann), R"(["1","1","room:1","phx_close",{}])");
  EXPECT_EQ(wire(ann),
            R"(["1",null,"room:1","terminating",{"why":"{shutdown, left}"}])");
  ann.refute_any();
}

TEST_F(socket_events, a_leave_is_answered_and_closes_with_vsn_1) {
  auto ann = connect({{"vsn", "1.0.0"}});
  ASSERT_TRUE(ann.join("room:1"));
  ann.leave("room:1");
  EXPECT_EQ(ann.await_any().status, "ok");
  EXPECT_EQ(
    wire(ann),
    R"({"event":"phx_close","payload":{},"ref":null,"topic":"room:1"})");
}

TEST_F(socket_events, a_leave_with_a_stale_join_ref_is_ignored) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  ann.raw().send_raw(opcode::text, R"(["7","8","room:1","phx_leave",{}])");
  ann.refute_any();
  EXPECT_EQ(ann.await_reply(ann.push("room:1", "echo")).status, "ok");
}

TEST_F(socket_events, a_leave_with_a_null_join_ref_is_for_the_channel) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  ann.raw().send_raw(opcode::text, R"([null,"7","room:1","phx_leave",{}])");
  EXPECT_EQ(wire(ann), R"(["1","7","room:1","phx_reply",)" + (nothing + "]"s));
  EXPECT_EQ(wire(ann), R"(["1","1","room:1","phx_close",{}])");
}

TEST_F(socket_events, a_leave_of_a_topic_not_joined_is_ok) {
  auto ann = connect();
  ann.raw().send_raw(opcode::text, R"(["7","8","room:1","phx_leave",{}])");
  EXPECT_EQ(wire(ann), R"(["7","8","room:1","phx_reply",)" + (nothing + "]"s));
}

TEST_F(socket_events, a_topic_can_be_joined_again_after_leaving) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  const auto leave = ann.leave("room:1");
  const auto join = ann.push("room:1", "phx_join");
  EXPECT_EQ(ann.await_reply(join).status, "ok");
  EXPECT_EQ(ann.await_reply(ann.push("room:1", "echo")).status, "ok");
  (void)leave;
}

// -- other events -------------------------------------------------------------

TEST_F(socket_events, an_event_of_a_topic_not_joined_is_unmatched) {
  auto ann = connect();
  ann.raw().send_raw(opcode::text, R"(["1","4","room:1","echo",{}])");
  EXPECT_EQ(wire(ann),
            R"([null,"4","room:1","phx_reply",)"
            R"({"response":{"reason":"unmatched topic"},"status":"error"}])");
}

TEST_F(socket_events, an_event_with_a_null_join_ref_is_for_the_channel) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  ann.raw().send_raw(opcode::text, R"([null,"4","room:1","echo",{}])");
  EXPECT_EQ(wire(ann), R"(["1","4","room:1","phx_reply",)" + (nothing + "]"s));
}

TEST_F(socket_events, an_event_with_a_stale_join_ref_is_dropped) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  ann.raw().send_raw(opcode::text, R"(["0","4","room:1","echo",{}])");
  ann.refute_any();
}

TEST_F(socket_events, a_join_without_join_ref_lends_its_ref) {
  auto ann = connect();
  ann.raw().send_raw(opcode::text, R"([null,"3","room:1","phx_join",{}])");
  EXPECT_EQ(wire(ann), R"(["3","3","room:1","phx_reply",)" + (nothing + "]"s));
  ann.raw().send_raw(opcode::text, R"(["3","4","room:1","echo",{}])");
  ann.refute_any();
  ann.raw().send_raw(opcode::text, R"([null,"5","room:1","push_me",{}])");
  EXPECT_EQ(wire(ann), R"(["3",null,"room:1","pushed",{}])");
}

// -- what is no message -------------------------------------------------------

TEST_F(socket_events, a_malformed_message_ends_the_socket_with_1011) {
  for (const auto* text : {"", "{", "{}", "[]", "[1,2,3,4]", "null"}) {
    auto ann = connect();
    auto bob = connect();
    ASSERT_TRUE(bob.join("room:1"));
    ann.raw().send_raw(opcode::text, text);
    EXPECT_EQ(ann.closed(), close_code::internal_error) << text;
    EXPECT_FALSE(ann.connected());
    EXPECT_EQ(bob.await_reply(bob.push("room:1", "echo")).status, "ok");
  }
}

// -- from outside -------------------------------------------------------------

TEST_F(socket_events, disconnect_on_the_id_closes_with_1001) {
  auto ann = connect({{"name", "ann"}});
  auto bob = connect({{"name", "bob"}});
  ASSERT_TRUE(ann.join("room:1"));
  broadcast("users:ann", "hello");
  EXPECT_TRUE(ann.connected());
  broadcast("users:ann", "disconnect");
  EXPECT_EQ(ann.closed(), close_code::going_away);
  EXPECT_FALSE(ann.connected());
  EXPECT_TRUE(bob.connected());
}

struct stay_away : testing::channel_test {
  static socket_spec spec() {
    auto x = obedient_socket();
    x.disconnect_code = close_code::normal;
    return x;
  }
  stay_away() : channel_test(spec()) {}
};

TEST_F(stay_away, disconnect_on_the_id_closes_with_the_code_of_the_spec) {
  auto ann = connect({{"name", "ann"}});
  broadcast("users:ann", "disconnect");
  EXPECT_EQ(ann.closed(), close_code::normal);
}

TEST_F(socket_events, phx_drain_closes_with_1012) {
  auto ann = connect();
  node().send(ann.socket(), phx_drain{});
  EXPECT_EQ(ann.closed(), close_code::service_restart);
  EXPECT_FALSE(ann.connected());
}

TEST_F(socket_events, tells_its_channels) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  const auto all =
    sim().call<std::vector<channel_info>>(ann.socket(), debug_channels{});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].topic, "room:1");
  EXPECT_EQ(all[0].status, "joined");
  EXPECT_EQ(all[0].channel, channel_of(ann, "room:1"));
}

TEST_F(socket_events, one_connection_costs_little) {
  EXPECT_LE(sizeof(socket), 112u);
  EXPECT_LE(sizeof(channel), 80u);
  EXPECT_LE(sizeof(joined_channel), 40u);
}

} // namespace
} // namespace bennu::channels
