#include "examples/guides/desk_fixture.hpp"

#include <gtest/gtest.h>

namespace desk {
namespace {

// [first_test]
TEST_F(ticket_channel_test, a_comment_reaches_everyone_at_the_ticket) {
  auto ann = joined("ann");
  auto bob = joined("bob");

  const auto ref = ann.push("ticket:7", "comment", {{"text", "help!"}});

  EXPECT_EQ(ann.await_reply(ref).status, "ok");
  EXPECT_EQ(bob.await_push("comment").payload,
            (json{{"user", "ann"}, {"text", "help!"}}));
}
// [first_test]

// [refute_test]
TEST_F(ticket_channel_test, a_note_is_for_agents_only) {
  auto ann = joined("ann");
  auto eve = joined("eve", true);

  broadcast(topic{"ticket:7"}, "note", {{"text", "be kind"}});

  eve.await_push("note");
  ann.refute_push("note");
}
// [refute_test]

// [time_test]
TEST_F(ticket_channel_test, a_session_ends_with_its_token) {
  auto ann = joined("ann");
  advance(59min);
  EXPECT_TRUE(ann.connected());
  advance(1min);
  EXPECT_EQ(ann.closed(), channels::close_code::going_away);
}
// [time_test]

// [wire]
TEST_F(ticket_channel_test, a_visit_is_these_bytes) {
  auto ann = connect({{"token", token_of("ann")}});
  const auto say = [&](const char* text) {
    ann.raw().send_raw(channels::opcode::text, text);
  };
  const auto reply = [&](const char* ref) { return ann.await_reply(ref).wire; };

  say(R"(["1","1","ticket:7","phx_join",{}])");
  EXPECT_EQ(reply("1"), R"(["1","1","ticket:7","phx_reply",)"
                        R"({"response":{"ticket":"7"},"status":"ok"}])");

  say(R"(["1","2","ticket:7","comment",{"text":"hi"}])");
  EXPECT_EQ(reply("2"), R"(["1","2","ticket:7","phx_reply",)"
                        R"({"response":{},"status":"ok"}])");
  EXPECT_EQ(ann.await_push("comment").wire,
            R"([null,null,"ticket:7","comment",{"text":"hi","user":"ann"}])");

  say(R"([null,"3","phoenix","heartbeat",{}])");
  EXPECT_EQ(reply("3"), R"([null,"3","phoenix","phx_reply",)"
                        R"({"response":{},"status":"ok"}])");

  say(R"(["1","4","ticket:7","phx_leave",{}])");
  EXPECT_EQ(reply("4"), R"(["1","4","ticket:7","phx_reply",)"
                        R"({"response":{},"status":"ok"}])");
  EXPECT_EQ(ann.await_push("phx_close").wire,
            R"(["1","1","ticket:7","phx_close",{}])");
}
// [wire]

TEST_F(ticket_channel_test, only_agents_join_vip_tickets) {
  auto ann = connect({{"token", token_of("ann")}});
  auto eve = connect({{"token", token_of("eve", true)}});
  EXPECT_EQ(ann.join("ticket:vip").payload, (json{{"reason", "unauthorized"}}));
  EXPECT_TRUE(eve.join("ticket:vip"));
}

TEST_F(ticket_channel_test, an_empty_comment_is_an_error) {
  auto ann = joined("ann");
  const auto ref = ann.push("ticket:7", "comment", {{"text", ""}});
  EXPECT_EQ(ann.await_reply(ref).payload, (json{{"reason", "empty"}}));
}

TEST_F(ticket_channel_test, a_photo_reaches_the_others_as_bytes) {
  auto ann = joined("ann");
  auto bob = joined("bob");
  ann.push("ticket:7", "photo", channels::binary("\xff\xd8"));
  EXPECT_EQ(bob.await_push("photo").payload,
            channels::payload{channels::binary("\xff\xd8")});
  ann.refute_push("photo");
}

TEST_F(ticket_channel_test, details_are_looked_up_meanwhile) {
  auto ann = joined("ann");
  const auto ref = ann.push("ticket:7", "details");
  EXPECT_EQ(ann.await_reply(ref).payload, (json{{"found", "7"}}));
}

TEST_F(ticket_channel_test, one_who_is_done_is_closed) {
  auto ann = joined("ann");
  const auto ref = ann.push("ticket:7", "done");
  EXPECT_EQ(ann.await_reply(ref).payload, (json{{"closed", true}}));
  ann.await_push("phx_close");
}

} // namespace
} // namespace desk
