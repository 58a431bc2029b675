#include "channels/channel.hpp"
#include "channels/testing/channel_test.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::channels {
namespace {

using namespace std::chrono_literals;

constexpr auto rest = 15s;

/// Keeps what it was told until it has rested for so long, as Phoenix's
/// hibernate_after would have it.
class drowsy_channel final : public channel {
public:
  static auto events() {
    return event_map<drowsy_channel>{
      {"keep", &drowsy_channel::keep},
      {"kept", &drowsy_channel::kept},
      {"sleep", &drowsy_channel::sleep},
    };
  }

  join_result join(const topic&, const json&) override { return accept(); }

  result handle_info(runtime::message& msg) override {
    if (!msg.holds<tired>())
      return channel::handle_info(msg);
    hibernate();
    return no_reply;
  }

private:
  struct tired {};

  void hibernated() override { cache_ = {}; }

  result keep(const json& x) {
    cancel_timer(timer_);
    timer_ = send_after(rest, self(), tired{});
    cache_ = x.at("text");
    return ok();
  }
  result kept() { return ok({{"text", cache_}}); }
  result sleep() {
    hibernate();
    return ok({{"still", cache_}});
  }

  std::string cache_;
  runtime::timer_ref timer_;
};

struct hibernation : testing::channel_test {
  hibernation()
    : channel_test({.channels = {route<drowsy_channel>("room:*")}}),
      ann(connect()) {
    EXPECT_TRUE(ann.join("room:1"));
  }

  json ask(std::string_view event, json with = json::object()) {
    return ann.await_reply(ann.push("room:1", event, std::move(with)))
      .payload.as_json();
  }

  testing::client ann;
};

TEST_F(hibernation, comes_after_the_handler_that_asked_for_it) {
  ask("keep", {{"text", "much"}});
  EXPECT_EQ(ask("sleep"), (json{{"still", "much"}}));
  EXPECT_EQ(ask("kept"), (json{{"text", ""}}));
}

TEST_F(hibernation, may_wait_for_a_rest_that_each_event_puts_off) {
  ask("keep", {{"text", "once"}});
  advance(rest - 1s);
  ask("keep", {{"text", "twice"}});
  advance(rest - 1s);
  EXPECT_EQ(ask("kept"), (json{{"text", "twice"}}));
  advance(1s);
  EXPECT_EQ(ask("kept"), (json{{"text", ""}}));
}

} // namespace
} // namespace bennu::channels
