#include "runtime/dynamic_supervisor.hpp"
#include "tests/runtime/supervisor_fixture.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

class dynamic_supervisor_test : public supervisor_fixture {
protected:
  void start(dynamic_supervisor_options options) {
    options.shard = 0;
    sim.start(one_for_one("top", {}, dynamic_supervisor_spec(options)));
  }

  pid start_child(const std::string& name) {
    pid id;
    sim.node().run_on(0, [&] {
      auto* pool = static_cast<dynamic_supervisor*>(
        sim.node().shard_at(0).find(whereis("pool")));
      id = pool->start_child(std::in_place_type<noted>, name, &out);
    });
    sim.run();
    return id;
  }
};

TEST_F(dynamic_supervisor_test, children_come_and_go_without_restarts) {
  start({.name = "pool"});
  const auto a = start_child("a");
  const auto b = start_child("b");
  sim.node().send(a, std::string("crash"));
  sim.run();
  EXPECT_FALSE(sim.node().is_alive(a));
  EXPECT_TRUE(sim.node().is_alive(b));
  EXPECT_EQ(take(), (names{"+a", "+b", "-a"}));
}

TEST_F(dynamic_supervisor_test, one_more_than_children_max_is_refused) {
  start({.name = "pool", .children_max = 2});
  const auto a = start_child("a");
  EXPECT_TRUE(start_child("b"));
  EXPECT_FALSE(start_child("c"));
  sim.node().send(a, 0);
  sim.run();
  EXPECT_TRUE(start_child("d"));
}

TEST_F(dynamic_supervisor_test, its_stop_ends_all_children_first) {
  start({.name = "pool"});
  for (int i = 0; i < 100; ++i)
    start_child(std::to_string(i));
  take();
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(take().size(), 100u);
  EXPECT_EQ(sim.node().process_count(), 0u);
}

TEST_F(dynamic_supervisor_test, killed_itself_it_takes_its_children_along) {
  start({.name = "pool"});
  const auto a = start_child("a");
  const auto before = whereis("pool");
  sim.node().exit(before, exit_reason::kill());
  sim.run();
  EXPECT_FALSE(sim.node().is_alive(a));
  EXPECT_NE(whereis("pool"), before);
  EXPECT_TRUE(whereis("pool"));
}

TEST_F(dynamic_supervisor_test, an_exit_signal_of_a_stranger_is_no_child) {
  start({.name = "pool", .children_max = 1});
  start_child("a");
  sim.node().exit(whereis("pool"), exit_reason::error("not yours"));
  sim.run();
  EXPECT_FALSE(start_child("b")) << "it is still full";
}

// -- children by request --

class dynamic_requests : public supervisor_fixture {
protected:
  void start(dynamic_supervisor_options options) {
    options.name = "pool";
    ASSERT_FALSE(
      sim.start(one_for_one("top", {}, dynamic_supervisor_spec(options))));
  }

  child_result add(const std::string& name,
                   restart_type restart = restart_type::permanent) {
    return ask(start_child{child(name, restart)}, "pool");
  }
};

TEST_F(dynamic_requests, a_child_is_answered_once_it_has_started) {
  start({});
  const auto a = add("a");
  EXPECT_EQ(a.error, "");
  EXPECT_EQ(a.child, whereis("a"));
  EXPECT_EQ(take(), (names{"+a"}));
}

TEST_F(dynamic_requests, restart_types_are_kept) {
  start({.intensity = {.max_restarts = 10}});
  for (const auto type : {restart_type::permanent, restart_type::transient,
                          restart_type::temporary})
    add(to_string(type), type);
  for (const auto* name : {"permanent", "transient", "temporary"})
    crash(name);
  EXPECT_TRUE(whereis("permanent"));
  EXPECT_TRUE(whereis("transient"));
  EXPECT_FALSE(whereis("temporary"));
  end("permanent");
  end("transient");
  EXPECT_TRUE(whereis("permanent"));
  EXPECT_FALSE(whereis("transient"));
  EXPECT_EQ(counts("pool").specs, 1u);
}

TEST_F(dynamic_requests, a_child_may_live_on_another_shard) {
  start({.shard = 0});
  auto far = child("far");
  far.how.shard = 1;
  EXPECT_EQ(ask(start_child{far}, "pool").child.shard(), 1u);
  crash("far");
  EXPECT_EQ(whereis("far").shard(), 1u);
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(sim.node().process_count(), 0u);
}

TEST_F(dynamic_requests, one_more_than_children_max_is_refused) {
  start({.children_max = 2});
  add("a");
  EXPECT_EQ(add("b").error, "");
  EXPECT_EQ(add("c").error, "max_children");
  ask(terminate_child_pid{whereis("a")}, "pool");
  EXPECT_EQ(add("c").error, "");
}

TEST_F(dynamic_requests, one_that_does_not_start_is_not_kept) {
  start({});
  out.failures_left["a"] = 1;
  EXPECT_EQ(add("a").error, "cannot start");
  EXPECT_EQ(counts("pool").specs, 0u);
  EXPECT_EQ(logs("pool: start_error"), 1u);
}

TEST_F(dynamic_requests, one_that_ignores_its_start_is_forgotten) {
  start({});
  out.ignores["a"] = true;
  EXPECT_EQ(add("a").error, "");
  EXPECT_EQ(counts("pool").specs, 0u);
  out.ignores["a"] = false;
  add("a");
  out.ignores["a"] = true;
  crash("a");
  EXPECT_EQ(counts("pool").specs, 0u) << "in a restart too";
}

TEST_F(dynamic_requests, a_bad_spec_is_refused_with_its_mend) {
  start({});
  EXPECT_NE(ask(start_child{child_spec{.id = "x"}}, "pool")
              .error.find("set child_spec.start"),
            std::string::npos);
  auto far = child("far");
  far.how.shard = 9;
  EXPECT_EQ(ask(start_child{far}, "pool").error, "no shard 9: this node has 2");
  EXPECT_EQ(counts("pool").specs, 0u);
}

TEST_F(dynamic_requests, a_child_is_stopped_by_its_pid) {
  start({});
  const auto a = add("a").child;
  EXPECT_EQ(ask(terminate_child_pid{a}, "pool").error, "");
  EXPECT_FALSE(whereis("a"));
  EXPECT_EQ(ask(terminate_child_pid{a}, "pool").error, "not_found");
  EXPECT_EQ(ask(terminate_child_pid{whereis("top")}, "pool").error,
            "not_found");
}

TEST_F(dynamic_requests, one_that_does_not_stop_in_time_is_killed) {
  start({});
  auto slow = worker_of<stubborn>("slow");
  slow.shutdown = shutdown_policy::after(100ms);
  const auto id = ask(start_child{slow}, "pool").child;
  sim.node().send(whereis("pool"), terminate_child_pid{id});
  sim.advance(99ms);
  EXPECT_TRUE(whereis("slow"));
  sim.advance(1ms);
  EXPECT_FALSE(whereis("slow"));
  EXPECT_EQ(logs("shutdown_error: killed"), 1u);
}

TEST_F(dynamic_requests, ids_mean_nothing_here) {
  start({});
  add("a");
  EXPECT_EQ(ask(terminate_child{"a"}, "pool").error, "simple_one_for_one");
  EXPECT_EQ(ask(restart_child{"a"}, "pool").error, "simple_one_for_one");
  EXPECT_EQ(ask(delete_child{"a"}, "pool").error, "simple_one_for_one");
  EXPECT_TRUE(whereis("a"));
}

TEST_F(dynamic_requests, children_are_listed_and_counted) {
  start({});
  add("a");
  ask(start_child{one_for_one("inner", {}, child("b"))}, "pool");
  EXPECT_EQ(children("pool").size(), 2u);
  const auto x = counts("pool");
  EXPECT_EQ(x.specs, 2u);
  EXPECT_EQ(x.active, 2u);
  EXPECT_EQ(x.workers, 1u);
  EXPECT_EQ(x.supervisors, 1u);
}

TEST_F(dynamic_requests, a_restarting_child_is_counted_as_such) {
  start({.backoff = backoff{.min = 1s}});
  const auto a = add("a").child;
  crash("a");
  EXPECT_EQ(counts("pool").specs, 1u);
  EXPECT_EQ(counts("pool").active, 0u);
  EXPECT_TRUE(children("pool").at(0).restarting);
  EXPECT_EQ(ask(terminate_child_pid{a}, "pool").error, "")
    << "its last pid names it";
  sim.advance(1s);
  EXPECT_FALSE(whereis("a"));
}

TEST_F(dynamic_requests, a_failed_restart_is_tried_again_and_counted) {
  start({.intensity = {.max_restarts = 3}});
  add("a");
  out.failures_left["a"] = 2;
  crash("a");
  EXPECT_TRUE(whereis("a"));
  EXPECT_EQ(children("pool").at(0).restarts, 3u);
}

TEST_F(dynamic_requests, the_intensity_allows_its_limit_and_not_one_more) {
  start({.intensity = {.max_restarts = 2}});
  const auto pool = whereis("pool");
  add("a");
  add("b");
  crash("a");
  crash("a");
  EXPECT_EQ(whereis("pool"), pool);
  crash("a");
  EXPECT_NE(whereis("pool"), pool) << "restarted, without its children";
  EXPECT_FALSE(whereis("b"));
  EXPECT_EQ(counts("pool").specs, 0u);
}

TEST_F(dynamic_requests, a_hanging_restart_loop_can_be_stopped) {
  start({.intensity = {.max_restarts = 100'000}});
  add("a");
  out.failures_left["a"] = 1'000'000;
  sim.node().send(whereis("a"), std::string("crash"));
  // Asked and stopped in the midst of it: a run until idle would only end when
  // the pool has given up.
  std::optional<child_counts> seen;
  sim.node().spawn([&, pool = whereis("pool")](process& self) -> behavior {
    self.request(pool, 5s, count_children{}).then([&](const child_counts& x) {
      seen = x;
    });
    return {[](int) {}};
  });
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->specs, 1u);
  EXPECT_LT(out.failures_left["a"], 1'000'000);
  EXPECT_GT(out.failures_left["a"], 999'000);
  EXPECT_EQ(logs("reached_max_restart_intensity"), 0u);
}

TEST_F(dynamic_requests, all_children_stop_in_the_time_of_the_slowest) {
  start({});
  for (int i = 0; i < 10; ++i) {
    auto slow = worker_of<stubborn>("slow" + std::to_string(i));
    slow.shutdown = shutdown_policy::after(i < 5 ? 100ms : 200ms);
    ask(start_child{slow}, "pool");
  }
  const auto before = sim.now();
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(sim.now() - before, 200ms);
  EXPECT_EQ(logs("pool: shutdown_error: killed; child "), 1u);
  EXPECT_EQ(logs("one of 10"), 1u);
}

TEST_F(dynamic_requests, a_brutal_kill_gives_no_time) {
  start({});
  auto slow = worker_of<stubborn>("slow");
  slow.shutdown = shutdown_policy::brutal_kill();
  ask(start_child{slow}, "pool");
  const auto before = sim.now();
  sim.stop();
  EXPECT_EQ(sim.now(), before);
  EXPECT_EQ(logs("shutdown_error"), 0u);
}

TEST_F(dynamic_requests, a_wrong_end_while_it_stops_is_reported) {
  struct rude final : process {
    void init() override { trap_exit(true); }
    void handle_message(message&) override {}
    void parent_exited(const exit_reason&) override {
      stop(exit_reason::error("rude"));
    }
  };
  start({});
  ask(start_child{worker_of<rude>("one")}, "pool");
  ask(start_child{worker_of<rude>("two")}, "pool");
  add("a");
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(logs("pool: shutdown_error: error: rude; child "), 1u);
  EXPECT_EQ(logs("one of 2"), 1u);
}

TEST_F(dynamic_requests, a_child_whose_restart_is_ignored_is_forgotten) {
  start({});
  add("a");
  add("b");
  out.ignores["a"] = true;
  crash("a");
  EXPECT_FALSE(whereis("a"));
  EXPECT_EQ(counts("pool").specs, 1u);
  EXPECT_EQ(children("pool").at(0).child, whereis("b"));
}

TEST_F(dynamic_requests, one_that_unlinked_or_hangs_cannot_hang_the_stop) {
  start({});
  ask(start_child{worker("loner",
                         [](process& self) {
                           self.unlink(self.parent());
                           return behavior{[](int) {}};
                         })},
      "pool");
  sim.node().send(whereis("pool"),
                  start_child{worker_of<never_started>("slow")});
  sim.run();
  EXPECT_TRUE(whereis("slow"));
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(sim.node().process_count(), 0u);
}

TEST_F(dynamic_requests, a_member_is_stopped_by_its_pid_too) {
  start({.shutdown = 100ms, .shard = 0});
  pid quick, slow;
  sim.node().run_on(0, [&] {
    auto* pool = static_cast<dynamic_supervisor*>(
      sim.node().shard_at(0).find(whereis("pool")));
    quick = pool->start_child(std::in_place_type<noted>, "a", &out);
    slow = pool->start_child(std::in_place_type<stubborn>);
  });
  sim.run();
  EXPECT_EQ(ask(terminate_child_pid{quick}, "pool").error, "");
  EXPECT_FALSE(sim.node().is_alive(quick));
  EXPECT_EQ(ask(terminate_child_pid{slow}, "pool").error, "");
  EXPECT_FALSE(sim.node().is_alive(slow));
  EXPECT_EQ(counts("pool").specs, 0u);
}

TEST_F(dynamic_requests, arguments_of_temporary_children_are_not_kept) {
  start({});
  const auto kept = std::make_shared<int>(1);
  const auto holding = [&](restart_type type) {
    auto spec = worker("w", [kept](process&) { return behavior{[](int) {}}; });
    spec.restart = type;
    spec.how.name = "";
    return spec;
  };
  const auto used = [&](restart_type type) {
    const auto before = kept.use_count();
    ask(start_child{holding(type)}, "pool");
    return kept.use_count() - before;
  };
  EXPECT_EQ(used(restart_type::temporary), 0);
  EXPECT_GT(used(restart_type::transient), 0);
}

TEST_F(dynamic_requests, bad_options_are_a_clear_start_error) {
  const auto why = sim.start(one_for_one(
    "top", {}, dynamic_supervisor_spec({.name = "pool", .shutdown = -1ms})));
  ASSERT_TRUE(why);
  EXPECT_NE(why->detail().find("dynamic supervisor pool: its shutdown"),
            std::string::npos);
}

// -- simple_one_for_one --

behavior call(process& self, std::string number, int line) {
  self.register_name(number);
  return {[](const std::string&) {
            throw std::runtime_error("call dropped");
            return 0;
          },
          [line](int) { return line; }};
}

class simple_one_for_one_test : public supervisor_fixture {
protected:
  void start(restart_type restart) {
    auto one = worker_template("call", call);
    one.spec.restart = restart;
    ASSERT_FALSE(
      sim.start(one_for_one("top", {}, simple_one_for_one("calls", {}, one))));
  }

  child_result dial(const std::string& number, int line) {
    return ask(start_child_with{make_message(number, line)}, "calls");
  }
};

TEST_F(simple_one_for_one_test, children_have_arguments_of_their_own) {
  start(restart_type::temporary);
  const auto ann = dial("ann", 1);
  const auto bob = dial("bob", 2);
  EXPECT_EQ(ann.child, whereis("ann"));
  EXPECT_EQ(sim.call<int>(bob.child, 0), 2);
  EXPECT_EQ(counts("calls").workers, 2u);
}

TEST_F(simple_one_for_one_test, a_restart_uses_the_same_arguments) {
  start(restart_type::transient);
  const auto before = dial("ann", 7).child;
  crash("ann");
  EXPECT_NE(whereis("ann"), before);
  EXPECT_EQ(sim.call<int>(whereis("ann"), 0), 7);
}

TEST_F(simple_one_for_one_test, other_arguments_are_a_clear_error) {
  start(restart_type::temporary);
  const auto x = ask(start_child_with{make_message(1)}, "calls");
  EXPECT_NE(x.error.find("takes other arguments"), std::string::npos);
  EXPECT_NE(
    ask(start_child{child("a")}, "calls").error.find("start_child_with"),
    std::string::npos);
}

TEST_F(simple_one_for_one_test, its_escalation_ends_all_its_children) {
  start(restart_type::permanent);
  const auto before = whereis("calls");
  dial("ann", 1);
  dial("bob", 2);
  for (int i = 0; i < 4; ++i)
    crash("ann");
  EXPECT_NE(whereis("calls"), before);
  EXPECT_FALSE(whereis("bob"));
}

TEST_F(simple_one_for_one_test, thousands_of_temporary_children_come_and_go) {
  start(restart_type::temporary);
  for (int i = 0; i < 2000; ++i)
    sim.node().send(whereis("calls"),
                    start_child_with{make_message(std::to_string(i), i)});
  sim.run();
  EXPECT_EQ(counts("calls").active, 2000u);
  for (int i = 0; i < 2000; i += 2)
    sim.node().exit(whereis(std::to_string(i)), exit_reason::shutdown());
  sim.run();
  EXPECT_EQ(counts("calls").active, 1000u);
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(sim.node().process_count(), 0u);
}

TEST_F(simple_one_for_one_test, a_class_can_be_the_template) {
  auto one = worker_template_of<noted, std::string, journal*>("noted");
  sim.start(one_for_one("top", {}, simple_one_for_one("calls", {}, one)));
  EXPECT_EQ(ask(start_child_with{make_message("x", &out)}, "calls").error, "");
  EXPECT_EQ(take(), (names{"+x"}));
}

} // namespace
} // namespace bennu::runtime
