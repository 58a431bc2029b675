// Mirrors the cases of gen_server_SUITE that are not distribution's.
#include "runtime/gen_server.hpp"
#include "runtime/sys.hpp"
#include "tests/runtime/process_fixture.hpp"

#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

struct pop {};
struct push {
  int x;
};
struct pop_later {};
struct release {};
struct stop_with_answer {};
struct stop_without_answer {};
struct fail {};
struct work_on {};
struct rest {
  duration after;
};
struct unheard {};

/// What the servers of a test did, in order.
using diary = std::vector<std::string>;

class stack final : public gen_server<stack> {
public:
  explicit stack(diary* notes) : notes_(notes) {}

  static auto calls() {
    return handlers(&stack::on_pop, &stack::on_pop_later,
                    &stack::on_stop_with_answer, &stack::on_stop_silently,
                    &stack::on_fail, &stack::on_work);
  }
  static auto casts() {
    return handlers(&stack::on_push, &stack::on_rest, &stack::on_fail_cast);
  }
  static auto infos() {
    return handlers(&stack::on_push_info, &stack::on_idle, &stack::on_release);
  }
  static auto continues() { return handlers(&stack::on_continue); }

  message visible_state() const override { return make_message(items_); }
  bool replace_state(const message& x) override {
    const auto* items = x.value_if<std::vector<int>>();
    if (items)
      items_ = *items;
    return items != nullptr;
  }

protected:
  void terminate(const exit_reason& why) override {
    notes_->push_back("terminate " + to_string(why));
  }

private:
  int on_pop(pop) {
    const auto x = items_.back();
    items_.pop_back();
    return x;
  }
  void on_pop_later(pop_later) { waiting_ = take_reply_to(); }
  std::string on_stop_with_answer(stop_with_answer) {
    stop();
    return "stopped";
  }
  void on_stop_silently(stop_without_answer) { stop(); }
  void on_fail(fail) { throw std::runtime_error("broken"); }
  std::string on_work(work_on) {
    continue_with(std::string("more"));
    return "begun";
  }
  void on_push(push x) { items_.push_back(x.x); }
  void on_fail_cast(fail) { throw std::runtime_error("broken"); }
  void on_rest(rest x) { idle_after(x.after); }
  void on_push_info(const std::string& x) { notes_->push_back("info " + x); }
  void on_idle(idle_timeout) { notes_->push_back("idle"); }
  void on_release(release) { reply(waiting_, items_.back()); }
  void on_continue(const std::string& x) {
    notes_->push_back("continue " + x);
    if (x == "more")
      continue_with(std::string("last"));
  }

  diary* notes_;
  std::vector<int> items_;
  reply_to waiting_;
};

class gen_server_test : public process_test {
protected:
  pid start() { return node().spawn({}, std::in_place_type<stack>, &notes); }

  void cast_to(const pid& to, auto x) {
    in_process([&](process& self) { cast(self, to, x); });
  }

  /// Why a request failed.
  template <class T>
  exit_reason failure_of(const pid& to, T x) {
    exit_reason why;
    in_process([&](process& self) {
      self.request(to, 5s, x).then_message(
        [&](message*, const exit_reason* failure) {
          why = failure ? *failure : exit_reason::error("it answered");
        });
    });
    sim.advance(5s);
    return why;
  }

  diary notes;
};

INSTANTIATE_TEST_SUITE_P(shards, gen_server_test, testing::Values(1, 2));

// -- start --

TEST_P(gen_server_test, start_link_answers_its_pid) {
  pid server;
  in_process([&](process& self) {
    self.start_link<stack>({.name = "stack"}, 5s, &notes)
      .then([&](const pid& x) { server = x; });
  });
  EXPECT_EQ(server, node().whereis("stack"));
  EXPECT_TRUE(node().is_alive(server));
}

TEST_P(gen_server_test, start_from_outside_waits_for_init) {
  const auto server =
    node().start_process<stack>({.name = "stack"}, 5s, &notes);
  EXPECT_EQ(server, node().whereis("stack"));
  EXPECT_TRUE(node().info(server)->links.empty());
  EXPECT_THROW(node().start_process<stack>({.name = "stack"}, 5s, &notes),
               std::runtime_error);
}

// -- call --

TEST_P(gen_server_test, a_call_is_answered_by_what_its_handler_returns) {
  const auto server = start();
  cast_to(server, push{1});
  cast_to(server, push{2});
  EXPECT_EQ(sim.call<int>(server, pop{}), 2);
  EXPECT_EQ(sim.call<int>(server, pop{}), 1);
}

TEST_P(gen_server_test, an_answer_may_come_later_from_another_handler) {
  const auto server = start();
  std::vector<int> answers;
  in_process([&](process& self) {
    self.request(server, 5s, pop_later{}).then([&](int x) {
      answers.push_back(x);
    });
  });
  cast_to(server, push{7});
  EXPECT_TRUE(answers.empty());
  node().send(server, release{});
  sim.run();
  EXPECT_EQ(answers, std::vector{7});
}

TEST_P(gen_server_test, a_call_without_an_answer_times_out) {
  EXPECT_EQ(failure_of(start(), pop_later{}), exit_reason::timeout());
}

TEST_P(gen_server_test, a_call_to_nobody_fails_with_noproc) {
  const auto server = start();
  node().exit(server, exit_reason::kill());
  sim.run();
  EXPECT_EQ(failure_of(server, pop{}), exit_reason::noproc());
}

TEST_P(gen_server_test, a_call_that_crashes_the_server_fails_with_its_reason) {
  EXPECT_EQ(failure_of(start(), fail{}), exit_reason::error("broken"));
  EXPECT_EQ(notes, (diary{"terminate error: broken"}));
}

TEST_P(gen_server_test, a_call_nobody_handles_is_a_bad_call) {
  const auto why = failure_of(start(), unheard{});
  EXPECT_EQ(why.detail().find("bad_call: no handler for"), 0u);
}

TEST_P(gen_server_test, a_full_mailbox_does_not_slow_the_caller_down) {
  const auto server = start();
  cast_to(server, push{1});
  std::vector<int> answers;
  in_process([&](process& self) {
    for (int i = 0; i < 10'000; ++i)
      self.send(self.self(), std::string("waiting"));
    self.request(server, 5s, pop{}).then([&](int x) { answers.push_back(x); });
  });
  EXPECT_EQ(answers, std::vector{1});
}

// -- stop --

TEST_P(gen_server_test, a_stop_with_an_answer_terminates_first) {
  const auto server = start();
  diary order;
  in_process([&](process& self) {
    self.request(server, 5s, stop_with_answer{}).then([&](std::string x) {
      order = notes;
      order.push_back(x);
    });
  });
  EXPECT_EQ(order, (diary{"terminate normal", "stopped"}));
  EXPECT_FALSE(node().is_alive(server));
}

TEST_P(gen_server_test, a_stop_without_an_answer_fails_the_call) {
  EXPECT_EQ(failure_of(start(), stop_without_answer{}), exit_reason::normal());
}

TEST_P(gen_server_test, an_exit_signal_terminates_only_when_trapped) {
  const auto server = start();
  node().exit(server, exit_reason::shutdown());
  sim.run();
  EXPECT_FALSE(node().is_alive(server));
  EXPECT_TRUE(notes.empty());
}

// -- cast, info --

TEST_P(gen_server_test, a_cast_to_nobody_is_dropped) {
  cast_to(pid{}, push{1});
  EXPECT_TRUE(logged.empty());
}

TEST_P(gen_server_test, a_cast_nobody_handles_ends_the_server) {
  const auto server = start();
  cast_to(server, unheard{});
  EXPECT_FALSE(node().is_alive(server));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].find("terminate error: bad_cast"), 0u);
}

TEST_P(gen_server_test, a_plain_message_is_info) {
  const auto server = start();
  node().send(server, std::string("hello"));
  sim.run();
  EXPECT_EQ(notes, (diary{"info hello"}));
}

TEST_P(gen_server_test, an_info_nobody_handles_is_logged_and_harms_nobody) {
  const auto server = start();
  node().send(server, unheard{});
  sim.run();
  EXPECT_TRUE(node().is_alive(server));
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_NE(logged[0].find("unexpected message"), std::string::npos);
}

// -- timeouts, continue --

TEST_P(gen_server_test, an_idle_server_hears_of_it_once) {
  const auto server = start();
  cast_to(server, rest{1s});
  sim.advance(1s);
  sim.advance(1h);
  EXPECT_EQ(notes, (diary{"idle"}));
}

TEST_P(gen_server_test, any_message_cancels_the_inactivity_timeout) {
  const auto server = start();
  cast_to(server, rest{1s});
  sim.advance(999ms);
  node().send(server, std::string("hello"));
  sim.advance(1h);
  EXPECT_EQ(notes, (diary{"info hello"}));
}

TEST_P(gen_server_test, a_continue_runs_before_the_next_message) {
  const auto server = start();
  in_process([&](process& self) {
    self.request(server, 5s, work_on{}).then([](std::string) {});
    self.send(server, std::string("next"));
  });
  EXPECT_EQ(notes, (diary{"continue more", "continue last", "info next"}));
}

// -- sys --

TEST_P(gen_server_test, sys_gets_and_replaces_the_state) {
  const auto server = start();
  cast_to(server, push{1});
  using items = std::vector<int>;
  EXPECT_EQ(node().inspect<items>(server, sys::get_state()), items{1});
  node().inspect(server, sys::replace_state_with(items{5, 6}));
  EXPECT_EQ(sim.call<int>(server, pop{}), 6);
}

} // namespace
} // namespace bennu::runtime
