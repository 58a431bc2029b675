// Who is started again, how often, and what it takes to give up.
#include "runtime/supervisor.hpp"
#include "tests/runtime/supervisor_fixture.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::runtime {
namespace {

class supervisor_restart : public supervisor_fixture {};

// -- restart types --

struct restart_case {
  restart_type type;
  exit_reason why;
  bool restarted;
  bool kept;
};

class restart_rule : public supervisor_fixture,
                     public testing::WithParamInterface<restart_case> {};

const auto abnormal = exit_reason::error("abnormal");

INSTANTIATE_TEST_SUITE_P(
  rules, restart_rule,
  testing::Values(
    restart_case{restart_type::permanent, {}, true, true},
    restart_case{restart_type::permanent, exit_reason::shutdown(), true, true},
    restart_case{restart_type::permanent, abnormal, true, true},
    restart_case{restart_type::transient, {}, false, true},
    restart_case{restart_type::transient, exit_reason::shutdown(), false, true},
    restart_case{restart_type::transient, exit_reason::shutdown("left"), false,
                 true},
    restart_case{restart_type::transient, abnormal, true, true},
    restart_case{restart_type::temporary, {}, false, false},
    restart_case{restart_type::temporary, exit_reason::shutdown(), false,
                 false},
    restart_case{restart_type::temporary, abnormal, false, false}));

TEST_P(restart_rule, follows_the_restart_type) {
  sim.start(one_for_one("top", {}, child("a", GetParam().type)));
  const auto before = whereis("a");
  end("a", GetParam().why);
  EXPECT_EQ(static_cast<bool>(whereis("a")), GetParam().restarted);
  EXPECT_NE(whereis("a"), before);
  EXPECT_EQ(counts().specs, GetParam().kept ? 1u : 0u);
  EXPECT_EQ(counts().active, GetParam().restarted ? 1u : 0u);
}

TEST_F(supervisor_restart, a_transient_child_that_ended_can_be_restarted) {
  sim.start(one_for_one("top", {}, child("a", restart_type::transient)));
  end("a");
  EXPECT_FALSE(children().at(0).restarting);
  EXPECT_TRUE(ask(restart_child{"a"}).child);
}

TEST_F(supervisor_restart, a_killed_child_is_restarted) {
  sim.start(one_for_one("top", {}, child("a", restart_type::transient)));
  kill("a");
  EXPECT_TRUE(whereis("a"));
}

TEST_F(supervisor_restart, a_temporary_bystander_is_stopped_and_forgotten) {
  for (const auto rest : {false, true}) {
    const auto make = rest ? rest_for_one<child_spec, child_spec>
                           : one_for_all<child_spec, child_spec>;
    sim.start(make("top", {}, child("a"), child("t", restart_type::temporary)));
    take();
    crash("a");
    EXPECT_EQ(take(), (names{"-a", "-t", "+a"}));
    EXPECT_EQ(counts().specs, 1u);
    sim.stop();
    take();
  }
}

// -- strategies --

TEST_F(supervisor_restart, one_for_all_starts_an_ended_sibling_too) {
  sim.start(
    one_for_all("top", {}, child("a"), child("t", restart_type::transient)));
  end("t");
  take();
  crash("a");
  EXPECT_EQ(take(), (names{"-a", "+a", "+t"}));
}

TEST_F(supervisor_restart, an_orderly_end_restarts_nobody_under_one_for_all) {
  sim.start(
    one_for_all("top", {}, child("a"), child("t", restart_type::transient)));
  take();
  end("t", exit_reason::shutdown());
  EXPECT_EQ(take(), (names{"-t"}));
}

TEST_F(supervisor_restart, rest_for_one_leaves_those_before_alone) {
  sim.start(rest_for_one("top", {}, child("a"), child("b"), child("c")));
  const auto a = whereis("a");
  crash("c");
  crash("b");
  EXPECT_EQ(whereis("a"), a);
  EXPECT_EQ(children().at(2).child, whereis("c"));
}

TEST_F(supervisor_restart, an_escalation_restarts_the_supervisor_itself) {
  for (const auto how :
       {strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one}) {
    supervisor_spec inner{.name = "inner",
                          .strategy = how,
                          .intensity = {.max_restarts = 1},
                          .children = {child("a"), child("b")}};
    sim.start(one_for_one("top", {}, inner));
    const auto before = whereis("inner");
    crash("a");
    EXPECT_EQ(whereis("inner"), before);
    crash("a");
    EXPECT_NE(whereis("inner"), before);
    EXPECT_TRUE(whereis("a"));
    EXPECT_TRUE(whereis("b"));
    sim.stop();
  }
}

TEST_F(supervisor_restart, one_for_all_counts_a_restart_of_all_as_one) {
  sim.start(one_for_all("top", {.max_restarts = 1}, child("a"), child("b"),
                        child("c")));
  crash("b");
  EXPECT_TRUE(whereis("c"));
  crash("b");
  EXPECT_FALSE(whereis("top"));
}

TEST_F(supervisor_restart, another_child_that_fails_restarts_all_again) {
  sim.start(one_for_all("top", {.max_restarts = 2}, child("a"), child("b"),
                        child("c")));
  take();
  out.failures_left["c"] = 1;
  crash("a");
  EXPECT_EQ(take(), (names{"-a", "-c", "-b", "+a", "+b", // c fails
                           "-b", "-a", "+a", "+b", "+c"}));
}

TEST_F(supervisor_restart, rest_for_one_retries_only_what_follows) {
  sim.start(rest_for_one("top", {.max_restarts = 2}, child("a"), child("b"),
                         child("c")));
  take();
  out.failures_left["b"] = 1;
  crash("a");
  EXPECT_EQ(take(), (names{"-a", "-c", "-b", "+a", "+b", "+c"}));
}

TEST_F(supervisor_restart, many_restarts_stay_within_the_intensity) {
  sim.start(one_for_one("top", {.max_restarts = 50}, child("a"), child("b")));
  for (int i = 0; i < 25; ++i) {
    crash("a");
    crash("b");
  }
  EXPECT_TRUE(whereis("a"));
  EXPECT_EQ(children().at(0).restarts, 25u);
  crash("b");
  EXPECT_FALSE(whereis("top"));
}

TEST_F(supervisor_restart, a_tree_restarts_branch_by_branch) {
  sim.start(one_for_all("top", {}, child("a"),
                        one_for_one("left", {.max_restarts = 0}, child("l")),
                        rest_for_one("right", {}, child("r1"), child("r2"))));
  take();
  crash("l");
  EXPECT_EQ(take(), (names{"-l", "-r2", "-r1", "-a", "+a", "+l", "+r1", "+r2"}))
    << "left gives up, and top restarts all";
}

TEST_F(supervisor_restart, children_that_died_at_once_start_in_order) {
  sim.start(one_for_one("top", {}, child("a"), child("b")));
  const auto a = whereis("a");
  const auto b = whereis("b");
  sim.node().exit(b, exit_reason::kill());
  sim.node().exit(a, exit_reason::kill());
  sim.run();
  EXPECT_EQ(counts().active, 2u);
}

// -- retries --

TEST_F(supervisor_restart, a_retried_child_is_shown_as_restarting) {
  auto slow = child("a");
  slow.backoff = backoff{.min = 1s};
  sim.start(one_for_one("top", {}, slow));
  crash("a");
  EXPECT_TRUE(children().at(0).restarting);
  EXPECT_EQ(counts().specs, 1u);
  EXPECT_EQ(counts().active, 0u);
  EXPECT_EQ(ask(restart_child{"a"}).error, "restarting");
  EXPECT_EQ(ask(delete_child{"a"}).error, "restarting");
}

TEST_F(supervisor_restart, a_child_that_keeps_failing_leaves_it_responsive) {
  sim.start(one_for_one("top", {.max_restarts = 1'000'000}, child("a")));
  out.failures_left["a"] = 100;
  sim.node().send(whereis("a"), std::string("crash"));
  EXPECT_EQ(children().size(), 1u);
  EXPECT_EQ(children().at(0).restarts, 101u);
}

class hanging_restart_loop : public supervisor_fixture {
protected:
  /// A child that never starts again while others want something.
  void fail_for_ever() {
    out.failures_left["a"] = 1'000'000;
    sim.node().send(whereis("a"), std::string("crash"));
  }
  restart_intensity endless{.max_restarts = 100'000};
};

TEST_F(hanging_restart_loop, ends_when_the_child_is_terminated) {
  sim.start(one_for_one("top", endless, child("a"), child("b")));
  fail_for_ever();
  EXPECT_EQ(ask(terminate_child{"a"}).error, "");
  EXPECT_FALSE(children().at(0).restarting);
  EXPECT_TRUE(whereis("b"));
}

TEST_F(hanging_restart_loop, ends_when_the_supervisor_is_stopped) {
  sim.start(rest_for_one("top", endless, child("a"), child("b")));
  fail_for_ever();
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(sim.node().process_count(), 0u);
}

TEST_F(hanging_restart_loop, ends_when_the_one_above_restarts_all) {
  sim.start(one_for_all("top", {}, child("x"),
                        one_for_one("inner", endless, child("a"))));
  fail_for_ever();
  sim.node().send(whereis("x"), std::string("crash"));
  sim.node().send(whereis("x"), std::string("crash"));
  sim.run();
  EXPECT_FALSE(whereis("top")) << "inner does not start any more";
}

TEST_F(supervisor_restart, a_restart_may_be_ignored) {
  sim.start(one_for_one("top", {}, child("a")));
  out.ignores["a"] = true;
  crash("a");
  EXPECT_EQ(counts().specs, 1u);
  EXPECT_EQ(counts().active, 0u);
  EXPECT_FALSE(children().at(0).restarting);
}

TEST_F(supervisor_restart, a_start_function_that_throws_is_a_failed_start) {
  auto bad = child("a");
  int left = 1;
  const auto good = bad.start;
  bad.start = [&left, good] {
    if (left-- == 0)
      throw std::runtime_error("nothing to start");
    return good();
  };
  sim.start(one_for_one("top", {.max_restarts = 5}, bad));
  crash("a");
  EXPECT_TRUE(whereis("a"));
  EXPECT_EQ(logs("start_error: error: nothing to start"), 1u);
}

// -- backoff --

TEST_F(supervisor_restart, a_backoff_waits_longer_each_time_up_to_its_max) {
  auto slow = child("a");
  slow.backoff = backoff{.min = 100ms, .max = 300ms};
  sim.start(one_for_one("top", {.max_restarts = 10}, slow));
  for (const auto wait : {100ms, 200ms, 300ms, 300ms}) {
    crash("a");
    sim.advance(wait - 1ms);
    EXPECT_FALSE(whereis("a")) << wait.count();
    sim.advance(1ms);
    EXPECT_TRUE(whereis("a")) << wait.count();
  }
}

TEST_F(supervisor_restart, a_backoff_starts_anew_after_a_quiet_time) {
  auto tree = one_for_one("top", {.max_restarts = 10}, child("a"));
  tree.backoff = backoff{.min = 100ms, .max = 10s, .quiet = 1s};
  sim.start(tree);
  crash("a");
  sim.advance(100ms);
  sim.advance(1s);
  crash("a");
  sim.advance(100ms);
  EXPECT_TRUE(whereis("a"));
}

TEST_F(supervisor_restart, a_failed_start_waits_for_its_backoff_too) {
  auto slow = child("a");
  slow.backoff = backoff{.min = 100ms, .max = 10s};
  sim.start(one_for_one("top", {.max_restarts = 10}, slow));
  out.failures_left["a"] = 1;
  crash("a");
  sim.advance(100ms);
  EXPECT_FALSE(whereis("a"));
  sim.advance(199ms);
  EXPECT_FALSE(whereis("a"));
  sim.advance(1ms);
  EXPECT_TRUE(whereis("a"));
}

TEST_F(supervisor_restart, siblings_wait_for_the_backoff_under_one_for_all) {
  auto slow = child("b");
  slow.backoff = backoff{.min = 100ms};
  sim.start(one_for_all("top", {}, child("a"), slow, child("c")));
  take();
  crash("b");
  EXPECT_EQ(take(), (names{"-b", "-c", "-a"}));
  sim.advance(100ms);
  EXPECT_EQ(take(), (names{"+a", "+b", "+c"}));
}

TEST_F(supervisor_restart, a_wait_does_not_hold_up_a_stop) {
  auto slow = child("a");
  slow.backoff = backoff{.min = 10s};
  sim.start(one_for_one("top", {}, slow));
  crash("a");
  const auto before = sim.now();
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(sim.now(), before);
}

} // namespace
} // namespace bennu::runtime
