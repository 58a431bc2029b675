// Aliases, monitors by name, starts that are awaited, priorities: what
// process_test leaves of Erlang's signals and flags.
#include "runtime/process.hpp"
#include "runtime/supervisor.hpp"
#include "tests/runtime/process_fixture.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

class signal_test : public process_test {};

INSTANTIATE_TEST_SUITE_P(shards, signal_test, testing::Values(1, 2));

// -- aliases --

TEST_P(signal_test, an_alias_stands_for_its_process_until_taken_back) {
  process_alias alias;
  process* owner = nullptr;
  const auto id = in_process([&](process& self) {
    owner = &self;
    alias = self.alias();
  });
  in_process([&](process& self) { self.send(alias, std::string("one")); });
  in_process([&](process& self) { self.send(alias, std::string("two")); });
  bool first = false;
  bool second = true;
  tell(id, [&] {
    first = owner->unalias(alias);
    second = owner->unalias(alias);
  });
  in_process([&](process& self) { self.send(alias, std::string("late")); });
  EXPECT_EQ(seen.notes, (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(first);
  EXPECT_FALSE(second);
}

TEST_P(signal_test, a_reply_alias_takes_one_message) {
  process_alias alias;
  in_process([&](process& self) { alias = self.alias(alias_mode::reply); });
  in_process([&](process& self) {
    self.send(alias, std::string("answer"));
    self.send(alias, std::string("again"));
  });
  EXPECT_EQ(seen.notes, (std::vector<std::string>{"answer"}));
}

TEST_P(signal_test, one_alias_more_than_allowed_throws) {
  std::string failure;
  in_process([&](process& self) {
    for (std::size_t i = 0; i < process::aliases_max; ++i)
      self.alias();
    try {
      self.alias();
    } catch (const std::length_error& e) {
      failure = e.what();
    }
  });
  EXPECT_NE(failure.find("at most 1000 aliases"), std::string::npos);
}

// -- monitors by name --

TEST_P(signal_test, a_monitor_by_name_reports_the_name) {
  const auto target = node().spawn(counter);
  ASSERT_TRUE(node().register_name("counter", target));
  in_process([](process& self) { self.monitor("counter"); });
  node().exit(target, exit_reason::kill());
  sim.run();
  ASSERT_EQ(seen.downs.size(), 1u);
  EXPECT_EQ(seen.downs[0].name, "counter");
  EXPECT_EQ(seen.downs[0].from, target);
  EXPECT_EQ(seen.downs[0].reason, exit_reason::killed());
}

TEST_P(signal_test, a_monitor_of_a_free_name_fires_noproc_with_it) {
  in_process([](process& self) { self.monitor("nobody"); });
  ASSERT_EQ(seen.downs.size(), 1u);
  EXPECT_EQ(seen.downs[0].name, "nobody");
  EXPECT_EQ(seen.downs[0].reason, exit_reason::noproc());
}

TEST_P(signal_test, demonitor_of_a_named_monitor_silences_it) {
  const auto target = node().spawn(counter);
  ASSERT_TRUE(node().register_name("counter", target));
  in_process([](process& self) { self.demonitor(self.monitor("counter")); });
  node().exit(target, exit_reason::kill());
  sim.run();
  EXPECT_TRUE(seen.downs.empty());
}

// -- names --

TEST_P(signal_test, a_process_has_one_name_at_most) {
  std::vector<bool> done;
  in_process([&](process& self) {
    done.push_back(self.register_name("one"));
    done.push_back(self.register_name("two"));
    done.push_back(self.unregister_name());
    done.push_back(self.unregister_name());
    done.push_back(self.register_name("two"));
    done.push_back(self.register_name(""));
  });
  EXPECT_EQ(done, (std::vector{true, false, true, false, true, false}));
  EXPECT_FALSE(node().whereis("one"));
  EXPECT_TRUE(node().whereis("two"));
}

// -- awaited starts --

struct slow_starter final : process {
  explicit slow_starter(bool f) : fails(f) {}
  bool starts_with_init() const override { return false; }
  void init() override {
    if (fails)
      throw std::runtime_error("no database");
  }
  void handle_message(message&) override { started(); }
  bool fails;
};

struct start_outcome {
  std::vector<pid> started;
  std::vector<exit_reason> failed;

  void of(pending_request request) {
    request.then([this](const pid& x) { started.push_back(x); },
                 [this](const exit_reason& x) { failed.push_back(x); });
  }
};

TEST_P(signal_test, start_link_answers_once_the_start_is_done) {
  start_outcome outcome;
  in_process([&](process& self) {
    outcome.of(self.start_link<slow_starter>({.name = "slow"}, 5s, false));
  });
  EXPECT_TRUE(outcome.started.empty());
  node().send(node().whereis("slow"), 1);
  sim.run();
  ASSERT_EQ(outcome.started.size(), 1u);
  EXPECT_EQ(outcome.started[0], node().whereis("slow"));
  sim.advance(1min);
  EXPECT_TRUE(node().whereis("slow")) << "the timeout ended with the start";
}

TEST_P(signal_test, a_start_that_fails_is_an_answer_and_no_exit_signal) {
  start_outcome outcome;
  bool was_free = false;
  const auto parent = in_process(
    [&](process& self) {
      self.start_link<slow_starter>({.name = "slow"}, 5s, true)
        .then([](const pid&) {},
              [&](const exit_reason& x) {
                was_free = !self.node().whereis("slow");
                outcome.failed.push_back(x);
              });
    },
    true);
  ASSERT_EQ(outcome.failed.size(), 1u);
  EXPECT_EQ(outcome.failed[0], exit_reason::error("no database"));
  EXPECT_TRUE(was_free);
  EXPECT_TRUE(seen.exits.empty());
  EXPECT_TRUE(node().is_alive(parent));
  EXPECT_TRUE(node().info(parent)->links.empty());
}

TEST_P(signal_test, a_start_past_its_timeout_is_killed) {
  start_outcome outcome;
  const auto parent = in_process(
    [&](process& self) {
      outcome.of(self.start_link<slow_starter>({.name = "slow"}, 5s, false));
    },
    true);
  sim.advance(4999ms);
  EXPECT_TRUE(node().whereis("slow"));
  sim.advance(1ms);
  ASSERT_EQ(outcome.failed.size(), 1u);
  EXPECT_EQ(outcome.failed[0], exit_reason::timeout());
  EXPECT_FALSE(node().whereis("slow"));
  EXPECT_TRUE(seen.exits.empty());
  EXPECT_TRUE(node().is_alive(parent));
}

TEST_P(signal_test, start_link_to_a_taken_name_fails) {
  ASSERT_TRUE(node().register_name("slow", node().spawn(counter)));
  start_outcome outcome;
  in_process([&](process& self) {
    outcome.of(self.start_link<slow_starter>({.name = "slow"}, 5s, false));
  });
  ASSERT_EQ(outcome.failed.size(), 1u);
  EXPECT_NE(outcome.failed[0].detail().find("is taken by"), std::string::npos);
}

TEST_P(signal_test, a_started_child_is_linked) {
  start_outcome outcome;
  const auto parent = in_process([&](process& self) {
    outcome.of(self.start_link<slow_starter>({.name = "slow"}, 5s, false));
  });
  node().send(node().whereis("slow"), 1);
  sim.run();
  const auto child = node().whereis("slow");
  EXPECT_EQ(node().info(child)->links, std::vector{parent});
  EXPECT_EQ(node().info(parent)->links, std::vector{child});
  node().exit(child, exit_reason::error("x"));
  sim.run();
  EXPECT_FALSE(node().is_alive(parent));
}

// -- requests --

TEST_P(signal_test, a_failed_request_ends_the_caller_unless_handled) {
  const auto caller = in_process(
    [](process& self) { self.request({}, 5s, get{}).then([](int) {}); });
  EXPECT_FALSE(node().is_alive(caller));
}

TEST_P(signal_test, one_answer_comes_however_long_the_mailbox) {
  const auto server = node().spawn(counter);
  std::vector<int> sums;
  in_process([&](process& self) {
    for (int i = 0; i < 1000; ++i)
      self.send(self.self(), std::string("waiting"));
    self.request(server, 5s, get{}).then([&](int x) { sums.push_back(x); });
  });
  EXPECT_EQ(sums, std::vector{0});
  EXPECT_EQ(seen.notes.size(), 1000u);
}

// -- priorities --

class priority_test : public process_test {
protected:
  /// Notes its name with every message.
  pid make(const std::string& name, priority_level level) {
    return node().spawn([=, this](process& self) -> behavior {
      self.priority(level);
      return {[=, this](int) { seen.notes.push_back(name); }};
    });
  }
};

INSTANTIATE_TEST_SUITE_P(shards, priority_test, testing::Values(1));

TEST_P(priority_test, a_high_process_runs_before_all_others) {
  const auto normal = make("normal", priority_level::normal);
  const auto high = make("high", priority_level::high);
  sim.run();
  in_process([&](process& self) {
    for (int i = 0; i < 3; ++i)
      self.send(normal, i);
    for (int i = 0; i < 3; ++i)
      self.send(high, i);
  });
  EXPECT_EQ(seen.notes,
            (std::vector<std::string>{"high", "high", "high", "normal",
                                      "normal", "normal"}));
}

TEST_P(priority_test, a_low_process_gets_every_eighth_turn) {
  const auto normal = make("normal", priority_level::normal);
  const auto low = make("low", priority_level::low);
  sim.run();
  in_process([&](process& self) {
    for (int i = 0; i < 64; ++i) {
      self.send(normal, i);
      self.send(low, i);
    }
  });
  ASSERT_EQ(seen.notes.size(), 128u);
  const auto low_ones =
    std::count(seen.notes.begin(), seen.notes.begin() + 64, "low");
  EXPECT_GE(low_ones, 7);
  EXPECT_LE(low_ones, 9);
}

} // namespace
} // namespace bennu::runtime
