#include "channels/broadcast.hpp"
#include "channels/channel.hpp"
#include "channels/event_map.hpp"
#include "channels/pool_supervisor.hpp"
#include "channels/socket_spec.hpp"
#include "channels/testing/test_endpoint.hpp"
#include "runtime/shard.hpp"
#include "transport/long_poll_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bennu::transport {
namespace {

using namespace std::chrono_literals;
using channels::json;
using channels::opcode;
using ::testing::HasSubstr;
using texts = std::vector<std::string>;

class room_channel final : public channels::channel {
public:
  static auto events() {
    return channels::event_map<room_channel>{
      {"echo", &room_channel::echo},
      {"bytes", &room_channel::bytes},
    };
  }
  channels::join_result join(const channels::topic&, const json&) override {
    return channels::accept();
  }

private:
  channels::result echo(const json& x) { return channels::ok(x); }
  channels::result bytes(channels::bytes_view) {
    push("raw", channels::binary("\xff"));
    return channels::no_reply;
  }
};

/// What a poll or a push has come to.
struct poll_outcome {
  std::optional<texts> messages;
  bool pushed = false;
  std::optional<runtime::exit_reason> failed;
};

/// A request's process, without the request.
class asker final : public runtime::process {
public:
  asker(runtime::pid session, std::optional<long_push> push, std::string peer,
        std::shared_ptr<poll_outcome> to)
    : session_(session), push_(std::move(push)), peer_(std::move(peer)),
      to_(std::move(to)) {}

protected:
  void init() override {
    const auto failed = [this](const auto& why) { to_->failed = why; };
    if (push_)
      return request(session_, 1h, *push_)
        .then([this](const long_push_done&) { to_->pushed = true; }, failed);
    request(session_, 1h, long_poll{.peer = peer_})
      .then(
        [this](const long_polled& x) {
          to_->messages.emplace();
          for (const auto& frame : x.messages)
            to_->messages->emplace_back(frame->payload());
        },
        failed);
  }
  void handle_message(runtime::message&) override {}

private:
  runtime::pid session_;
  std::optional<long_push> push_;
  std::string peer_;
  std::shared_ptr<poll_outcome> to_;
};

class long_poll_session_test : public ::testing::Test {
protected:
  long_poll_session_test() {
    at.node().run_on(0, [&] {
      shared = new detail::shard_transport(at.node().shard_at(0), {}, counters);
      auto started = at.negotiate({{"vsn", "2.0.0"}});
      started.accepted->id = "user:ann";
      session = channels::start_socket<long_poll_session>(
        *at.spec(), 0, std::move(*started.accepted),
        long_poll_session::opening{shared, window, buffer_max, "127.0.0.1:4711",
                                   shared->agents.number_of("poller/1")});
    });
    at.sim().run();
  }
  ~long_poll_session_test() override {
    at.sim().stop();
    at.node().run_on(0, [&] { shared.reset(); });
  }

  /// From shard 1, while the session lives on shard 0.
  std::shared_ptr<poll_outcome> ask(std::optional<long_push> push,
                                    const std::string& peer = "") {
    auto to = std::make_shared<poll_outcome>();
    last_asker = at.node().spawn({.shard = 1}, std::in_place_type<asker>,
                                 session, std::move(push), peer, to);
    at.sim().run();
    return to;
  }
  std::shared_ptr<poll_outcome> poll(const std::string& peer = "") {
    return ask(std::nullopt, peer);
  }
  std::shared_ptr<poll_outcome> push(const texts& lines) {
    long_push x;
    for (const auto& line : lines)
      x.parts.push_back({opcode::text, line});
    return ask(std::move(x));
  }

  void tell(const std::string& body) {
    channels::broadcast(at.bus(), "room:1", "said",
                        json::object({{"body", body}}));
    at.sim().run();
  }
  void join() {
    push({R"(["1","1","room:1","phx_join",{}])"});
    EXPECT_TRUE(poll()->messages);
  }
  bool alive() { return at.node().is_alive(session); }

  const std::string said = R"([null,null,"room:1","said",{"body":"hi"}])";
  std::chrono::milliseconds window = 10s;
  std::size_t buffer_max = 1000;
  detail::shard_counters counters;
  channels::testing::test_endpoint at{
    {.channels = {channels::route<room_channel>("room:*")}}};
  detail::shard_transport_ptr shared;
  runtime::pid session;
  runtime::pid last_asker;
};

TEST_F(long_poll_session_test, a_poll_gets_all_that_waits_in_order) {
  EXPECT_TRUE(push({R"(["1","1","room:1","phx_join",{}])",
                    R"(["1","2","room:1","echo",{"n":1}])"})
                ->pushed);
  EXPECT_EQ(
    poll()->messages,
    (texts{R"(["1","1","room:1","phx_reply",{"response":{},"status":"ok"}])",
           R"(["1","2","room:1","phx_reply",)"
           R"({"response":{"n":1},"status":"ok"}])"}));
}

TEST_F(long_poll_session_test, a_poll_waits_for_the_first_message) {
  join();
  const auto waiting = poll();
  EXPECT_FALSE(waiting->messages);
  tell("hi");
  EXPECT_EQ(waiting->messages, texts{said});
}

TEST_F(long_poll_session_test, a_burst_goes_as_one_answer) {
  const auto waiting = poll();
  push({R"([null,"1","phoenix","heartbeat",{}])",
        R"([null,"2","phoenix","heartbeat",{}])"});
  EXPECT_EQ(waiting->messages->size(), 2u);
}

TEST_F(long_poll_session_test, a_poll_without_messages_ends_with_its_window) {
  const auto waiting = poll();
  at.sim().advance(window - 1ms);
  EXPECT_FALSE(waiting->messages);
  at.sim().advance(1ms);
  EXPECT_EQ(waiting->messages, texts{});
}

TEST_F(long_poll_session_test, a_second_poll_takes_the_place_of_the_first) {
  join();
  const auto first = poll();
  const auto second = poll();
  tell("hi");
  EXPECT_FALSE(first->messages);
  EXPECT_EQ(second->messages, texts{said});
}

TEST_F(long_poll_session_test, a_poll_whose_client_has_gone_takes_nothing) {
  join();
  poll();
  at.node().exit(last_asker, runtime::exit_reason::kill());
  at.sim().run();
  tell("hi");
  EXPECT_EQ(poll()->messages, texts{said});
}

TEST_F(long_poll_session_test, messages_given_to_a_poll_are_forgotten) {
  join();
  tell("hi");
  EXPECT_EQ(poll()->messages, texts{said});
  const auto next = poll();
  at.sim().advance(window);
  EXPECT_EQ(next->messages, texts{});
}

TEST_F(long_poll_session_test, a_client_that_does_not_poll_is_gone) {
  at.sim().advance(window * 3 / 2);
  EXPECT_TRUE(alive());
  push({R"([null,"1","phoenix","heartbeat",{}])"}); // is no sign of life
  at.sim().advance(window * 3 / 2);
  EXPECT_FALSE(alive());
  EXPECT_EQ(counters.read().timeouts, 1u);
  EXPECT_EQ(counters.read().open, 0u);
}

TEST_F(long_poll_session_test, a_client_that_polls_lives_on) {
  for (int i = 0; i < 10; ++i) {
    poll();
    at.sim().advance(window * 3 / 2);
    ASSERT_TRUE(alive()) << i;
  }
}

TEST_F(long_poll_session_test, what_waits_is_bounded) {
  join();
  const auto size = said.size() - 2; // of an empty body
  tell(std::string(buffer_max - 2 * size, 'x'));
  tell("");
  EXPECT_TRUE(alive()) << "at the limit";
  tell("");
  EXPECT_FALSE(alive()) << "one past it";
  EXPECT_EQ(counters.read().slow_consumers, 1u);
}

TEST_F(long_poll_session_test, one_large_message_is_no_slowness) {
  join();
  tell(std::string(buffer_max * 2, 'x'));
  EXPECT_EQ(poll()->messages->size(), 1u);
}

TEST_F(long_poll_session_test, a_bad_message_ends_it_and_both_requests) {
  const auto waiting = poll();
  const auto bad = push({"no json"});
  EXPECT_FALSE(bad->pushed);
  EXPECT_TRUE(bad->failed);
  EXPECT_TRUE(waiting->failed);
  EXPECT_FALSE(alive());
  EXPECT_EQ(poll()->failed, runtime::exit_reason::noproc());
}

TEST_F(long_poll_session_test, messages_in_bytes_are_left_out) {
  join();
  long_push raw;
  raw.parts.push_back(
    {opcode::binary, std::string("\0\1\1\6\5", 5) + "12room:1bytes" + "data"});
  EXPECT_TRUE(ask(raw)->pushed);
  tell("hi");
  EXPECT_EQ(poll()->messages, texts{said});
}

TEST_F(long_poll_session_test, a_disconnect_by_id_ends_it_and_its_poll) {
  const auto waiting = poll();
  channels::broadcast(at.bus(), "user:ann", "disconnect", json::object());
  at.sim().run();
  EXPECT_EQ(waiting->failed, runtime::exit_reason::shutdown("disconnected"));
  EXPECT_FALSE(alive());
}

TEST_F(long_poll_session_test, a_drain_ends_it_with_its_last_words) {
  join();
  tell("hi");
  at.node().run_on(0, [&] {
    shared->begin_drain([] {});
    shared->drain_batch(1);
  });
  at.sim().run();
  EXPECT_FALSE(alive());
  EXPECT_EQ(counters.read().long_polls, 0u);
}

TEST_F(long_poll_session_test, observers_see_what_it_carries_and_when) {
  const auto look = [this](auto f) {
    at.node().run_on(0, [&] {
      f(dynamic_cast<const long_poll_session&>(
        *at.node().shard_at(0).find(session)));
    });
  };
  const std::string heartbeat = R"([null,"1","phoenix","heartbeat",{}])";
  look([](const long_poll_session& x) {
    EXPECT_EQ(x.peer(), "127.0.0.1:4711");
    EXPECT_EQ(x.agent(), "poller/1");
    EXPECT_EQ(x.bytes_in(), 0u);
  });
  at.sim().advance(2s);
  push({heartbeat});
  at.sim().advance(1s);
  std::size_t waiting = 0;
  look([&](const long_poll_session& x) {
    EXPECT_EQ(x.bytes_in(), heartbeat.size());
    EXPECT_EQ(x.bytes_out(), 0u);
    EXPECT_EQ(x.age(), 3s);
    EXPECT_EQ(x.silence(), 1s) << "since the push";
    waiting = x.queued();
  });
  EXPECT_GT(waiting, 0u);
  poll("127.0.0.1:4712");
  look([&](const long_poll_session& x) {
    EXPECT_EQ(x.peer(), "127.0.0.1:4712") << "of the last poll";
    EXPECT_EQ(x.queued(), 0u);
    EXPECT_EQ(x.bytes_out(), waiting);
    EXPECT_EQ(x.silence(), 0s);
  });
}

} // namespace
} // namespace bennu::transport
