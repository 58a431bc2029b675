// How a supervisor starts and stops its children, and what keeps it from it.
#include "runtime/supervisor.hpp"
#include "tests/runtime/supervisor_fixture.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace bennu::runtime {
namespace {

bool has(const std::optional<std::string>& text, std::string_view part) {
  return text && text->find(part) != std::string::npos;
}

class supervisor_start : public supervisor_fixture {
protected:
  std::string failure(const supervisor_spec& tree) {
    const auto why = sim.start(tree);
    EXPECT_EQ(sim.node().process_count(), 0u);
    return why ? why->detail() : "none";
  }
};

TEST_F(supervisor_start, without_children_is_fine) {
  EXPECT_FALSE(sim.start(supervisor_spec{.name = "top"}));
  EXPECT_EQ(counts().specs, 0u);
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
}

TEST_F(supervisor_start, one_that_ignores_keeps_its_place) {
  out.ignores["b"] = true;
  EXPECT_FALSE(
    sim.start(one_for_one("top", {}, child("a"), child("b"), child("c"))));
  EXPECT_EQ(take(), (names{"+a", "+c"}));
  EXPECT_EQ(children().at(1).child, pid{});
  out.ignores["b"] = false;
  EXPECT_TRUE(ask(restart_child{"b"}).child);
}

TEST_F(supervisor_start, a_temporary_one_that_ignores_is_forgotten) {
  out.ignores["t"] = true;
  EXPECT_FALSE(sim.start(
    one_for_one("top", {}, child("t", restart_type::temporary), child("a"))));
  EXPECT_EQ(counts().specs, 1u);
  EXPECT_FALSE(whereis("t")) << "and its name is free";
}

TEST_F(supervisor_start, one_that_ignores_and_unlinks_does_not_hang_it) {
  EXPECT_FALSE(sim.start(one_for_one("top", {}, worker("x", [](process& self) {
                                       self.unlink(self.parent());
                                       self.ignore();
                                     }))));
  EXPECT_EQ(counts().active, 0u);
}

TEST_F(supervisor_start, one_that_unlinks_and_fails_does_not_hang_it) {
  EXPECT_EQ(failure(one_for_one("top", {},
                                worker("x",
                                       [](process& self) {
                                         self.unlink(self.parent());
                                         throw std::runtime_error("lost");
                                       }))),
            "failed to start child x: lost");
}

TEST_F(supervisor_start, one_that_ends_normally_in_init_has_failed) {
  EXPECT_EQ(
    failure(one_for_one(
      "top", {},
      worker("x", [](process& self) { self.exit(exit_reason::normal()); }))),
    "failed to start child x: normal");
}

TEST_F(supervisor_start, an_inner_failure_names_the_way_to_it) {
  out.failures_left["c"] = 1;
  EXPECT_EQ(failure(one_for_one("top", {}, child("a"),
                                one_for_one("inner", {}, child("c")))),
            "failed to start child inner: failed to start child c: cannot "
            "start");
  EXPECT_EQ(take(), (names{"+a", "-a"}));
}

TEST_F(supervisor_start, no_such_shard_is_a_failed_start) {
  auto far = child("far");
  far.how.shard = 7;
  EXPECT_EQ(failure(one_for_one("top", {}, far)),
            "failed to start child far: no shard 7: this node has 2");
}

TEST_F(supervisor_start, children_may_live_on_another_shard) {
  auto far = child("far");
  far.how.shard = 1;
  auto far_too = child("far2");
  far_too.how.shard = 1;
  EXPECT_FALSE(sim.start(one_for_all("top", {}, far, child("near"), far_too)));
  take();
  crash("far");
  EXPECT_EQ(take(),
            (names{"-far", "-far2", "-near", "+far", "+near", "+far2"}));
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
}

// -- bad specs --

TEST_F(supervisor_start, a_bad_spec_names_the_child_and_the_mend) {
  EXPECT_TRUE(failure(one_for_one("top", {}, child("a"), child("a")))
                .starts_with("bad spec of supervisor top: duplicate child id "
                             "a"));
  EXPECT_EQ(take(), names{}) << "nothing has been started";
}

TEST(check_childspecs, finds_nothing_wrong_with_good_ones) {
  const auto a = worker("a", [](process&) {});
  EXPECT_EQ(check_childspecs({a, worker("b", [](process&) {})}), std::nullopt);
  EXPECT_EQ(check_childspecs({}), std::nullopt);
}

TEST(check_childspecs, wants_an_id_and_a_start) {
  const auto good = worker("a", [](process&) {});
  auto spec = good;
  spec.id = "";
  EXPECT_TRUE(has(check_childspecs({spec}), "no id"));
  spec = good;
  spec.start = {};
  EXPECT_TRUE(has(check_childspecs({spec}), "child a: it has no start"));
}

TEST(check_childspecs, wants_ids_to_differ) {
  const auto a = worker("a", [](process&) {});
  EXPECT_TRUE(has(check_childspecs({a, a}), "duplicate child id a"));
}

TEST(check_childspecs, allows_no_time_to_stop_but_not_less) {
  auto spec = worker("a", [](process&) {});
  spec.shutdown = shutdown_policy::after(std::chrono::milliseconds{0});
  EXPECT_EQ(check_childspecs({spec}), std::nullopt);
  spec.shutdown = shutdown_policy::after(std::chrono::milliseconds{-1});
  EXPECT_TRUE(has(check_childspecs({spec}), "its shutdown is -1 ms"));
}

TEST(check_childspecs, knows_bad_combinations_of_significant) {
  auto spec = worker("a", [](process&) {});
  spec.significant = true;
  EXPECT_TRUE(
    has(check_childspecs({spec}, auto_shutdown::any_significant), "permanent"));
  spec.restart = restart_type::transient;
  EXPECT_TRUE(has(check_childspecs({spec}), "auto_shutdown is never"));
  EXPECT_EQ(check_childspecs({spec}, auto_shutdown::any_significant),
            std::nullopt);
}

TEST(check_childspecs, looks_at_the_backoff_too) {
  auto spec = worker("a", [](process&) {});
  spec.backoff = backoff{.factor = 0.5};
  EXPECT_TRUE(has(check_childspecs({spec}), "factor 0.5"));
}

TEST(check_supervisor, wants_a_period) {
  supervisor_spec spec{.name = "top",
                       .intensity = {.within = std::chrono::milliseconds{0}}};
  EXPECT_TRUE(has(check(spec), "within 0 ms"));
  spec.intensity.within = std::chrono::milliseconds{1};
  EXPECT_EQ(check(spec), std::nullopt);
  spec.backoff = backoff{.jitter = 1.5};
  EXPECT_TRUE(has(check(spec), "jitter 1.5"));
}

// -- stopping --

class supervisor_stop : public supervisor_fixture {};

TEST_F(supervisor_stop, infinity_waits_for_ever) {
  auto slow = worker_of<stubborn>("slow");
  slow.shutdown = shutdown_policy::infinity();
  sim.start(one_for_one("top", {}, slow));
  sim.node().send(whereis("top"), terminate_child{"slow"});
  sim.advance(std::chrono::hours{1});
  EXPECT_TRUE(whereis("slow"));
  kill("slow");
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
}

TEST_F(supervisor_stop, a_timeout_is_given_in_full_and_not_more) {
  auto slow = worker_of<stubborn>("slow");
  slow.shutdown = shutdown_policy::after(50ms);
  sim.start(one_for_one("top", {}, slow));
  sim.node().send(whereis("top"), terminate_child{"slow"});
  sim.advance(49ms);
  EXPECT_TRUE(whereis("slow"));
  sim.advance(1ms);
  EXPECT_FALSE(whereis("slow"));
  EXPECT_EQ(logs("shutdown_error: killed"), 1u);
}

TEST_F(supervisor_stop, an_added_child_is_killed_after_its_timeout_too) {
  sim.start(supervisor_spec{.name = "top"});
  auto slow = worker_of<stubborn>("slow");
  slow.shutdown = shutdown_policy::after(50ms);
  ask(start_child{slow});
  const auto before = sim.now();
  sim.stop();
  EXPECT_EQ(sim.now() - before, 50ms);
}

TEST_F(supervisor_stop, an_added_child_can_be_killed_at_once) {
  sim.start(supervisor_spec{.name = "top"});
  auto slow = worker_of<stubborn>("slow");
  slow.shutdown = shutdown_policy::brutal_kill();
  ask(start_child{slow});
  const auto before = sim.now();
  EXPECT_EQ(ask(terminate_child{"slow"}).error, "");
  EXPECT_EQ(sim.now(), before);
  EXPECT_EQ(logs("shutdown_error"), 0u) << "killed is what was asked for";
}

TEST_F(supervisor_stop, a_child_killed_meanwhile_is_noticed) {
  auto slow = worker_of<stubborn>("slow");
  slow.shutdown = shutdown_policy::infinity();
  sim.start(one_for_one("top", {}, child("a"), slow));
  const auto top = whereis("top");
  sim.node().send(top, terminate_child{"slow"});
  sim.run();
  kill("slow");
  EXPECT_EQ(ask(terminate_child{"slow"}).error, "");
}

// A child that dies by itself just as its supervisor takes it down.
TEST_F(supervisor_stop, a_race_with_the_childs_own_end_is_no_restart) {
  sim.start(one_for_one("top", {}, child("a")));
  sim.node().send(whereis("top"), terminate_child{"a"});
  sim.node().exit(whereis("a"), exit_reason::kill());
  sim.run();
  EXPECT_FALSE(whereis("a"));
  EXPECT_TRUE(whereis("top"));
}

TEST_F(supervisor_stop, one_that_hangs_in_its_start_is_stopped) {
  struct stuck final : process {
    void init() override { trap_exit(true); }
    bool starts_with_init() const override { return false; }
    void handle_message(message&) override {}
    void parent_exited(const exit_reason&) override {}
  };
  auto slow = worker_of<stuck>("slow");
  slow.shutdown = shutdown_policy::after(200ms);
  sim.start(supervisor_spec{.name = "top"});
  const auto inner = one_for_one("inner", {}, child("a"), slow, child("c"));
  sim.node().send(whereis("top"), start_child{inner});
  sim.run();
  EXPECT_TRUE(whereis("slow"));
  EXPECT_EQ(take(), (names{"+a"})) << "c waits for it";
  const auto before = sim.now();
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(sim.now() - before, 200ms);
  EXPECT_EQ(take(), (names{"-a"}));
  EXPECT_EQ(sim.node().process_count(), 0u);
}

TEST_F(supervisor_stop, a_child_that_unlinked_cannot_hang_a_request) {
  sim.start(one_for_one("top", {}, worker("loner", [](process& self) {
                          self.unlink(self.parent());
                          return behavior{[](int) {}};
                        })));
  EXPECT_EQ(ask(terminate_child{"loner"}).error, "");
  EXPECT_FALSE(whereis("loner"));
}

TEST_F(supervisor_stop, an_unlinked_child_that_is_gone_stops_at_once) {
  sim.start(one_for_one("top", {}, worker("loner", [](process& self) {
                          self.unlink(self.parent());
                          return behavior{[](int) {}};
                        })));
  kill("loner");
  EXPECT_EQ(children().size(), 1u);
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
}

TEST_F(supervisor_stop, a_wrong_reason_is_reported_unless_it_may_end) {
  struct rude final : process {
    void init() override { trap_exit(true); }
    void handle_message(message&) override {}
    void parent_exited(const exit_reason&) override { stop(); }
  };
  for (const auto type : {restart_type::permanent, restart_type::transient,
                          restart_type::temporary}) {
    auto spec = worker_of<rude>("rude");
    spec.restart = type;
    sim.start(one_for_one("top", {}, spec));
    logged.clear();
    sim.stop();
    EXPECT_EQ(logs("shutdown_error: normal"),
              type == restart_type::permanent ? 1u : 0u);
  }
}

TEST_F(supervisor_stop, killed_itself_it_takes_its_tree_along) {
  sim.start(
    one_for_one("top", {}, child("a"), one_for_one("inner", {}, child("b"))));
  kill("top");
  EXPECT_EQ(sim.node().process_count(), 0u);
}

} // namespace
} // namespace bennu::runtime
