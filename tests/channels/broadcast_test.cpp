#include "channels/broadcast.hpp"
#include "channels/pubsub/adapter.hpp"
#include "channels/serializer_v2.hpp"
#include "tests/channels/socket_fixture.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace bennu::channels {
namespace {

const serializer& format(const char* vsn) {
  return *negotiate_serializer(vsn).serializer;
}

TEST(broadcast_message, makes_each_serializers_frame_once) {
  const broadcast_message x{"t", "e", json{{"a", 1}}};
  for (const auto* vsn : {"1.0.0", "2.0.0"}) {
    const auto one = x.frame_for(format(vsn));
    const auto two = broadcast_message{x}.frame_for(format(vsn));
    EXPECT_EQ(&*one, &*two);
  }
}

TEST(broadcast_message, fails_in_its_sender) {
  EXPECT_THROW(broadcast_message("t", "e", json::array()),
               std::invalid_argument);
  EXPECT_THROW(broadcast_message("t", "e", json{{"a", "\xFF"}}),
               json::exception);
  const std::string past(256, 'x');
  EXPECT_THROW(broadcast_message(past, "e", binary("")), std::invalid_argument);
  EXPECT_NO_THROW(broadcast_message(past, "e", json::object()));
}

TEST(broadcast_message, has_no_frame_where_the_format_has_no_bytes) {
  const broadcast_message x{"t", "e", binary("x")};
  EXPECT_FALSE(x.frame_for(format("1.0.0")));
  EXPECT_TRUE(x.frame_for(format("2.0.0")));
}

class deaf_adapter final : public adapter {
public:
  explicit deaf_adapter(int& calls) : calls_(calls) {}
  std::string node_name() const override { return "here"; }
  void broadcast(const publication&) override { ++calls_; }
  void direct_broadcast(std::string_view, const publication&) override {}

private:
  int& calls_;
};

/// A base, so that it outlives the node.
struct counted_calls {
  int calls = 0;
};

struct other_nodes : counted_calls, testing::channel_test {
  other_nodes()
    : channel_test(
      obedient_socket(),
      {.pubsub = {.name = "test.pubsub", .adapter = [this](runtime::node&) {
                    return std::make_unique<deaf_adapter>(calls);
                  }}}) {}
};

TEST_F(other_nodes, hear_broadcasts_but_no_local_ones) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  broadcast("room:1", "news");
  EXPECT_EQ(ann.await_broadcast("news").payload, json::object());
  EXPECT_EQ(calls, 1);
  local_broadcast(bus(), "room:1", "news", json::object());
  EXPECT_EQ(ann.await_broadcast("news").payload, json::object());
  EXPECT_EQ(calls, 1);
}

/// The story's worst case: a pubsub server dies under joined channels.
struct killed_server : socket_fixture {
  void kill(std::size_t shard) {
    node().exit(endpoint().pubsub_server(shard), runtime::exit_reason::kill());
  }
};

TEST_F(killed_server, loses_no_broadcast_and_no_channel) {
  auto ann = connect();
  auto bob = connect();
  ASSERT_TRUE(ann.join("room:1"));
  ASSERT_TRUE(bob.join("room:1"));
  broadcast("room:1", "one");
  kill(0);
  kill(1);
  broadcast("room:1", "two");
  for (auto* x : {&ann, &bob}) {
    EXPECT_EQ(x->await_any().event, "one");
    EXPECT_EQ(x->await_any().event, "two");
    x->refute_push("phx_error");
    EXPECT_EQ(x->await_reply(x->push("room:1", "echo")).status, "ok");
  }
}

TEST_F(killed_server, takes_joins_and_leaves_while_it_is_dead) {
  auto ann = connect();
  auto bob = connect();
  ASSERT_TRUE(ann.join("room:1"));
  kill(0);
  kill(1);
  const auto join = bob.push("room:1", "phx_join");
  ann.leave("room:1");
  EXPECT_EQ(bob.await_reply(join).status, "ok");
  broadcast("room:1", "news");
  bob.await_broadcast("news");
  ann.refute_broadcast("news");
}

TEST_F(killed_server, too_often_closes_the_connections_for_all_to_see) {
  auto ann = connect();
  ASSERT_TRUE(ann.join("room:1"));
  for (int i = 0; i < 4; ++i) {
    kill(0);
    run();
  }
  // The tree is rest_for_one: with the pubsub the sockets start anew.
  EXPECT_FALSE(ann.connected());
  EXPECT_EQ(ann.closed(), close_code::going_away);
}

} // namespace
} // namespace bennu::channels
