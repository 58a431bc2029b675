#include "runtime/supervisor_requests.hpp"
#include "tests/runtime/supervisor_fixture.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

class supervisor_requests : public supervisor_fixture {
protected:
  supervisor_requests() { sim.start(one_for_one("top", {}, child("a"))); }
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

TEST_F(supervisor_requests, a_bad_spec_is_refused_with_its_mend) {
  auto bad = child("b");
  bad.start = {};
  EXPECT_NE(ask(start_child{bad}).error.find("set child_spec.start"),
            std::string::npos);
  EXPECT_EQ(counts().specs, 1u);
}

TEST_F(supervisor_requests, one_that_ignores_its_start_is_kept_without_a_pid) {
  out.ignores["b"] = true;
  const auto added = ask(start_child{child("b")});
  EXPECT_EQ(added.error, "");
  EXPECT_FALSE(added.child);
  EXPECT_EQ(counts().specs, 2u);
  EXPECT_EQ(counts().active, 1u);
  out.ignores["b"] = false;
  EXPECT_TRUE(ask(restart_child{"b"}).child);
}

TEST_F(supervisor_requests, a_temporary_one_that_ignores_it_is_forgotten) {
  out.ignores["t"] = true;
  const auto added = ask(start_child{child("t", restart_type::temporary)});
  EXPECT_EQ(added.error, "");
  EXPECT_FALSE(added.child);
  EXPECT_EQ(counts().specs, 1u);
}

TEST_F(supervisor_requests, a_restart_may_be_ignored_too) {
  ask(terminate_child{"a"});
  out.ignores["a"] = true;
  const auto again = ask(restart_child{"a"});
  EXPECT_EQ(again.error, "");
  EXPECT_FALSE(again.child);
}

TEST_F(supervisor_requests, a_restart_on_request_that_fails_is_not_retried) {
  ask(terminate_child{"a"});
  out.failures_left["a"] = 1;
  EXPECT_EQ(ask(restart_child{"a"}).error, "cannot start");
  EXPECT_EQ(children().at(0).child, pid{});
  EXPECT_FALSE(children().at(0).restarting);
  EXPECT_TRUE(ask(restart_child{"a"}).child);
}

TEST_F(supervisor_requests, an_unknown_child_is_not_found) {
  EXPECT_EQ(ask(terminate_child{"x"}).error, "not_found");
  EXPECT_EQ(ask(restart_child{"x"}).error, "not_found");
  EXPECT_EQ(ask(delete_child{"x"}).error, "not_found");
}

TEST_F(supervisor_requests, terminating_one_that_does_not_run_is_fine) {
  EXPECT_EQ(ask(terminate_child{"a"}).error, "");
  EXPECT_EQ(ask(terminate_child{"a"}).error, "");
  EXPECT_EQ(counts().specs, 1u);
}

TEST_F(supervisor_requests, a_child_can_be_named_by_its_pid) {
  EXPECT_EQ(ask(terminate_child_pid{whereis("a")}).error, "");
  EXPECT_FALSE(whereis("a"));
  EXPECT_EQ(ask(terminate_child_pid{whereis("top")}).error, "not_found");
}

TEST_F(supervisor_requests, arguments_need_a_template) {
  EXPECT_NE(ask(start_child_with{make_message(1)}).error.find("no template"),
            std::string::npos);
}

TEST_F(supervisor_requests, a_spec_can_be_looked_at) {
  const auto spec =
    sim.call<std::optional<child_spec>>(whereis("top"), get_childspec{"a"});
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->id, "a");
  EXPECT_EQ(spec->shutdown, shutdown_policy::after(5s));
  EXPECT_FALSE(
    sim.call<std::optional<child_spec>>(whereis("top"), get_childspec{"x"}));
}

TEST_F(supervisor_requests, children_are_listed_in_start_order) {
  for (const auto* name : {"b", "c", "d"})
    ask(start_child{child(name)});
  crash("b");
  names ids;
  for (const auto& x : children())
    ids.push_back(x.id);
  EXPECT_EQ(ids, (names{"a", "b", "c", "d"}));
  take();
  sim.stop();
  EXPECT_EQ(take(), (names{"-d", "-c", "-b", "-a"}));
}

TEST_F(supervisor_requests, an_inner_supervisor_is_counted_as_one) {
  ask(start_child{one_for_one("inner", {}, child("x"), child("y"))});
  EXPECT_EQ(counts().supervisors, 1u);
  EXPECT_EQ(counts("inner").workers, 2u);
}

TEST_F(supervisor_requests, a_supervisor_answers_while_a_child_starts) {
  auto hanging = worker_of<never_started>("slow");
  hanging.shutdown = shutdown_policy::after(100ms);
  sim.node().send(whereis("top"), start_child{hanging});
  sim.run();
  EXPECT_EQ(children().size(), 2u);
  EXPECT_EQ(ask(start_child{hanging}).error, "already_started");
  EXPECT_EQ(ask(delete_child{"slow"}).error, "running");
  EXPECT_EQ(ask(restart_child{"slow"}).error, "restarting");
  EXPECT_EQ(ask(terminate_child{"slow"}).error, "");
  EXPECT_EQ(ask(delete_child{"slow"}).error, "");
}

TEST_F(supervisor_requests, who_waits_for_a_start_hears_that_it_was_stopped) {
  std::string heard;
  sim.node().spawn([&](process& self) {
    self.request(whereis("top"), 5s, start_child{worker_of<never_started>("s")})
      .then([&](child_result x) { heard = x.error; });
    return behavior{[](int) {}};
  });
  sim.run();
  ask(terminate_child{"s"});
  EXPECT_EQ(heard, "terminated");
}

TEST_F(supervisor_requests, all_who_wait_for_a_stop_hear_of_it) {
  auto slow = worker_of<stubborn>("slow");
  slow.shutdown = shutdown_policy::after(300ms);
  ask(start_child{slow});
  int heard = 0;
  for (int i = 0; i < 2; ++i)
    sim.node().spawn([&](process& self) {
      self.request(whereis("top"), 5s, terminate_child{"slow"})
        .then([&](child_result x) { heard += x.error.empty() ? 1 : 0; });
      return behavior{[](int) {}};
    });
  sim.advance(299ms);
  EXPECT_EQ(heard, 0);
  sim.advance(1ms);
  EXPECT_EQ(heard, 2);
}

TEST_F(supervisor_requests, a_child_asked_to_stop_that_crashes_stays_down) {
  auto slow = worker_of<stubborn>("slow");
  slow.shutdown = shutdown_policy::infinity();
  ask(start_child{slow});
  sim.node().send(whereis("top"), terminate_child{"slow"});
  sim.run();
  kill("slow");
  EXPECT_FALSE(whereis("slow"));
  EXPECT_EQ(logs("shutdown_error"), 1u);
}

// A child started by somebody else under the name is no child of ours.
TEST_F(supervisor_requests, a_name_taken_outside_is_a_start_error) {
  const auto other =
    sim.node().spawn([](process&) { return behavior{[](int) {}}; });
  sim.node().register_name("b", other);
  EXPECT_NE(ask(start_child{child("b")}).error.find("the name b is taken"),
            std::string::npos);
  EXPECT_TRUE(sim.node().is_alive(other));
  EXPECT_EQ(counts().specs, 1u);
}

TEST_F(supervisor_requests, many_children_come_and_go) {
  constexpr int many = 300;
  for (int i = 0; i < many; ++i)
    ask(start_child{child("c" + std::to_string(i))});
  EXPECT_EQ(counts().active, many + 1u);
  for (int i = 0; i < many; ++i) {
    ask(terminate_child{"c" + std::to_string(i)});
    ask(delete_child{"c" + std::to_string(i)});
  }
  EXPECT_EQ(counts().specs, 1u);
}

TEST_F(supervisor_requests, an_unexpected_message_is_logged) {
  sim.node().send(whereis("top"), 3.5);
  sim.run();
  EXPECT_EQ(logs("received an unexpected message"), 1u);
}

TEST_F(supervisor_requests, an_exit_signal_of_a_stranger_is_ignored) {
  sim.node().exit(whereis("top"), exit_reason::error("go away"));
  sim.run();
  EXPECT_TRUE(whereis("top"));
}

} // namespace
} // namespace bennu::runtime
