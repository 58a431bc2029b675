#include "observer/cli/client.hpp"
#include "observer/cli/snapshot.hpp"
#include "runtime/fatal.hpp"
#include "runtime/probe.hpp"
#include "runtime/shard.hpp"
#include "tests/observer/agent_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace bennu::observer::testing {
namespace {

using ::testing::HasSubstr;
namespace files = std::filesystem;

class agent_dump_test : public agent_test {
protected:
  agent_dump_test() { options.dump_dir = folder + "/dumps"; }

  std::vector<std::string> dumps() const {
    std::vector<std::string> all;
    for (const auto& x : files::directory_iterator(options.dump_dir))
      all.push_back(x.path());
    return all;
  }

  void await_log(const std::string& part) {
    while (!was_logged(part))
      std::this_thread::yield();
  }
};

TEST_F(agent_dump_test, a_signal_writes_a_file_that_opens_with_the_same_views) {
  files::create_directories(options.dump_dir);
  start();
  ::raise(SIGUSR1);
  await_log("dumped to");
  const auto written = dumps();
  ASSERT_EQ(written.size(), 1u);
  using files::perms;
  EXPECT_EQ(files::status(written[0]).permissions(),
            perms::owner_read | perms::owner_write);
  observer_cli::snapshot dump{written[0]};
  EXPECT_EQ(dump.connect()["node"], "dump of seen@test");
  const auto page =
    dump.ask("read", {{"sheet", "processes"}, {"filter", "idle"}});
  ASSERT_EQ(page["rows"].size(), 1u);
  EXPECT_EQ(page["rows"][0][1], "idle");
  EXPECT_FALSE(dump.ask("history", json::object())["figures"].empty());
  for (const auto& x : runtime::probe::of(*node).sheets())
    if (x.about.empty()) {
      EXPECT_NO_THROW(dump.ask("read", {{"sheet", x.name}})) << x.name;
    }
}

TEST_F(agent_dump_test, a_folder_that_is_not_there_is_logged_and_harms_nobody) {
  start();
  ::raise(SIGUSR1);
  await_log("no dump: " + options.dump_dir);
  auto x = viewer();
  EXPECT_EQ(ask(x, "sheets", json::object())["status"], "ok");
}

TEST_F(agent_dump_test, viewers_that_ask_at_once_get_the_same_file) {
  files::create_directories(options.dump_dir);
  options.allow_destructive = true;
  start();
  auto a = viewer();
  auto b = viewer();
  std::promise<void> go_on;
  node->shard_at(1).post([&] { go_on.get_future().wait(); });
  for (auto* x : {&a, &b}) {
    send(*x, "1", "dump", json::object());
    // Once this is answered, the dumper has been asked.
    EXPECT_EQ(ask(*x, "sheets", json::object())["status"], "ok");
  }
  go_on.set_value();
  const auto one = next_reply(a);
  const auto other = next_reply(b);
  EXPECT_EQ(one["status"], "ok") << one;
  EXPECT_EQ(one["response"]["file"], other["response"]["file"]);
  EXPECT_EQ(dumps(), std::vector<std::string>{one["response"]["file"]});
}

TEST_F(agent_dump_test, a_viewer_hears_why_there_is_no_dump) {
  options.allow_destructive = true;
  start();
  auto x = viewer();
  const auto answer = ask(x, "dump", json::object());
  EXPECT_EQ(answer["status"], "error");
  EXPECT_THAT(answer["response"]["text"].get<std::string>(),
              HasSubstr(options.dump_dir));
}

TEST_F(agent_dump_test, a_held_up_shard_is_missing_in_the_dump) {
  files::create_directories(options.dump_dir);
  options.dump_timeout = 1s;
  start();
  std::promise<void> entered;
  std::promise<void> go_on;
  node->shard_at(1).post([&] {
    entered.set_value();
    go_on.get_future().wait();
  });
  entered.get_future().wait();
  ::raise(SIGUSR1);
  await_log("dumped to");
  go_on.set_value();
  observer_cli::snapshot dump{dumps().at(0)};
  dump.connect();
  const auto page = dump.ask("read", {{"sheet", "processes"}});
  EXPECT_EQ(page["missing"], json::array({1}));
  EXPECT_FALSE(page["rows"].empty());
}

TEST_F(agent_dump_test, as_many_dumps_are_kept_as_allowed_and_not_one_more) {
  files::create_directories(options.dump_dir);
  options.dumps_max = 2;
  start();
  for (int i = 1; i <= 3; ++i) {
    ::raise(SIGUSR1);
    await_log("-" + std::to_string(i) + ".dump;");
  }
  const auto kept = dumps();
  EXPECT_EQ(kept.size(), 2u);
  for (const auto& path : kept)
    EXPECT_FALSE(path.ends_with("-1.dump")) << path;
}

using agent_dump_death_test = agent_dump_test;

TEST_F(agent_dump_death_test, a_broken_invariant_leaves_a_dump_behind) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  files::create_directories(options.dump_dir);
  EXPECT_DEATH(
    {
      start();
      runtime::detail::tell_fatal("a broken invariant of the test");
      std::abort();
    },
    "");
  const auto written = dumps();
  ASSERT_EQ(written.size(), 1u);
  observer_cli::snapshot dump{written[0]};
  EXPECT_EQ(dump.connect()["why"], "a broken invariant of the test");
  EXPECT_FALSE(dump.ask("read", {{"sheet", "tree"}})["rows"].empty());
}

} // namespace
} // namespace bennu::observer::testing
