#include "examples/guides/desk_fixture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace desk {
namespace {

TEST_F(ticket_channel_test, who_is_there_is_told_with_a_picture) {
  auto ann = joined("ann");
  auto bob = joined("bob");
  const auto state = bob.await_push("presence_state").payload.as_json();
  EXPECT_EQ(state.at("ann").at("picture"), "/pictures/ann.jpg");
  EXPECT_TRUE(ann.await_push("presence_diff")
                .payload.as_json()
                .at("joins")
                .contains("ann"));
  const auto here = channels::presence::find(node(), "desk.presence");
  EXPECT_EQ(here.count(topic{"ticket:7"}).keys, 2u);
}

TEST_F(ticket_channel_test, without_a_token_nobody_connects) {
  EXPECT_EQ(try_connect().refused.reason, "missing");
}

TEST_F(ticket_channel_test, a_user_is_logged_out_everywhere) {
  auto ann = joined("ann");
  auto bob = joined("bob");
  log_out(bus(), "ann");
  EXPECT_EQ(ann.closed(), channels::close_code::going_away);
  EXPECT_TRUE(bob.connected());
}

TEST_F(ticket_channel_test, a_subscribed_process_hears_of_tickets) {
  std::vector<std::string> seen;
  node().spawn(
    {.shard = 0}, std::in_place_type<runtime::function_process>,
    [&](runtime::process& self) { return duty(self, bus(), &seen); });
  run();
  // [announce]
  bus().broadcast(topic{"desk"}, ticket_opened{"8"});
  // [announce]
  run();
  EXPECT_EQ(seen, (std::vector<std::string>{"8"}));
}

TEST_F(ticket_channel_test, a_ticket_that_is_left_is_announced) {
  std::vector<std::string> left;
  node().spawn({.shard = 0}, std::in_place_type<runtime::function_process>,
               [&](runtime::process& self) -> runtime::behavior {
                 bus().subscribe(self, topic{"desk"});
                 return {
                   [&](const ticket_left& x) { left.push_back(x.topic); }};
               });
  auto ann = joined("ann");
  auto bob = joined("bob");
  ann.close();
  EXPECT_TRUE(left.empty());
  bob.close();
  EXPECT_EQ(left, (std::vector<std::string>{"ticket:7"}));
}

TEST_F(ticket_channel_test, a_plain_process_answers_and_closes) {
  auto ann = connect({{"token", token_of("ann")}});
  ASSERT_TRUE(ann.join("hours"));
  EXPECT_EQ(ann.await_reply(ann.push("hours", "when")).payload,
            (json{{"open", "9 to 5"}}));
  ann.leave("hours");
  ann.await_push("phx_close");
}

TEST_F(ticket_channel_test, bad_joins_are_counted) {
  std::atomic<int> bad = 0;
  count_bad_joins(node(), bad);
  auto ann = joined("ann");
  EXPECT_FALSE(ann.join("ticket:vip"));
  EXPECT_EQ(bad, 1);
}

TEST(desk, its_tree_starts_and_stops) {
  runtime::node node{{.name = "desk", .shards = 1}};
  ASSERT_FALSE(node.start(tree(keys, 0)));
  EXPECT_NE(transport::bound_port(node, "desk.endpoint"), 0);
  EXPECT_EQ(node.stop(), runtime::exit_reason::shutdown());
}

} // namespace
} // namespace desk
