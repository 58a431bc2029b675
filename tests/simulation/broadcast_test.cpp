#include "channels/broadcast.hpp"
#include "channels/channel.hpp"
#include "channels/testing/test_endpoint.hpp"
#include "runtime/log.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::channels {
namespace {

class room_channel final : public channel {
public:
  static auto events() {
    return event_map<room_channel>{
      {"say", &room_channel::say},
      {"boom", &room_channel::boom},
      {"quit", &room_channel::quit},
    };
  }
  static std::vector<std::string> intercepts() { return {"intercepted"}; }

  join_result join(const topic&, const json& params) override {
    if (params.value("crash", false))
      throw std::runtime_error("crashed in join");
    return accept();
  }

private:
  result say(const json& x) {
    broadcast("said", x);
    return ok();
  }
  result boom() { throw std::runtime_error("boom"); }
  result quit() { return channels::stop(runtime::exit_reason::normal()); }
};

/// What one client has been told about one topic, and what follows from it.
struct seen {
  /// Between the reply to a join and phx_close or phx_error.
  bool joined = false;

  /// The number of the last broadcast of an event in this membership: the next
  /// one is its successor, whatever happened in between. By event, because an
  /// intercepted one takes the way through the channel.
  std::map<std::string, int> last;
};

struct one_client {
  explicit one_client(testing::raw_client x) : raw(std::move(x)) {}
  testing::raw_client raw;
  std::map<std::string, seen> topics;
  std::map<std::string, std::string> joins; // ref -> topic
};

/// Clients that join, leave, crash, talk and go, and pubsub servers that are
/// killed, in an order that the seed decides.
class world {
public:
  explicit world(std::uint64_t seed)
    : random_(seed), at_({.channels = {route<room_channel>("room:*")}},
                         {.shards = 3,
                          .seed = seed,
                          .pubsub = {.name = "test.pubsub", .chunk_max = 3}}) {
    for (int i = 0; i < 12; ++i)
      connect();
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      act();
      if (pick(3) == 0)
        settle();
    }
    settle();
    expect_complete();
  }

private:
  std::size_t pick(std::size_t n) { return random_() % n; }
  std::string any_topic() { return "room:" + std::to_string(pick(3)); }

  void connect() {
    const auto* vsn = pick(2) == 0 ? "1.0.0" : "2.0.0";
    clients_.emplace_back(*at_.connect({{"vsn", vsn}}));
  }

  void act() {
    auto& client = clients_[pick(clients_.size())];
    switch (pick(12)) {
    case 0:
    case 1:
    case 2:
      return join(client, json::object());
    case 3:
      client.raw.send(any_topic(), "phx_leave", json::object());
      return;
    case 4:
      client.raw.send(any_topic(), pick(2) == 0 ? "boom" : "quit",
                      json::object());
      return;
    case 5:
      return join(client, {{"crash", true}});
    case 6:
      return kill_a_server();
    case 7:
      if (pick(4) == 0) {
        client.raw.drop();
        settle();
        client.topics.clear();
        client = one_client{*at_.connect({{"vsn", "2.0.0"}})};
      }
      return;
    default:
      return tell(any_topic(), pick(4) == 0 ? "intercepted" : "news");
    }
  }

  void join(one_client& client, json params) {
    const auto on = any_topic();
    client.joins[client.raw.send(on, "phx_join", std::move(params))] = on;
  }

  /// Seldom enough for the supervisor not to give up.
  void kill_a_server() {
    at_.sim().advance(std::chrono::seconds{6});
    at_.node().exit(at_.pubsub_server(pick(3)), runtime::exit_reason::kill());
  }

  void tell(const std::string& on, const std::string& event) {
    const auto number = ++sent_[on + event];
    broadcast(at_.bus(), on, event, json{{"n", number}});
    // Half the time the servers are in the middle of it when the next thing
    // happens.
    if (pick(2) == 0)
      settle();
  }

  void settle() {
    at_.sim().run();
    for (auto& client : clients_) {
      auto& box = client.raw.inbox().messages;
      for (; !box.empty(); box.pop_front())
        check(client, box.front());
    }
  }

  void check(one_client& client, const testing::received& x) {
    auto& topic = client.topics[x.topic];
    if (x.event == "phx_reply")
      return check_reply(client, x);
    if (x.event == "phx_close" || x.event == "phx_error") {
      // The old channel's close follows the reply to the join that replaced
      // it; vsn 1 says nothing of join_refs.
      if (replaced_.erase({client.raw.socket(), x.topic}) == 0)
        topic.joined = false;
      return;
    }
    ASSERT_TRUE(topic.joined) << x.wire << " without a join";
    const auto number = x.payload.as_json().at("n").get<int>();
    const auto last = topic.last.try_emplace(x.event, number - 1).first;
    ASSERT_EQ(number, last->second + 1) << x.wire << " out of order";
    last->second = number;
  }

  void check_reply(one_client& client, const testing::received& x) {
    const auto join = client.joins.find(x.ref.get<std::string>());
    if (join == client.joins.end())
      return;
    auto& topic = client.topics[join->second];
    if (topic.joined)
      replaced_.insert({client.raw.socket(), join->second});
    topic = {};
    topic.joined = x.status == "ok";
    client.joins.erase(join);
  }

  /// Whoever is joined now gets one last message, and nobody else.
  void expect_complete() {
    for (const auto* on : {"room:0", "room:1", "room:2"})
      tell(on, "news");
    settle();
    for (auto& client : clients_)
      for (auto& [on, topic] : client.topics)
        if (topic.joined) {
          EXPECT_EQ(topic.last["news"], sent_[on + "news"])
            << client.raw.describe();
        }
  }

  std::mt19937_64 random_;
  testing::test_endpoint at_;
  std::vector<one_client> clients_;
  std::map<std::string, int> sent_;
  std::set<std::pair<runtime::pid, std::string>> replaced_;
};

class seeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(seeds, every_joined_client_gets_each_broadcast_once_and_in_order) {
  runtime::log_threshold(runtime::log_level::off);
  world x{GetParam()};
  x.run(400);
}

INSTANTIATE_TEST_SUITE_P(broadcasts, seeds,
                         ::testing::Range<std::uint64_t>(1, 21));

} // namespace
} // namespace bennu::channels
