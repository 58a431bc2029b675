// What a channel is built with, told and may ask for.
#include "channels/channel.hpp"
#include "channels/testing/channel_test.hpp"
#include "runtime/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bennu::channels {
namespace {

using testing::client;
using ::testing::Contains;
using ::testing::HasSubstr;

struct what_colour {};
struct ask_for_a_ref {};
struct unheard_of {};

class curious_channel final : public channel {
public:
  explicit curious_channel(std::string colour) : colour_(std::move(colour)) {}

  static auto events() {
    return event_map<curious_channel>{
      {"colour", &curious_channel::tell_colour},
      {"listen", &curious_channel::listen},
      {"ref", &curious_channel::keep_ref},
      {"pid", &curious_channel::tell_pid},
    };
  }

  join_result join(const topic&, const json&) override { return accept(); }

  result handle_info(runtime::message& msg) override {
    if (const auto* x = msg.value_if<broadcast_message>()) {
      push("heard", {{"on", x->topic().str()}, {"event", x->event()}});
      return no_reply;
    }
    if (msg.holds<what_colour>()) {
      process::reply(take_reply_to(), colour_);
      return no_reply;
    }
    if (msg.holds<ask_for_a_ref>())
      ref();
    return channel::handle_info(msg);
  }

private:
  result tell_colour() { return ok({{"colour", colour_}}); }
  result listen(const json& x) {
    bus().subscribe(*this, topic{x.at("on").get<std::string>()});
    return ok();
  }
  result keep_ref() {
    reply(ref(), no_reply);
    return no_reply;
  }
  result tell_pid() {
    return ok({{"slot", self().slot}, {"serial", self().serial}});
  }

  std::string colour_;
};

struct channel_callbacks : testing::channel_test {
  channel_callbacks()
    : channel_test({.channels = {route<curious_channel>("red:*", "red"),
                                 route<curious_channel>("blue:*", "blue")}}),
      ann(connect()) {
    EXPECT_TRUE(ann.join("red:1"));
  }

  json ask(std::string_view event, json x = json::object()) {
    return ann.await_reply(ann.push("red:1", event, std::move(x)))
      .payload.as_json();
  }
  runtime::pid its_pid() {
    const auto told = ask("pid");
    return {ann.socket().node, told.at("slot"), told.at("serial")};
  }

  client ann;
};

TEST_F(channel_callbacks, it_is_built_with_what_its_route_was_given) {
  ASSERT_TRUE(ann.join("blue:1"));
  EXPECT_EQ(ask("colour"), (json{{"colour", "red"}}));
  EXPECT_EQ(ann.await_reply(ann.push("blue:1", "colour")).payload,
            (json{{"colour", "blue"}}));
}

TEST_F(channel_callbacks, it_hears_topics_it_subscribed_to_as_messages) {
  ask("listen", {{"on", "weather"}});
  broadcast("weather", "rain");
  EXPECT_EQ(ann.await_push("heard").payload,
            (json{{"on", "weather"}, {"event", "rain"}}));
  ann.refute_push("rain");
}

TEST_F(channel_callbacks, it_answers_requests_of_other_processes) {
  EXPECT_EQ(sim().call<std::string>(its_pid(), what_colour{}), "red");
}

TEST_F(channel_callbacks, a_message_it_does_not_know_is_logged_and_harmless) {
  std::vector<std::string> lines;
  runtime::log_to([&](runtime::log_level, std::string_view line) {
    lines.emplace_back(line);
  });
  node().send(its_pid(), unheard_of{});
  run();
  runtime::log_to({});
  EXPECT_THAT(
    lines, Contains(HasSubstr("received unexpected message in handle_info")));
  EXPECT_EQ(ask("colour"), (json{{"colour", "red"}}));
}

TEST_F(channel_callbacks, there_is_a_ref_while_an_event_is_handled_only) {
  node().send(its_pid(), ask_for_a_ref{});
  ann.await_push("phx_error");
}

TEST_F(channel_callbacks, an_event_without_a_ref_cannot_be_answered_later) {
  ann.raw().send_raw(opcode::text, R"(["1",null,"red:1","ref",{}])");
  ann.await_push("phx_error");
}

TEST_F(channel_callbacks, a_later_reply_needs_an_answer) {
  ann.push("red:1", "ref");
  ann.await_push("phx_error");
}

TEST_F(channel_callbacks, it_is_shown_to_observers_under_its_topic) {
  EXPECT_EQ(node().info(its_pid())->label, "channel red:1");
  EXPECT_EQ(node().info(ann.socket())->label, "socket");
}

} // namespace
} // namespace bennu::channels
