#include "channels/custom_channel.hpp"
#include "tests/channels/socket_fixture.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace bennu::channels {
namespace {

using runtime::behavior;
using runtime::process;

/// Refuses, dies, dawdles or accepts as the topic says, then answers.
behavior clock_process(process& self, const custom_join& at) {
  const auto what = at.topic_name().subtopic();
  if (what == "no") {
    at.refuse(self, {{"reason", "no clock"}});
    self.stop();
    return {};
  }
  if (what == "broken")
    throw std::runtime_error("no spring");
  if (what == "garbled")
    at.accept(self, {{"text", "\xff"}}); // no UTF-8
  else
    at.accept(self,
              {{"user", at.assigns<session>().user}, {"params", at.params()}});
  at.bus().subscribe(self, at.topic_name());
  return {
    [&self, at](const client_push& x) {
      const auto& event = x.what.event;
      if (event == "tick")
        at.push(self, "tock", json{{"n", 1}});
      if (event == "time")
        at.reply(self, x, ok({{"time", 12}}));
      if (event == "die")
        throw std::runtime_error("spring broke");
      if (event == "phx_leave") {
        at.reply(self, x, ok());
        at.close(self);
        self.stop();
      }
    },
    [&self, at](const broadcast_message& x) {
      at.push(self, "heard", json{{"event", x.event()}});
    },
  };
}

socket_spec with_clock() {
  auto spec = obedient_socket();
  spec.channels.push_back(route_process("clock:*", clock_process));
  return spec;
}

struct custom_channel_test : testing::channel_test {
  custom_channel_test() : channel_test(with_clock()) {}
  testing::client ann = connect({{"name", "ann"}});
};

TEST_F(custom_channel_test, a_plain_process_accepts_with_a_reply) {
  const auto joined = ann.join("clock:wall", {{"a", 1}});
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined.payload, (json{{"user", "ann"}, {"params", {{"a", 1}}}}));
}

TEST_F(custom_channel_test, it_refuses) {
  const auto joined = ann.join("clock:no");
  EXPECT_EQ(joined.status, "error");
  EXPECT_EQ(joined.payload, (json{{"reason", "no clock"}}));
  ann.refute_any();
}

TEST_F(custom_channel_test, one_that_dies_before_it_decides_crashed_the_join) {
  const auto joined = ann.join("clock:broken");
  EXPECT_EQ(joined.status, "error");
  EXPECT_EQ(joined.payload, (json{{"reason", "join crashed"}}));
}

TEST_F(custom_channel_test, it_pushes_and_replies) {
  ASSERT_TRUE(ann.join("clock:wall"));
  const auto ref = ann.push("clock:wall", "time");
  EXPECT_EQ(ann.await_reply(ref).payload, (json{{"time", 12}}));
  ann.push("clock:wall", "tick");
  const auto tock = ann.await_push("tock");
  EXPECT_EQ(tock.topic, "clock:wall");
  EXPECT_EQ(tock.join_ref, ann.raw().join_ref("clock:wall"));
}

TEST_F(custom_channel_test, it_hears_broadcasts_it_subscribed_to) {
  ASSERT_TRUE(ann.join("clock:wall"));
  broadcast(topic{"clock:wall"}, "strike");
  EXPECT_EQ(ann.await_push("heard").payload, (json{{"event", "strike"}}));
}

TEST_F(custom_channel_test, it_closes_in_order) {
  ASSERT_TRUE(ann.join("clock:wall"));
  const auto ref = ann.leave("clock:wall");
  EXPECT_EQ(ann.await_any().ref, json(ref));
  EXPECT_EQ(ann.await_any().event, "phx_close");
  ann.refute_any();
}

TEST_F(custom_channel_test, its_crash_is_a_phx_error) {
  ASSERT_TRUE(ann.join("clock:wall"));
  ann.push("clock:wall", "die");
  EXPECT_EQ(ann.await_push("phx_error").payload,
            (json{{"reason", "channel_crash"}}));
  EXPECT_TRUE(ann.connected());
}

TEST_F(custom_channel_test, it_ends_with_its_socket) {
  ASSERT_TRUE(ann.join("clock:wall"));
  const auto before = node().process_count();
  ann.close();
  EXPECT_EQ(node().process_count(), before - 2);
}

TEST_F(custom_channel_test, a_message_without_a_ref_cannot_be_answered) {
  ASSERT_TRUE(ann.join("clock:wall"));
  ann.raw().send_raw(opcode::text, R"(["1",null,"clock:wall","time",{}])");
  EXPECT_EQ(ann.await_push("phx_error").topic, "clock:wall");
}

TEST_F(custom_channel_test, a_reply_that_cannot_be_sent_crashed_the_join) {
  const auto joined = ann.join("clock:garbled");
  EXPECT_EQ(joined.payload, (json{{"reason", "join crashed"}}));
  EXPECT_TRUE(ann.connected());
}

} // namespace
} // namespace bennu::channels
