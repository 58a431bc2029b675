#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"
#include "runtime/task.hpp"
#include "runtime/testing/sim_node.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <future>
#include <stop_token>
#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

class task_test : public testing::Test {
protected:
  task_test() {
    log_to([](log_level, std::string_view) {});
  }
  ~task_test() override { log_to({}); }

  /// A process that runs `f` and writes what it hears to `notes`.
  pid in_process(std::function<void(process&)> f, bool traps = false) {
    const auto id = sim.node().spawn([=, this](process& self) -> behavior {
      self.trap_exit(traps);
      f(self);
      return {
        [this](const exit_message& x) {
          notes.push_back("exit " + to_string(x.reason));
        },
        [](const std::function<void()>& run) { run(); },
      };
    });
    sim.run();
    return id;
  }

  on_error note_failure() {
    return [this](const exit_reason& x) {
      notes.push_back("failed " + to_string(x));
    };
  }

  sim_node sim;
  std::vector<std::string> notes;
};

TEST_F(task_test, await_gets_what_the_function_returns) {
  in_process([&](process& self) {
    async(self, [] { return 42; }).await([&](int n) {
      notes.push_back(std::to_string(n));
    });
  });
  EXPECT_EQ(notes, std::vector<std::string>{"42"});
}

TEST_F(task_test, a_function_without_a_result_is_awaited_too) {
  in_process([&](process& self) {
    async(self, [] {}).await([&] { notes.emplace_back("done"); });
  });
  EXPECT_EQ(notes, std::vector<std::string>{"done"});
}

TEST_F(task_test, a_task_that_is_over_is_awaited_at_once) {
  task<int> asked;
  process* owner = nullptr;
  const auto id = in_process([&](process& self) {
    owner = &self;
    asked = async(self, [] { return 1; });
  });
  EXPECT_FALSE(sim.node().is_alive(asked.id()));
  const std::function<void()> ask = [&] {
    asked.await([&](int n) { notes.push_back(std::to_string(n)); });
    EXPECT_TRUE(notes.empty()) << "never before await has returned";
  };
  sim.node().send(id, ask);
  sim.run();
  EXPECT_EQ(notes, std::vector<std::string>{"1"});
}

TEST_F(task_test, a_throw_ends_the_task_and_its_linked_owner) {
  const auto id = in_process([&](process& self) {
    async(self, []() -> int { throw std::runtime_error("boom"); });
  });
  EXPECT_FALSE(sim.node().is_alive(id));
}

TEST_F(task_test, an_owner_that_traps_hears_of_a_throw_both_ways) {
  in_process(
    [&](process& self) {
      async(self, []() -> int {
        throw std::runtime_error("boom");
      }).await([](int) {}, note_failure());
    },
    true);
  ASSERT_EQ(notes.size(), 2u);
  std::sort(notes.begin(), notes.end());
  EXPECT_EQ(notes[0], "exit error: boom");
  EXPECT_EQ(notes[1], "failed error: boom");
}

TEST_F(task_test, without_a_link_a_throw_only_fails_await) {
  const auto id = in_process([&](process& self) {
    async_nolink(self, []() -> int {
      throw std::runtime_error("boom");
    }).await([](int) {}, note_failure());
  });
  EXPECT_TRUE(sim.node().is_alive(id));
  EXPECT_EQ(notes, std::vector<std::string>{"failed error: boom"});
}

TEST_F(task_test, a_failure_that_is_not_handled_ends_the_owner) {
  const auto id = in_process([&](process& self) {
    async_nolink(self, []() -> int {
      throw std::runtime_error("boom");
    }).await([](int) {});
  });
  EXPECT_FALSE(sim.node().is_alive(id));
}

TEST_F(task_test, async_map_keeps_the_order_of_its_items) {
  std::vector<int> squares;
  in_process([&](process& self) {
    async_map(
      self, std::vector{1, 2, 3, 4, 5}, [](int n) { return n * n; },
      {.concurrency_max = 2}, [&](std::vector<int> all) { squares = all; });
  });
  EXPECT_EQ(squares, (std::vector{1, 4, 9, 16, 25}));
}

TEST_F(task_test, the_same_seed_gives_the_same_order) {
  const auto run = [](std::uint64_t seed) {
    std::vector<int> order;
    sim_node other{{.shards = 2, .seed = seed}};
    for (int i = 0; i < 8; ++i)
      other.node().spawn([&order, i](process& self) -> behavior {
        async(self, [i] { return i; }).await([&order](int n) {
          order.push_back(n);
        });
        return {[](int) {}};
      });
    other.run();
    return order;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_EQ(run(7).size(), 8u);
}

// -- on threads --

/// A function that waits until the test lets it go.
struct gate {
  std::promise<void> started;
  std::promise<void> open;
  std::shared_future<void> opened{open.get_future()};

  int wait(std::stop_token stop) {
    started.set_value();
    opened.wait();
    return stop.stop_requested() ? -1 : 1;
  }
};

TEST_F(task_test, a_function_runs_on_no_shard) {
  node real{{.shards = 1}};
  std::promise<bool> on_shard;
  real.spawn([&](process& self) -> behavior {
    async(self, [] { return shard::current() != nullptr; }).await([&](bool x) {
      on_shard.set_value(x);
    });
    return {[](int) {}};
  });
  EXPECT_FALSE(on_shard.get_future().get());
}

TEST_F(task_test, the_owner_handles_messages_while_it_waits) {
  gate at;
  node real{{.shards = 1}};
  std::promise<int> result;
  const auto id = real.spawn([&](process& self) -> behavior {
    async(self, [&](std::stop_token stop) {
      return at.wait(stop);
    }).await([&](int n) { result.set_value(n); });
    return {[](int n) { return n + 1; }};
  });
  at.started.get_future().wait();
  EXPECT_EQ(real.call<int>(id, 1), 2);
  at.open.set_value();
  EXPECT_EQ(result.get_future().get(), 1);
}

TEST_F(task_test, yield_looks_and_may_look_again) {
  gate at;
  node real{{.shards = 1}};
  std::promise<int> result;
  real.spawn([&](process& self) -> behavior {
    const auto asked =
      async(self, [&](std::stop_token stop) { return at.wait(stop); });
    asked.yield(1ms, [&, asked](const yielded<int>& x) {
      EXPECT_TRUE(x.pending());
      at.open.set_value();
      asked.yield(10s, [&](const yielded<int>& y) {
        result.set_value(y.value.value_or(0));
      });
    });
    return {[](int) {}};
  });
  EXPECT_EQ(result.get_future().get(), 1);
}

TEST_F(task_test, await_that_takes_too_long_fails_with_timeout) {
  gate at;
  std::promise<exit_reason> why;
  node real{{.shards = 1}};
  real.spawn([&](process& self) -> behavior {
    async(self, [&](std::stop_token stop) {
      return at.wait(stop);
    }).await([](int) {}, [&](const exit_reason& x) { why.set_value(x); }, 1ms);
    return {[](int) {}};
  });
  EXPECT_EQ(why.get_future().get(), exit_reason::timeout());
  at.open.set_value();
}

TEST_F(task_test, shutdown_asks_the_function_to_stop) {
  gate at;
  std::promise<int> returned;
  node real{{.shards = 1}};
  std::promise<task<int>> started;
  const auto id = real.spawn([&](process& self) -> behavior {
    started.set_value(async(self, [&](std::stop_token stop) {
      const auto n = at.wait(stop);
      returned.set_value(n);
      return n;
    }));
    return {[](const std::function<void()>& f) { f(); },
            [](int n) { return n; }};
  });
  const auto asked = started.get_future().get();
  at.started.get_future().wait();
  real.send(id, std::function<void()>{[&] { asked.shutdown(); }});
  EXPECT_EQ(real.call<int>(id, 1), 1);
  EXPECT_FALSE(real.is_alive(asked.id()));
  at.open.set_value();
  EXPECT_EQ(returned.get_future().get(), -1) << "it saw the wish to stop";
  EXPECT_TRUE(real.is_alive(id));
}

TEST_F(task_test, one_past_the_queue_fails_and_nobody_waits_for_ever) {
  gate at;
  std::promise<exit_reason> why;
  node real{{.shards = 1, .blocking_threads = 1, .blocking_queue_max = 1}};
  const auto id = real.spawn([&](process& self) -> behavior {
    async(self, [&](std::stop_token stop) { return at.wait(stop); });
    return {[&](int) {
      async(self, [] { return 1; });
      async_nolink(self, [] {
        return 2;
      }).await([](int) {}, [&](const exit_reason& x) { why.set_value(x); });
    }};
  });
  at.started.get_future().wait();
  real.send(id, 0);
  EXPECT_NE(to_string(why.get_future().get()).find("blocking_queue_max of 1"),
            std::string::npos);
  at.open.set_value();
}

TEST_F(task_test, a_function_that_asks_a_stopping_node_is_answered) {
  std::promise<void> started;
  std::promise<bool> alive;
  {
    node real{{.shards = 1}};
    real.spawn([&](process& self) -> behavior {
      async(self, [&, id = self.self()](std::stop_token stop) {
        std::promise<void> stopping;
        const std::stop_callback heard{stop, [&] { stopping.set_value(); }};
        started.set_value();
        stopping.get_future().wait();
        alive.set_value(real.is_alive(id));
      });
      return {[](int) {}};
    });
    started.get_future().wait();
  }
  EXPECT_FALSE(alive.get_future().get()) << "its shard has stopped";
}

TEST_F(task_test, a_function_that_never_returns_does_not_hold_the_node) {
  const auto at = std::make_shared<gate>();
  {
    node real{{.shards = 1, .blocked_timeout = 20ms}};
    real.spawn([&](process& self) -> behavior {
      async(self, [at](std::stop_token stop) { return at->wait(stop); });
      return {[](int) {}};
    });
    at->started.get_future().wait();
  }
  at->open.set_value();
}

} // namespace
} // namespace bennu::runtime
