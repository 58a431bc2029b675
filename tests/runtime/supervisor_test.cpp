#include "runtime/dynamic_supervisor.hpp"
#include "runtime/log.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/testing/sim_node.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;
using names = std::vector<std::string>;

/// What the children of a tree did, in order.
struct journal {
  names lines;
  std::map<std::string, int> failures_left;
};

/// A child that notes its start and its end.
class noted final : public process {
public:
  noted(std::string name, journal* out) : name_(std::move(name)), out_(out) {}

protected:
  void init() override {
    trap_exit(true);
    if (out_->failures_left[name_] > 0) {
      --out_->failures_left[name_];
      throw std::runtime_error("cannot start");
    }
    out_->lines.push_back("+" + name_);
  }
  void handle_message(message& msg) override {
    if (msg.holds<std::string>())
      throw std::runtime_error("told to crash");
    if (msg.holds<int>())
      stop();
  }
  void terminate(const exit_reason&) override {
    out_->lines.push_back("-" + name_);
  }

private:
  std::string name_;
  journal* out_;
};

/// A child that does not stop when asked.
class stubborn final : public process {
protected:
  void init() override { trap_exit(true); }
  void handle_message(message&) override {}
  void parent_exited(const exit_reason&) override {}
};

class supervisor_test : public testing::Test {
protected:
  supervisor_test() {
    log_to([](log_level, std::string_view) {});
  }
  ~supervisor_test() override { log_to({}); }

  child_spec child(std::string name,
                   restart_type restart = restart_type::permanent) {
    auto spec = worker_of<noted>(std::move(name), std::string(), &out);
    spec.start = [name = spec.id, this] {
      return detail::make_maker<noted>(name, &out).moved();
    };
    spec.restart = restart;
    return spec;
  }

  pid whereis(const std::string& name) { return sim.node().whereis(name); }

  void crash(const std::string& name) {
    sim.node().send(whereis(name), std::string("crash"));
    sim.run();
  }

  void end(const std::string& name) {
    sim.node().send(whereis(name), 0);
    sim.run();
  }

  names take() { return std::exchange(out.lines, {}); }

  journal out;
  sim_node sim;
};

TEST_F(supervisor_test, children_start_in_order_and_stop_in_reverse) {
  ASSERT_FALSE(
    sim.start(one_for_one("top", {}, child("a"), child("b"), child("c"))));
  EXPECT_EQ(take(), (names{"+a", "+b", "+c"}));
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(take(), (names{"-c", "-b", "-a"}));
}

TEST_F(supervisor_test, one_for_one_restarts_the_one_that_died) {
  sim.start(one_for_one("top", {}, child("a"), child("b"), child("c")));
  const auto before = whereis("b");
  take();
  crash("b");
  EXPECT_EQ(take(), (names{"-b", "+b"}));
  EXPECT_NE(whereis("b"), before);
}

TEST_F(supervisor_test, one_for_all_restarts_all) {
  sim.start(one_for_all("top", {}, child("a"), child("b"), child("c")));
  take();
  crash("b");
  EXPECT_EQ(take(), (names{"-b", "-c", "-a", "+a", "+b", "+c"}));
}

TEST_F(supervisor_test, rest_for_one_restarts_those_started_later) {
  sim.start(rest_for_one("top", {}, child("a"), child("b"), child("c")));
  take();
  crash("b");
  EXPECT_EQ(take(), (names{"-b", "-c", "+b", "+c"}));
}

TEST_F(supervisor_test, a_temporary_sibling_is_stopped_and_not_restarted) {
  sim.start(
    one_for_all("top", {}, child("a"), child("t", restart_type::temporary)));
  take();
  crash("a");
  EXPECT_EQ(take(), (names{"-a", "-t", "+a"}));
}

struct restart_case {
  restart_type type;
  bool crashes;
  bool restarted;
};

class restart_rule : public supervisor_test,
                     public testing::WithParamInterface<restart_case> {};

INSTANTIATE_TEST_SUITE_P(
  rules, restart_rule,
  testing::Values(restart_case{restart_type::permanent, true, true},
                  restart_case{restart_type::permanent, false, true},
                  restart_case{restart_type::transient, true, true},
                  restart_case{restart_type::transient, false, false},
                  restart_case{restart_type::temporary, true, false},
                  restart_case{restart_type::temporary, false, false}));

TEST_P(restart_rule, follows_the_restart_type) {
  sim.start(one_for_one("top", {}, child("a", GetParam().type)));
  GetParam().crashes ? crash("a") : end("a");
  EXPECT_EQ(static_cast<bool>(whereis("a")), GetParam().restarted);
}

TEST_F(supervisor_test, intensity_allows_its_limit_and_not_one_more) {
  sim.start(one_for_one("top", {.max_restarts = 2, .within = 5s}, child("a")));
  crash("a");
  crash("a");
  EXPECT_TRUE(whereis("a"));
  crash("a");
  EXPECT_FALSE(whereis("a"));
  EXPECT_FALSE(whereis("top")) << "the supervisor gives up";
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
}

TEST_F(supervisor_test, restarts_older_than_the_window_do_not_count) {
  sim.start(one_for_one("top", {.max_restarts = 1, .within = 5s}, child("a")));
  for (int i = 0; i < 5; ++i) {
    crash("a");
    ASSERT_TRUE(whereis("a")) << i;
    sim.advance(5001ms);
  }
}

TEST_F(supervisor_test, one_that_gives_up_is_restarted_by_its_own_supervisor) {
  sim.start(one_for_one("top", {},
                        one_for_one("inner", {.max_restarts = 0}, child("a"))));
  const auto before = whereis("inner");
  crash("a");
  EXPECT_TRUE(whereis("a"));
  EXPECT_NE(whereis("inner"), before);
}

TEST_F(supervisor_test, a_failed_start_stops_what_was_started) {
  out.failures_left["c"] = 1;
  const auto why =
    sim.start(one_for_one("top", {}, child("a"), child("b"), child("c")));
  ASSERT_TRUE(why);
  EXPECT_NE(why->detail().find("failed to start child c"), std::string::npos);
  EXPECT_NE(why->detail().find("cannot start"), std::string::npos);
  EXPECT_EQ(take(), (names{"+a", "+b", "-b", "-a"}));
}

TEST_F(supervisor_test, a_failed_restart_is_tried_again_and_counted) {
  sim.start(one_for_one("top", {.max_restarts = 3}, child("a")));
  out.failures_left["a"] = 2;
  crash("a");
  EXPECT_TRUE(whereis("a"));
  take();
  out.failures_left["a"] = 1;
  crash("a");
  EXPECT_FALSE(whereis("top")) << "the fourth and fifth restart within 5 s";
}

TEST_F(supervisor_test, a_child_that_does_not_stop_in_time_is_killed) {
  auto slow = worker_of<stubborn>("slow");
  slow.shutdown = shutdown_policy::after(200ms);
  sim.start(one_for_one("top", {}, slow));
  const auto before = sim.now();
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(sim.now() - before, 200ms);
}

TEST_F(supervisor_test, brutal_kill_gives_no_time) {
  auto slow = worker_of<stubborn>("slow");
  slow.shutdown = shutdown_policy::brutal_kill();
  sim.start(one_for_one("top", {}, slow));
  const auto before = sim.now();
  sim.stop();
  EXPECT_EQ(sim.now(), before);
}

TEST_F(supervisor_test, a_duplicate_id_is_a_clear_start_error) {
  const auto why = sim.start(one_for_one("top", {}, child("a"), child("a")));
  ASSERT_TRUE(why);
  EXPECT_NE(why->detail().find("duplicate child id a"), std::string::npos);
}

TEST_F(supervisor_test, which_children_lists_them_with_their_restarts) {
  sim.start(one_for_one("top", {}, child("a"), child("b")));
  crash("b");
  const auto list =
    sim.call<std::vector<child_info>>(whereis("top"), which_children{});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].id, "a");
  EXPECT_EQ(list[1].restarts, 1u);
  EXPECT_EQ(list[1].child, whereis("b"));
}

TEST_F(supervisor_test, a_child_that_unlinks_cannot_hang_the_stop) {
  sim.start(one_for_one("top", {}, worker("loner", [](process& self) {
                          self.unlink(self.parent());
                          return behavior{[](int) {}};
                        })));
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
}

// -- requests --

class supervisor_requests : public supervisor_test {
protected:
  supervisor_requests() { sim.start(one_for_one("top", {}, child("a"))); }

  template <class Request>
  child_result ask(Request x) {
    return sim.call<child_result>(whereis("top"), std::move(x));
  }
};

TEST_F(supervisor_requests, a_child_can_be_added_while_it_runs) {
  const auto added = ask(start_child{child("b")});
  EXPECT_EQ(added.error, "");
  EXPECT_EQ(added.child, whereis("b"));
  crash("b");
  EXPECT_TRUE(whereis("b")) << "and is restarted like the others";
}

TEST_F(supervisor_requests, a_child_that_does_not_start_is_not_kept) {
  out.failures_left["b"] = 1;
  EXPECT_NE(ask(start_child{child("b")}).error.find("cannot start"),
            std::string::npos);
  EXPECT_EQ(ask(start_child{child("b")}).error, "");
}

TEST_F(supervisor_requests, an_id_that_is_there_is_not_added_again) {
  EXPECT_EQ(ask(start_child{child("a")}).error, "already_started");
  ask(terminate_child{"a"});
  EXPECT_EQ(ask(start_child{child("a")}).error, "already_present");
}

TEST_F(supervisor_requests, a_terminated_child_stays_down_until_restarted) {
  EXPECT_EQ(ask(terminate_child{"a"}).error, "");
  EXPECT_FALSE(whereis("a"));
  const auto again = ask(restart_child{"a"});
  EXPECT_EQ(again.child, whereis("a"));
  EXPECT_TRUE(whereis("a"));
  EXPECT_EQ(ask(restart_child{"a"}).error, "running");
}

TEST_F(supervisor_requests, a_temporary_child_is_forgotten_when_terminated) {
  ask(start_child{child("t", restart_type::temporary)});
  EXPECT_EQ(ask(terminate_child{"t"}).error, "");
  EXPECT_EQ(ask(restart_child{"t"}).error, "not_found");
}

TEST_F(supervisor_requests, only_a_child_that_is_down_can_be_deleted) {
  EXPECT_EQ(ask(delete_child{"a"}).error, "running");
  ask(terminate_child{"a"});
  EXPECT_EQ(ask(delete_child{"a"}).error, "");
  EXPECT_EQ(ask(delete_child{"a"}).error, "not_found");
}

TEST_F(supervisor_requests, children_are_counted) {
  ask(start_child{one_for_one("inner", {})});
  ask(start_child{child("b")});
  ask(terminate_child{"b"});
  const auto counts = sim.call<child_counts>(whereis("top"), count_children{});
  EXPECT_EQ(counts.specs, 3u);
  EXPECT_EQ(counts.active, 2u);
  EXPECT_EQ(counts.supervisors, 1u);
  EXPECT_EQ(counts.workers, 2u);
}

// -- dynamic_supervisor --

class dynamic_supervisor_test : public supervisor_test {
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

} // namespace
} // namespace bennu::runtime
