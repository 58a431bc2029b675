#include "channels/testing/channel_test.hpp"

#include "channels/channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace bennu::channels {

struct new_msg {
  std::string body;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(new_msg, body)

namespace {

using namespace std::chrono_literals;

struct visitor {
  std::string user;
};

class room_channel final : public channel {
public:
  static auto events() {
    return event_map<room_channel>{
      {"new_msg", &room_channel::on_new_msg},
      {"typing", &room_channel::on_typing},
    };
  }

  join_result join(const topic& room, const json&) override {
    if (room.subtopic() == "staff")
      return refuse({{"reason", "unauthorized"}});
    return accept();
  }

private:
  result on_new_msg(const new_msg& msg) {
    broadcast("new_msg", {{"user", me().user}, {"body", msg.body}});
    return ok();
  }

  result on_typing() {
    broadcast_from("typing", {{"user", me().user}});
    return no_reply;
  }

  const visitor& me() const { return assigns<visitor>(); }
};

socket_spec user_socket() {
  return {
    .connect = [](const connect_request& req) -> connect_result {
      auto name = req.param("name");
      if (!name)
        return refuse_connect();
      return visitor{.user = *name};
    },
    .channels = {route<room_channel>("room:*")},
    .heartbeat_timeout = 60s,
  };
}

struct room_channel_test : testing::channel_test {
  room_channel_test() : channel_test(user_socket()) {}
};

TEST_F(room_channel_test, a_message_reaches_everyone_in_the_room) {
  auto ann = connect({{"name", "ann"}});
  auto bob = connect({{"name", "bob"}});
  ASSERT_TRUE(ann.join("room:lobby"));
  ASSERT_TRUE(bob.join("room:lobby"));

  const auto ref = ann.push("room:lobby", "new_msg", {{"body", "hi"}});

  EXPECT_EQ(ann.await_reply(ref).status, "ok");
  EXPECT_EQ(bob.await_push("new_msg").payload,
            (json{{"user", "ann"}, {"body", "hi"}}));
}

TEST_F(room_channel_test, broadcast_from_leaves_out_its_sender) {
  auto ann = connect({{"name", "ann"}});
  auto bob = connect({{"name", "bob"}, {"vsn", "1.0.0"}});
  ASSERT_TRUE(ann.join("room:lobby"));
  ASSERT_TRUE(bob.join("room:lobby"));
  ann.push("room:lobby", "typing");
  EXPECT_EQ(bob.await_push("typing").payload, (json{{"user", "ann"}}));
  ann.refute_push("typing");
}

TEST_F(room_channel_test, a_client_without_a_name_is_refused) {
  const auto x = try_connect();
  EXPECT_FALSE(x.accepted);
  EXPECT_EQ(x.refused.status, 403);
}

} // namespace
} // namespace bennu::channels
