#pragma once

#include "channels/channel.hpp"
#include "channels/event_map.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/socket_spec.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"
#include "transport/detail/connection_holder.hpp"
#include "transport/endpoint.hpp"
#include "transport/websocket_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bennu::transport::testing {

using namespace std::chrono_literals;
using event = websocket_client::event;

/// Echoes, floods and crashes on demand.
class test_channel final : public channels::channel {
public:
  static auto events() {
    return channels::event_map<test_channel>{
      {"echo", &test_channel::on_echo},
      {"flood", &test_channel::on_flood},
    };
  }

  channels::join_result join(const channels::topic&,
                             const channels::json&) override {
    return channels::accept();
  }

private:
  channels::result on_echo(const channels::json& x) { return channels::ok(x); }

  channels::result on_flood(const channels::json& x) {
    const std::string body(x.at("size").get<std::size_t>(), 'x');
    for (int i = 0; i < x.at("count"); ++i)
      push("chunk", {{"body", body}});
    return channels::no_reply;
  }
};

/// A node with an endpoint on a free port.
class endpoint_fixture : public ::testing::Test {
protected:
  endpoint_fixture() {
    spec.connect = [](const channels::connect_request& request) {
      if (request.param("throw"))
        throw std::runtime_error("thrown in connect");
      return request.param("refuse") ? channels::refuse_connect("not you")
                                     : channels::accept_connect();
    };
    spec.channels = {channels::route<test_channel>("test:*")};
    options.name = "test.endpoint";
    options.port = 0;
    options.host = "127.0.0.1";
    options.pubsub = "test.pubsub";
  }

  runtime::supervisor_spec tree() {
    auto x = options;
    x.sockets = {{"/socket", spec, transports}};
    return runtime::rest_for_one(
      "test", {}, channels::pubsub_spec({.name = "test.pubsub"}), endpoint(x));
  }

  void start() {
    node = std::make_unique<runtime::node>(node_options);
    const auto why = node->start(tree());
    ASSERT_FALSE(why) << to_string(*why);
    port = bound_port(*node, options.name);
    ASSERT_NE(port, 0);
  }

  std::string url(const std::string& query = "vsn=2.0.0") const {
    return "ws://127.0.0.1:" + std::to_string(port) + "/socket/websocket?"
           + query;
  }

  websocket_client open(const client_options& how = {}) const {
    websocket_client x;
    EXPECT_TRUE(x.connect(url(), how)) << x.status() << " " << x.error();
    return x;
  }

  /// True when the server answers this client's heartbeat.
  static bool answers(websocket_client& x) {
    return x.send_text(R"([null,"9","phoenix","heartbeat",{}])")
           && x.receive(5s).payload.find("\"ok\"") != std::string::npos;
  }

  static void join(websocket_client& x) {
    ASSERT_TRUE(x.send_text(R"(["1","1","test:a","phx_join",{}])"));
    ASSERT_THAT(x.receive(5s).payload, ::testing::HasSubstr("\"ok\""));
  }

  /// Sends bytes on a connection of their own and returns all that comes back.
  std::string exchange(const std::string& bytes) const {
    websocket_client x;
    EXPECT_TRUE(x.connect_tcp(url())) << x.error();
    EXPECT_TRUE(x.send_raw(bytes));
    return x.receive_raw(1 << 24, 5s);
  }

  endpoint_counters counted() { return counters(*node, options.name); }

  std::vector<std::uint64_t> accepted_by_shard() {
    std::vector<std::uint64_t> seen;
    const auto holder = node->whereis(options.name + ".connections.0");
    node->run_on(0, [&] {
      const auto* found = node->shard_at(0).find(holder);
      const auto& state =
        dynamic_cast<const detail::connection_holder&>(*found).state();
      for (const auto& x : state.parts)
        seen.push_back(x->counters.read().accepted);
    });
    return seen;
  }

  /// Waits for something another thread brings about; each look is a round
  /// trip through a shard.
  template <class F>
  bool eventually(F f) {
    for (int i = 0; i < 200'000; ++i) {
      if (f())
        return true;
      std::this_thread::yield();
    }
    return false;
  }

  runtime::node_options node_options{.shards = 2};
  endpoint_options options;
  channels::socket_spec spec;
  socket_transports transports;
  std::unique_ptr<runtime::node> node;
  std::uint16_t port = 0;
};

} // namespace bennu::transport::testing
