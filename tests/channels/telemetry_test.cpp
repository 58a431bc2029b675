#include "channels/telemetry.hpp"
#include "runtime/log.hpp"
#include "runtime/telemetry.hpp"
#include "tests/channels/socket_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace bennu::channels {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// An event as a handler saw it, kept.
struct seen {
  std::map<std::string, double> measured;
  std::map<std::string, std::string> about;
};

struct telemetry_test : socket_fixture {
  /// All events of a name from now on.
  std::vector<seen>& watch(std::string_view name) {
    auto& all = events_[std::string{name}];
    node().telemetry().attach(std::string{name}, std::string{name},
                              [&all](const runtime::telemetry_event& x) {
                                seen copy;
                                for (const auto& [key, value] : x.measurements)
                                  copy.measured.emplace(key, value);
                                for (const auto& [key, value] : x.metadata)
                                  copy.about.emplace(key, value);
                                all.push_back(std::move(copy));
                              });
    return all;
  }

  testing::client joined() {
    auto made = connect();
    EXPECT_TRUE(made.join("room:1"));
    return made;
  }

private:
  std::map<std::string, std::vector<seen>> events_;
};

TEST_F(telemetry_test, a_connect_is_told_with_its_filtered_parameters) {
  const auto& all = watch(events::socket_connected);
  connect({{"name", "ann"}, {"password", "xyz"}});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].about.at("result"), "ok");
  EXPECT_EQ(all[0].about.at("vsn"), "2.0.0");
  EXPECT_EQ(all[0].about.at("transport"), "websocket");
  EXPECT_EQ(json::parse(all[0].about.at("params")).at("password"),
            "[FILTERED]");
  EXPECT_GE(all[0].measured.at("duration_us"), 0);
}

TEST_F(telemetry_test, a_join_is_told_with_its_result) {
  const auto& all = watch(events::channel_joined);
  auto ann = connect();
  ann.join("room:1", {{"a", 1}});
  ann.join("room:staff");
  ann.join("room:crash");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].about.at("result"), "ok");
  EXPECT_EQ(all[0].about.at("topic"), "room:1");
  EXPECT_EQ(all[0].about.at("params"), R"({"a":1})");
  EXPECT_EQ(all[1].about.at("result"), "refused");
  EXPECT_EQ(all[2].about.at("result"), "crashed");
}

TEST_F(telemetry_test, a_handled_event_has_a_start_and_a_stop) {
  const auto& starts = watch(events::handle_in_start);
  const auto& stops = watch(events::handle_in_stop);
  auto ann = joined();
  ann.await_reply(ann.push("room:1", "echo", {{"n", 1}}));
  ASSERT_EQ(starts.size(), 1u);
  ASSERT_EQ(stops.size(), 1u);
  EXPECT_EQ(starts[0].about.at("event"), "echo");
  EXPECT_EQ(stops[0].about.at("status"), "ok");
  EXPECT_GE(stops[0].measured.at("duration_us"), 0);
}

TEST_F(telemetry_test, a_handler_that_throws_has_a_start_and_an_exception) {
  const auto& stops = watch(events::handle_in_stop);
  const auto& throws = watch(events::handle_in_exception);
  const auto& ends = watch(events::channel_terminated);
  auto ann = joined();
  ann.push("room:1", "boom");
  ann.await_push("phx_error");
  EXPECT_THAT(stops, IsEmpty());
  ASSERT_EQ(throws.size(), 1u);
  EXPECT_EQ(throws[0].about.at("event"), "boom");
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].about.at("topic"), "room:1");
  EXPECT_THAT(ends[0].about.at("reason"),
              HasSubstr(throws[0].about.at("what")));
}

TEST_F(telemetry_test, a_broadcast_is_told_once_and_its_fan_out_by_server) {
  const auto& told = watch(events::broadcast);
  const auto& served = watch(events::pubsub_dispatched);
  std::vector<testing::client> all;
  for (int i = 0; i < 5; ++i)
    all.push_back(joined());
  broadcast(topic{"room:1"}, "news", {{"a", 1}});
  run();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].measured.at("bytes"), 7);
  EXPECT_EQ(told[0].about.at("topic"), "room:1");
  double receivers = 0;
  for (const auto& x : served)
    receivers += x.measured.at("receivers");
  EXPECT_EQ(served.size(), 2u);
  EXPECT_EQ(receivers, 5);
}

TEST_F(telemetry_test, a_push_is_told_with_its_size) {
  const auto& all = watch(events::pushed);
  auto ann = joined();
  ann.push("room:1", "push_me");
  run();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].about.at("topic"), "room:1");
  EXPECT_GT(all[0].measured.at("bytes"), 0);
}

TEST_F(telemetry_test, a_socket_that_ends_says_why_and_how_many_channels) {
  const auto& all = watch(events::socket_closed);
  const auto& ends = watch(events::channel_terminated);
  auto ann = joined();
  ann.close();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].measured.at("channels"), 1);
  EXPECT_EQ(all[0].about.at("reason"), "normal");
  EXPECT_EQ(all[0].about.at("id"), "users:ann");
  EXPECT_EQ(ends.size(), 1u);
}

// -- lines --------------------------------------------------------------------

/// Lines of a level and above, as long as it lives.
TEST_F(telemetry_test, a_channel_ends_with_the_reason_of_its_socket) {
  const auto& all = watch(events::channel_terminated);
  joined().close();
  auto ann = connect({{"name", "ann"}});
  ASSERT_TRUE(ann.join("room:1"));
  broadcast("users:ann", "disconnect");
  EXPECT_FALSE(ann.connected());
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].about.at("reason"), "{shutdown, closed}");
  EXPECT_EQ(all[1].about.at("reason"), "{shutdown, disconnected}");
}

struct log_lines {
  explicit log_lines(runtime::log_level level)
    : before(runtime::log_threshold()) {
    runtime::log_threshold(level);
    runtime::log_to([this](runtime::log_level, std::string_view line) {
      all.emplace_back(line);
    });
  }
  ~log_lines() {
    runtime::log_to({});
    runtime::log_threshold(before);
  }
  bool any(std::string_view part) const {
    return std::any_of(all.begin(), all.end(), [&](const std::string& x) {
      return x.find(part) != std::string::npos;
    });
  }
  runtime::log_level before;
  std::vector<std::string> all;
};

TEST_F(telemetry_test, lines_are_as_phoenix_writes_them) {
  const log_lines lines{runtime::log_level::debug};
  auto ann = joined();
  ann.await_reply(ann.push("room:1", "echo", {{"password", "xyz"}}));
  EXPECT_TRUE(lines.any("CONNECTED TO test in "));
  EXPECT_TRUE(lines.any("\n  Transport: websocket\n  Serializer: 2.0.0\n"));
  EXPECT_TRUE(lines.any("JOINED room:1 in "));
  EXPECT_TRUE(lines.any("HANDLED echo INCOMING ON room:1 in "));
  EXPECT_TRUE(lines.any(R"({"password":"[FILTERED]"})"));
  EXPECT_FALSE(lines.any("xyz"));
}

TEST_F(telemetry_test, nothing_is_written_below_the_threshold) {
  const log_lines lines{runtime::log_level::info};
  auto ann = joined();
  ann.await_reply(ann.push("room:1", "echo"));
  EXPECT_THAT(lines.all, IsEmpty());
}

struct own_topics : testing::channel_test {
  own_topics()
    : channel_test({.connect = [](const connect_request&) -> connect_result {
                      return session{"ann"};
                    },
                    .channels = {route<obedient_channel>("phoenix*")}}) {}
};

TEST_F(own_topics, of_phoenix_have_no_lines) {
  const log_lines lines{runtime::log_level::debug};
  auto ann = connect();
  ASSERT_TRUE(ann.join("phoenix:live_reload"));
  ann.await_reply(ann.push("phoenix:live_reload", "echo"));
  EXPECT_TRUE(lines.any("CONNECTED TO test in "));
  EXPECT_FALSE(lines.any("phoenix:live_reload"));
}

struct quiet_test : testing::channel_test {
  static socket_spec quiet() {
    auto spec = obedient_socket();
    spec.log_connect = runtime::log_level::off;
    spec.log_join = runtime::log_level::info;
    spec.log_handle_in = runtime::log_level::off;
    return spec;
  }
  quiet_test() : channel_test(quiet()) {}
};

TEST_F(quiet_test, each_kind_of_line_has_its_level) {
  const log_lines lines{runtime::log_level::info};
  auto ann = connect();
  ann.join("room:1");
  ann.await_reply(ann.push("room:1", "echo"));
  ASSERT_EQ(lines.all.size(), 1u);
  EXPECT_THAT(lines.all[0], HasSubstr("JOINED room:1 in "));
}

} // namespace
} // namespace bennu::channels
