#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <optional>
#include <thread>

#include <unistd.h>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

struct ask {};

behavior echo(process&) {
  return {[](int x) { return x; }};
}

class node_test : public testing::Test {
protected:
  node_test() {
    log_to([](log_level, std::string_view) {});
  }
  ~node_test() override { log_to({}); }
};

/// Sends `rounds` numbers back and forth and tells when done.
behavior player(process& self, pid partner, int rounds,
                std::shared_ptr<std::promise<int>> done) {
  self.send(partner, self.self(), rounds);
  return {[&self, done](pid from, int left) {
    if (left == 0)
      done->set_value(0);
    else
      self.send(from, self.self(), left - 1);
  }};
}

behavior partner(process& self) {
  return {[&self](pid from, int left) { self.send(from, self.self(), left); }};
}

TEST_F(node_test, messages_cross_shards_in_both_directions) {
  node n{{.shards = 2}};
  const auto there = n.spawn({.shard = 1}, std::in_place_type<function_process>,
                             detail::bind_body(partner));
  auto done = std::make_shared<std::promise<int>>();
  n.spawn({.shard = 0}, std::in_place_type<function_process>,
          detail::bind_body(player, there, 10'000, done));
  EXPECT_EQ(done->get_future().wait_for(30s), std::future_status::ready);
}

TEST_F(node_test, two_nodes_of_one_program_share_nothing) {
  node a{{.shards = 1}};
  node b{{.shards = 1}};
  const auto id = a.spawn(echo);
  EXPECT_TRUE(a.is_alive(id));
  EXPECT_FALSE(b.is_alive(id));
  a.register_name("echo", id);
  EXPECT_FALSE(b.whereis("echo"));
}

TEST_F(node_test, a_node_ends_with_processes_still_alive) {
  node n{{.shards = 2}};
  for (int i = 0; i < 1000; ++i)
    n.spawn(echo);
  EXPECT_EQ(n.process_count(), 1000u);
}

TEST_F(node_test, a_process_starts_another_on_another_shard) {
  node n{{.shards = 2}};
  auto told = std::make_shared<std::promise<pid>>();
  n.spawn({.shard = 0}, std::in_place_type<function_process>,
          [told](process& self) -> behavior {
            const auto other =
              self.spawn({.shard = 1}, std::in_place_type<function_process>,
                         detail::bind_body(partner));
            self.send(other, self.self(), 5);
            return {[told](pid from, int) { told->set_value(from); }};
          });
  auto answer = told->get_future();
  ASSERT_EQ(answer.wait_for(30s), std::future_status::ready);
  EXPECT_EQ(answer.get().shard(), 1u);
}

TEST_F(node_test, a_call_from_outside_waits_for_the_answer) {
  node n{{.shards = 2}};
  EXPECT_EQ(n.call<int>(n.spawn(echo), 42), 42);
}

TEST_F(node_test, a_call_to_the_dead_throws_noproc) {
  node n{{.shards = 1}};
  try {
    n.call<int>(n.spawn([](process&) { return behavior{}; }), 1);
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("no answer from"), std::string::npos);
  }
}

TEST_F(node_test, too_many_shards_is_a_clear_error) {
  EXPECT_THROW(node({.shards = pid::shards_max + 1}), std::invalid_argument);
}

TEST_F(node_test, run_returns_0_after_sigterm_once_the_tree_has_stopped) {
  auto stopped = std::make_shared<std::promise<void>>();
  struct last_words final : process {
    explicit last_words(std::shared_ptr<std::promise<void>> s) : out(s) {}
    void init() override {
      trap_exit(true);
      ::kill(::getpid(), SIGTERM);
    }
    void handle_message(message&) override {}
    void terminate(const exit_reason&) override { out->set_value(); }
    std::shared_ptr<std::promise<void>> out;
  };
  node n{{.shards = 2}};
  EXPECT_EQ(n.run(one_for_one("top", {}, worker_of<last_words>("w", stopped))),
            0);
  EXPECT_EQ(stopped->get_future().wait_for(0s), std::future_status::ready);
}

TEST_F(node_test, run_returns_1_when_the_tree_does_not_start) {
  node n{{.shards = 1}};
  EXPECT_EQ(n.run(one_for_one("top", {},
                              worker("w",
                                     [](process&) -> behavior {
                                       throw std::runtime_error("no");
                                     }))),
            1);
}

TEST_F(node_test, a_shard_with_a_file_table_of_its_own_is_woken_from_outside) {
  node n{{.shards = 2, .private_files = true}};
  // Hangs when a wake-up goes to a descriptor of another table.
  for (int i = 0; i < 200; ++i)
    n.run_on(1, [] {});
}

TEST_F(node_test, a_shard_may_have_a_file_table_of_its_own) {
  node n{{.shards = 2, .private_files = true}};
  int made = -1;
  n.run_on(0, [&] { made = ::dup(0); });
  ASSERT_GE(made, 0);
  bool there = true;
  n.run_on(1, [&] { there = ::fsync(made) == 0 || errno != EBADF; });
  EXPECT_FALSE(there) << "the other shard does not see the descriptor";
  n.run_on(0, [&] { EXPECT_EQ(::close(made), 0); });
}

} // namespace
} // namespace bennu::runtime
