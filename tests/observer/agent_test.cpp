#include "observer/agent.hpp"
#include "runtime/shard.hpp"
#include "tests/observer/agent_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace bennu::observer::testing {
namespace {

using ::testing::HasSubstr;

TEST_F(agent_test, a_viewer_with_the_token_sees_the_processes) {
  start();
  auto x = viewer();
  const auto answer = ask(x, "read", {{"sheet", "processes"}, {"limit", 50}});
  EXPECT_EQ(answer["status"], "ok") << answer;
  std::string names;
  for (const auto& row : answer["response"]["rows"])
    names += row[1].get<std::string>() + " ";
  EXPECT_THAT(names, HasSubstr("idle"));
  EXPECT_THAT(names, HasSubstr("observer"));
}

TEST_F(agent_test, without_the_token_nobody_gets_in_and_the_log_says_so) {
  start();
  for (const auto* word : {"", "wrong", "a-token-of-the-tesT"})
    EXPECT_EQ(open(word).status(), 403);
  transport::websocket_client bare;
  EXPECT_FALSE(bare.connect(url()));
  EXPECT_EQ(bare.status(), 403);
  EXPECT_TRUE(was_logged("observer: refused 127.0.0.1"));
  EXPECT_FALSE(was_logged(secret_word));
}

TEST_F(agent_test, a_page_gives_its_token_as_a_parameter) {
  start();
  transport::websocket_client x;
  EXPECT_TRUE(x.connect(url() + "&token=" + secret_word));
}

TEST_F(agent_test, as_many_viewers_as_allowed_and_not_one_more) {
  options.viewers_max = 2;
  start();
  auto a = viewer();
  {
    auto b = viewer();
    EXPECT_EQ(open().status(), 503);
    b.close();
  }
  // A place is free again once a viewer is gone.
  for (int i = 0; i < 2000 && open().status() != 101; ++i)
    std::this_thread::yield();
  auto again = open();
  EXPECT_EQ(ask(a, "sheets", json::object())["status"], "ok");
}

TEST_F(agent_test, read_only_nobody_kills_suspends_or_steers) {
  start();
  auto x = viewer();
  const auto victim = to_string(node->whereis("idle"));
  for (const auto* act : {"kill", "exit", "close", "suspend", "resume"}) {
    const auto answer = ask(x, act, {{"pid", victim}});
    EXPECT_EQ(answer["status"], "error") << act;
    EXPECT_EQ(answer["response"]["reason"], "read_only") << act;
  }
  for (const auto* act : {"terminate_child", "restart_child"})
    EXPECT_EQ(
      ask(x, act,
          {{"supervisor", "test"}, {"id", "idle"}})["response"]["reason"],
      "read_only");
  EXPECT_EQ(ask(x, "dump", json::object())["response"]["reason"], "read_only");
  EXPECT_EQ(to_string(node->whereis("idle")), victim);
}

TEST_F(agent_test, when_allowed_a_killed_child_is_seen_to_restart) {
  options.allow_destructive = true;
  start();
  auto x = viewer();
  const auto before = to_string(node->whereis("idle"));
  EXPECT_EQ(ask(x, "kill", {{"pid", "idle"}})["status"], "ok");
  while (to_string(node->whereis("idle")) == before || !node->whereis("idle"))
    std::this_thread::yield();
  const auto tree = ask(x, "read", {{"sheet", "tree"}, {"limit", 100}});
  bool seen = false;
  for (const auto& row : tree["response"]["rows"])
    seen = seen || (row[1] == "idle" && row[5] == 1);
  EXPECT_TRUE(seen) << tree;
  const auto reports = ask(x, "read", {{"sheet", "reports"}})["response"];
  ASSERT_EQ(reports["rows"].size(), 1u) << reports;
  EXPECT_EQ(reports["rows"][0][2], "bennu.supervisor.restarted");
  EXPECT_THAT(reports["rows"][0][3].get<std::string>(), HasSubstr("idle"));
  EXPECT_TRUE(was_logged("kills " + before));
}

TEST_F(agent_test, when_allowed_a_child_is_stopped_and_started_again) {
  options.allow_destructive = true;
  start();
  auto x = viewer();
  const json idle{{"supervisor", "test"}, {"id", "idle"}};
  EXPECT_EQ(ask(x, "terminate_child", idle)["status"], "ok");
  EXPECT_FALSE(node->whereis("idle"));
  EXPECT_EQ(ask(x, "restart_child", idle)["status"], "ok");
  EXPECT_TRUE(node->whereis("idle"));
  const auto again = ask(x, "restart_child", idle);
  EXPECT_EQ(again["response"]["text"], "running");
}

TEST_F(agent_test, a_viewer_sees_the_figures_from_before_it_came) {
  options.history_interval = 1ms;
  options.history_points_max = 3;
  start();
  auto x = viewer();
  json figures;
  do
    figures = ask(x, "history", json::object())["response"]["figures"];
  while (figures.empty() || figures[0]["values"].size() < 3);
  std::string names;
  for (const auto& one : figures) {
    names += one["name"].get<std::string>() + " ";
    EXPECT_EQ(one["values"].size(), 3u);
  }
  EXPECT_THAT(names, HasSubstr("processes"));
  const auto page = ask(x, "read", {{"sheet", "figures"}})["response"];
  EXPECT_EQ(page["rows"].size(), figures.size());
}

TEST_F(agent_test, only_a_socket_can_be_closed) {
  options.allow_destructive = true;
  start();
  auto x = viewer();
  const auto answer = ask(x, "close", {{"pid", "idle"}});
  EXPECT_EQ(answer["status"], "error");
  EXPECT_THAT(answer["response"]["text"].get<std::string>(),
              HasSubstr("no socket"));
  EXPECT_TRUE(node->whereis("idle"));
}

TEST_F(agent_test, a_trace_ends_by_itself_at_its_limit) {
  start();
  auto x = viewer();
  EXPECT_EQ(ask(x, "trace", {{"pid", "idle"}, {"limit", 2}})["status"], "ok");
  for (int i = 0; i < 5; ++i)
    node->send(node->whereis("idle"), i);
  std::vector<std::string> events;
  while (events.empty() || events.back() != "trace_ended") {
    const auto got = x.receive(10s);
    ASSERT_EQ(got.what, event::kind::text);
    events.push_back(json::parse(got.payload)[3]);
  }
  EXPECT_EQ(events,
            (std::vector<std::string>{"trace", "trace", "trace_ended"}));
}

TEST_F(agent_test, a_held_up_shard_is_named_and_the_rest_answers) {
  options.answer_timeout = 50ms;
  start();
  auto x = viewer();
  std::promise<void> entered;
  std::promise<void> go_on;
  node->shard_at(1).post([&] {
    entered.set_value();
    go_on.get_future().wait();
  });
  entered.get_future().wait();
  const auto page = ask(x, "read", {{"sheet", "processes"}})["response"];
  EXPECT_EQ(page["missing"], json::array({1}));
  EXPECT_FALSE(page["rows"].empty());
  go_on.set_value();
}

TEST_F(agent_test, bad_questions_are_answered_with_what_is_wrong) {
  start();
  auto x = viewer();
  const json bad[] = {
    json::object(),
    {{"sheet", "planets"}},
    {{"sheet", 7}},
    {{"sheet", "processes"}, {"limit", -1}},
    {{"sheet", "processes"}, {"limit", 1e300}},
    {{"sheet", "processes"}, {"limit", 1'000'000'000}},
    {{"sheet", "processes"}, {"limit", 1}, {"offset", 18446744073709551615u}},
    {{"sheet", "processes"}, {"sort", "age"}},
    {{"sheet", "processes"}, {"filter", std::string(10'000, 'x')}},
    {{"sheet", "process"}, {"about", "<9.9.9>"}},
    json::array({1, 2}),
    json("text"),
    json(nullptr),
  };
  for (const auto& question : bad) {
    const auto answer = ask(x, "read", question);
    EXPECT_EQ(answer["status"], "error") << question;
    EXPECT_NE(answer["response"]["text"], "") << question;
  }
  EXPECT_EQ(ask(x, "dance", json::object())["response"]["reason"],
            "unknown_event");
  EXPECT_EQ(ask(x, "sheets", json::object())["status"], "ok");
}

TEST_F(agent_test, questions_past_the_limit_are_answered_busy) {
  options.questions_max = 2;
  options.answer_timeout = 200ms;
  options.cached_for = 0ms;
  start();
  auto x = viewer();
  std::promise<void> entered;
  std::promise<void> go_on;
  node->shard_at(0).post([&] {
    entered.set_value();
    go_on.get_future().wait();
  });
  entered.get_future().wait();
  for (int i = 0; i < 3; ++i)
    send(x, std::to_string(i), "read",
         {{"sheet", "processes"}, {"limit", 10 + i}});
  EXPECT_EQ(next_reply(x)["response"]["reason"], "busy");
  go_on.set_value();
  EXPECT_EQ(next_reply(x)["status"], "ok");
  EXPECT_EQ(next_reply(x)["status"], "ok");
}

TEST_F(agent_test, a_message_past_the_limit_closes_that_viewer_alone) {
  start();
  auto x = viewer();
  auto other = viewer();
  send(x, "1", "read", {{"filter", std::string(options.message_max, 'x')}});
  EXPECT_EQ(next_reply(x)["code"], 1009);
  EXPECT_EQ(ask(other, "sheets", json::object())["status"], "ok");
}

TEST_F(agent_test, a_viewer_that_does_not_read_is_closed_and_nobody_waits) {
  options.write_queue_max = 64 * 1024;
  start();
  transport::websocket_client deaf;
  ASSERT_TRUE(deaf.connect(
    url(),
    {.headers = {{"Authorization", std::string{"Bearer "} + secret_word}},
     .receive_buffer = 4096}));
  send(deaf, "1", "phx_join", json::object());
  // The kernel takes megabytes for who does not read: of long lines they are
  // soon there, where many short cells would take a slow machine its time.
  for (int i = 0; i < 40; ++i)
    runtime::log(runtime::log_level::info, "{}", std::string(1'000, 'x'));
  bool closed = false;
  for (int i = 0; i < 500'000 && !closed; ++i)
    closed = !deaf.send_text(
      R"(["1","2","observer:node","read",{"sheet":"log","limit":40}])");
  EXPECT_TRUE(closed);
  auto x = viewer();
  EXPECT_EQ(ask(x, "sheets", json::object())["status"], "ok");
}

TEST_F(agent_test, the_log_is_shown_from_a_line_on) {
  start();
  auto x = viewer();
  runtime::log(runtime::log_level::warning, "{}", "a line of the test");
  const auto all = ask(x, "read", {{"sheet", "log"}})["response"]["rows"];
  EXPECT_EQ(all[0][3], "a line of the test");
  EXPECT_EQ(all[0][2], "warning");
  EXPECT_GT(all.size(), 1u);
  const auto before = std::to_string(all[1][0].get<int>());
  const auto rest =
    ask(x, "read", {{"sheet", "log"}, {"after", before}})["response"]["rows"];
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0], all[0]);
}

TEST_F(agent_test, the_log_is_shown_from_a_level_on) {
  start();
  auto x = viewer();
  runtime::log(runtime::log_level::info, "{}", "a line of the test");
  runtime::log(runtime::log_level::error, "{}", "an error of the test");
  const auto at_least = [&x](const char* level) {
    return ask(x, "read", {{"sheet", "log"}, {"about", level}})["response"];
  };
  for (const auto* level : {"warning", "error"})
    EXPECT_EQ(at_least(level)["rows"].size(), 1u) << level;
  EXPECT_GT(at_least("info")["rows"].size(), 2u);
  EXPECT_EQ(at_least("")["rows"].size(), at_least("debug")["rows"].size());
  EXPECT_THAT(at_least("loud")["error"].get<std::string>(),
              HasSubstr("warning"));
}

TEST_F(agent_test, a_host_that_is_not_loopback_is_refused_in_one_line) {
  options.host = "0.0.0.0";
  const auto why = try_start();
  ASSERT_TRUE(why);
  EXPECT_THAT(to_string(*why), HasSubstr("loopback addresses only"));
}

TEST_F(agent_test, a_bad_token_file_is_refused_in_one_line) {
  options.token_file = write_token("short\n", true);
  EXPECT_THAT(to_string(try_start().value()), HasSubstr("16 to 256"));
  options.token_file = write_token("long-enough-for-a-token\n", false);
  EXPECT_THAT(to_string(try_start().value()), HasSubstr("chmod 600"));
}

TEST_F(agent_test, without_a_file_a_token_is_made_and_its_place_is_logged) {
  ::setenv("XDG_RUNTIME_DIR", folder.c_str(), 1);
  options.token_file.clear();
  start();
  const auto path =
    folder + "/bennu-observer-" + std::to_string(port) + ".token";
  EXPECT_TRUE(was_logged(path));
  std::string word;
  std::ifstream{path} >> word;
  EXPECT_EQ(open(word).status(), 101);
  node.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  ::unsetenv("XDG_RUNTIME_DIR");
}

} // namespace
} // namespace bennu::observer::testing
