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
struct sleep_deeply {};
struct unheard {};

/// What the servers of a test did, in order.
using diary = std::vector<std::string>;

class stack final : public gen_server<stack> {
public:
  explicit stack(diary* notes) : notes_(notes) {}

  static auto calls() {
    return handlers(&stack::on_pop, &stack::on_pop_later,
                    &stack::on_stop_with_answer, &stack::on_stop_silently,
                    &stack::on_fail, &stack::on_work, &stack::on_sleep);
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

  void hibernated() override { notes_->push_back("hibernated"); }

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
  std::string on_sleep(sleep_deeply) {
    hibernate();
    return "asleep";
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

/// A server that traps exits and notes what it hears in the end.
class trapping final : public gen_server<trapping> {
public:
  explicit trapping(diary* notes) : notes_(notes) {}
  static auto infos() { return handlers(&trapping::on_exit); }

protected:
  void init() override { trap_exit(true); }
  void terminate(const exit_reason& why) override {
    notes_->push_back("terminate " + to_string(why));
    if (why == exit_reason::error("twice"))
      throw std::runtime_error("worse");
  }

private:
  void on_exit(const exit_message& x) {
    notes_->push_back("exit " + to_string(x.reason));
  }
  diary* notes_;
};

/// A server whose start is ignored, fails, or ends in order.
enum class bad_start { ignored, failed, stopped };
class not_started final : public gen_server<not_started> {
public:
  explicit not_started(bad_start how) : how_(how) {}

protected:
  void init() override {
    if (how_ == bad_start::ignored)
      ignore();
    if (how_ == bad_start::failed)
      throw std::runtime_error("no disk");
    exit(exit_reason::shutdown("not today"));
  }

private:
  bad_start how_;
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

TEST_P(gen_server_test, a_start_that_comes_to_nothing_leaves_the_name_free) {
  const std::pair<bad_start, exit_reason> cases[] = {
    {bad_start::ignored, exit_reason::normal()},
    {bad_start::failed, exit_reason::error("no disk")},
    {bad_start::stopped, exit_reason::shutdown("not today")}};
  for (const auto& each : cases) {
    const auto& how = each.first;
    std::vector<exit_reason> failures;
    in_process(
      [&](process& self) {
        const auto again = [&](const exit_reason& why) {
          failures.push_back(why);
          self.start_link<not_started>({.name = "it"}, 5s, how)
            .then([](const pid&) {},
                  [&](const exit_reason& x) { failures.push_back(x); });
        };
        self.start_link<not_started>({.name = "it"}, 5s, how)
          .then([](const pid&) {}, again);
      },
      true);
    EXPECT_EQ(failures, (std::vector{each.second, each.second}));
    EXPECT_TRUE(seen.exits.empty());
  }
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

TEST_P(gen_server_test, many_calls_are_under_way_and_answered_in_any_order) {
  const auto slow = start();
  const auto quick = start();
  for (const auto& server : {slow, quick})
    cast_to(server, push{server == slow ? 1 : 2});
  std::vector<int> answers;
  in_process([&](process& self) {
    const auto keep = [&](int x) { answers.push_back(x); };
    self.request(slow, 5s, pop_later{}).then(keep);
    self.request(quick, 5s, pop{}).then(keep);
  });
  node().send(slow, release{});
  sim.run();
  EXPECT_EQ(answers, (std::vector{2, 1}));
}

TEST_P(gen_server_test, a_process_may_call_itself) {
  std::vector<int> answers;
  const auto id = node().spawn([&](process& self) -> behavior {
    self.request(self.self(), 5s, pop{}).then([&](int x) {
      answers.push_back(x);
    });
    return {[](pop) { return 3; }};
  });
  sim.run();
  EXPECT_EQ(answers, std::vector{3});
  EXPECT_TRUE(node().is_alive(id));
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

TEST_P(gen_server_test, one_stopped_from_outside_terminates_first) {
  for (const auto& why :
       {exit_reason::normal(), exit_reason::shutdown(),
        exit_reason::error("enough"), exit_reason::shutdown("for now")}) {
    notes.clear();
    const auto server = start();
    exit_reason down;
    bool answered = false;
    in_process([&](process& self) {
      self.monitor(server);
      self.inspect(server, 5s, sys::terminate(why)).then([&](bool) {
        answered = !notes.empty();
      });
    });
    EXPECT_TRUE(answered);
    EXPECT_FALSE(node().is_alive(server));
    EXPECT_EQ(notes, (diary{"terminate " + to_string(why)}));
    ASSERT_FALSE(seen.downs.empty());
    EXPECT_EQ(seen.downs.back().reason, why);
  }
}

TEST_P(gen_server_test, a_stop_of_nobody_is_noproc) {
  const auto server = start();
  sim.run();
  node().inspect(server, sys::terminate());
  EXPECT_FALSE(node().is_alive(server));
  EXPECT_THROW(node().inspect(server, sys::terminate()), std::runtime_error);
  exit_reason why;
  in_process([&](process& self) {
    self.inspect(server, 5s, sys::terminate())
      .then([](bool) {}, [&](const exit_reason& x) { why = x; });
  });
  EXPECT_EQ(why, exit_reason::noproc());
}

TEST_P(gen_server_test, an_exit_of_its_parent_terminates_one_that_traps) {
  in_process([&](process& self) {
    self.spawn({.name = "it"}, std::in_place_type<trapping>, &notes);
    self.start_link<trapping>({.name = "linked"}, 5s, &notes)
      .then([](const pid&) {});
  });
  const auto it = node().whereis("it");
  const auto linked = node().whereis("linked");
  node().exit(it, exit_reason::error("from a stranger"));
  sim.run();
  EXPECT_TRUE(node().is_alive(it));
  EXPECT_EQ(notes, (diary{"exit error: from a stranger"}));
  node().exit(node().info(linked)->parent, exit_reason::shutdown());
  sim.run();
  EXPECT_FALSE(node().is_alive(linked));
  EXPECT_EQ(notes.back(), "terminate shutdown");
}

TEST_P(gen_server_test, a_crash_in_terminate_is_the_reason_it_ends_with) {
  const auto server = node().spawn({}, std::in_place_type<trapping>, &notes);
  in_process([&](process& self) { self.monitor(server); });
  node().inspect(server, sys::terminate(exit_reason::error("twice")));
  sim.run();
  ASSERT_EQ(seen.downs.size(), 1u);
  EXPECT_EQ(seen.downs[0].reason, exit_reason::error("worse"));
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

TEST_P(gen_server_test, a_hibernated_server_wakes_for_whatever_comes) {
  const auto server = start();
  const auto calls = [&] { return sim.call<std::string>(server, work_on{}); };
  const auto rests = [&] { sim.call<std::string>(server, sleep_deeply{}); };
  rests();
  EXPECT_EQ(calls(), "begun");
  rests();
  cast_to(server, push{1});
  rests();
  node().send(server, std::string("hello"));
  sim.run();
  EXPECT_EQ(notes, (diary{"hibernated", "continue more", "continue last",
                          "hibernated", "hibernated", "info hello"}));
  EXPECT_EQ(sim.call<int>(server, pop{}), 1);
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
