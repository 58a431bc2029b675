#pragma once

#include "channels/json.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "observer/agent.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"
#include "transport/websocket_client.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bennu::observer::testing {

using namespace std::chrono_literals;
using channels::json;
using event = transport::websocket_client::event;

/// A node with an agent on a free port, and what it logs.
class agent_test : public ::testing::Test {
protected:
  agent_test() {
    folder = ::testing::TempDir() + "bennu-"
             + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder);
    options.port = 0;
    options.token_file = write_token(std::string{secret_word} + "\n", true);
    runtime::log_to([this](runtime::log_level, std::string_view line) {
      const std::lock_guard guard{mutex};
      logged.emplace_back(line);
    });
  }
  ~agent_test() override {
    node.reset();
    runtime::log_to({});
    std::filesystem::remove_all(folder);
  }

  std::string write_token(const std::string& content, bool is_private) {
    const auto path = folder + "/token";
    std::ofstream{path} << content;
    using std::filesystem::perms;
    std::filesystem::permissions(
      path, is_private ? perms::owner_read | perms::owner_write : perms::all);
    return path;
  }

  std::optional<runtime::exit_reason> try_start() {
    node = std::make_unique<runtime::node>(
      runtime::node_options{.name = "seen@test", .shards = 2});
    return node->start(runtime::rest_for_one(
      "test", {}, agent(options),
      runtime::worker("idle", [](runtime::process&) -> runtime::behavior {
        return {[](int) {}};
      })));
  }

  void start() {
    const auto why = try_start();
    ASSERT_FALSE(why) << to_string(*why);
    port = bound_port(*node, options.name);
    ASSERT_NE(port, 0);
  }

  std::string url() const {
    return "ws://127.0.0.1:" + std::to_string(port)
           + "/observer/websocket?vsn=2.0.0";
  }

  transport::websocket_client open(const std::string& word = secret_word) {
    transport::websocket_client x;
    x.connect(url(), {.headers = {{"Authorization", "Bearer " + word}}});
    return x;
  }

  /// One that has joined.
  transport::websocket_client viewer() {
    auto x = open();
    EXPECT_EQ(x.status(), 101);
    EXPECT_EQ(ask(x, "phx_join", json::object())["status"], "ok");
    return x;
  }

  static void send(transport::websocket_client& x, const std::string& ref,
                   const std::string& what, const json& payload) {
    x.send_text(json{"1", ref, "observer:node", what, payload}.dump());
  }

  /// {status, response}
  static json ask(transport::websocket_client& x, const std::string& what,
                  const json& payload) {
    send(x, "9", what, payload);
    return next_reply(x);
  }

  static json next_reply(transport::websocket_client& x) {
    for (;;) {
      const auto got = x.receive(10s);
      if (got.what != event::kind::text)
        return {{"status", "none"}, {"code", got.close_code}};
      const auto message = json::parse(got.payload);
      if (message[3] == "phx_reply")
        return message[4];
    }
  }

  bool was_logged(const std::string& part) {
    const std::lock_guard guard{mutex};
    for (const auto& x : logged)
      if (x.find(part) != std::string::npos)
        return true;
    return false;
  }

  static constexpr auto secret_word = "a-token-of-the-test";

  std::string folder;
  agent_options options;
  std::unique_ptr<runtime::node> node;
  std::uint16_t port = 0;
  std::mutex mutex;
  std::vector<std::string> logged;
};

} // namespace bennu::observer::testing
