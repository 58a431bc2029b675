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

TEST(desk, its_tree_starts_and_stops) {
  runtime::node node{{.name = "desk", .shards = 1}};
  ASSERT_FALSE(node.start(tree(keys, 0)));
  EXPECT_NE(transport::bound_port(node, "desk.endpoint"), 0);
  EXPECT_EQ(node.stop(), runtime::exit_reason::shutdown());
}

} // namespace
} // namespace desk
