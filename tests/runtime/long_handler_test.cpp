#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/telemetry.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

/// A promise that the first one to know keeps.
class news {
public:
  void tell(const std::string& text) {
    if (!told_.exchange(true))
      promise_.set_value(text);
  }
  std::string wait() {
    auto future = promise_.get_future();
    return future.wait_for(30s) == std::future_status::ready ? future.get()
                                                             : "nothing came";
  }

private:
  std::promise<std::string> promise_;
  std::atomic<bool> told_{false};
};

class long_handler_test : public testing::Test {
protected:
  long_handler_test() {
    log_to([this](log_level, std::string_view line) {
      if (line.find("is held up") != std::string_view::npos)
        held_up.tell(std::string{line});
      if (line.find("its handler of") != std::string_view::npos)
        over.tell(std::string{line});
    });
  }
  ~long_handler_test() override { log_to({}); }

  news held_up;
  news over;
};

TEST_F(long_handler_test, is_told_while_it_runs_and_once_it_is_over) {
  node n{{.shards = 2, .long_handler = 10ms}};
  std::promise<void> go_on;
  const auto id = n.spawn([&](process&) -> behavior {
    return {[&](int) { go_on.get_future().wait(); }};
  });
  n.send(id, 1);
  const auto first = held_up.wait();
  EXPECT_NE(first.find("a handler of " + to_string(id)), std::string::npos)
    << first;
  const auto running = n.running();
  ASSERT_EQ(running.size(), 1u);
  EXPECT_EQ(running[0].id, id);
  EXPECT_EQ(running[0].shard, id.shard());
  EXPECT_GE(running[0].for_at_least, 10ms);
  go_on.set_value();
  const auto second = over.wait();
  EXPECT_NE(second.find("its handler of (int) took"), std::string::npos)
    << second;
}

TEST_F(long_handler_test, is_an_event_to_listen_to) {
  node n{{.shards = 1, .long_handler = 10ms}};
  news heard;
  n.telemetry().attach("late", std::string{events::long_handler},
                       [&](const telemetry_event& x) {
                         for (const auto& [key, value] : x.metadata)
                           if (key == "message")
                             heard.tell(value);
                       });
  const auto id = n.spawn([&](process&) -> behavior {
    return {[&](const std::string&) { held_up.wait(); }};
  });
  n.send(id, std::string("work"));
  EXPECT_NE(heard.wait().find("string"), std::string::npos);
}

TEST_F(long_handler_test, is_nobodys_business_when_the_limit_is_0) {
  node n{{.shards = 1, .long_handler = 0ms}};
  EXPECT_TRUE(n.running().empty());
}

} // namespace
} // namespace bennu::runtime
