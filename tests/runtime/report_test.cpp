#include "runtime/report.hpp"
#include "runtime/telemetry.hpp"
#include "tests/runtime/supervisor_fixture.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::runtime {
namespace {

class report_test : public supervisor_fixture {
protected:
  void listen(std::string_view to) {
    sim.node().telemetry().attach(
      std::string{to}, std::string{to}, [this](const telemetry_event& x) {
        events.push_back(std::string{x.name} + " " + std::string{x.about("id")}
                         + " " + std::string{x.about("reason")});
      });
  }
  names events;
};

TEST_F(report_test, progress_is_told_at_level_debug) {
  sim.start(one_for_one("top", {}, child("a")));
  EXPECT_EQ(logs("progress"), 0u);
  sim.stop();
  log_threshold(log_level::debug);
  sim.start(one_for_one("top", {}, child("a")));
  EXPECT_EQ(logs("supervisor top: progress: started child a (pid <"), 1u);
}

TEST_F(report_test, a_tree_that_does_not_start_leaves_the_word_to_its_starter) {
  out.failures_left["a"] = 1;
  EXPECT_TRUE(sim.start(one_for_one("top", {}, child("a"))));
  EXPECT_EQ(logged, names{});
}

TEST_F(report_test, a_child_that_does_not_start_is_a_start_error) {
  log_threshold(log_level::debug);
  out.failures_left["a"] = 1;
  sim.start(one_for_one("top", {}, child("a")));
  EXPECT_EQ(logs("supervisor top: start_error: error: cannot start; child a "
                 "(pid <"),
            1u);
  EXPECT_EQ(logs("permanent, shutdown 5000 ms, worker)"), 1u);
  EXPECT_EQ(logs("crashed"), 0u) << "told once is enough";
}

TEST_F(report_test, a_terminated_child_is_told_with_its_reason) {
  sim.start(one_for_one("top", {}, child("a", restart_type::transient)));
  crash("a");
  EXPECT_EQ(logs("top: child_terminated: error: told to crash; child a"), 1u);
}

TEST_F(report_test, an_orderly_end_is_silent_unless_permanent) {
  sim.start(one_for_one("top", {}, child("a"),
                        child("b", restart_type::transient),
                        child("c", restart_type::temporary)));
  end("b");
  end("c", exit_reason::shutdown("left"));
  EXPECT_EQ(logged, names{});
  end("a");
  EXPECT_EQ(logs("child_terminated: normal; child a"), 1u);
}

TEST_F(report_test, giving_up_is_told_with_the_child_that_did_it) {
  listen(events::intensity_reached);
  sim.start(one_for_one("top", {.max_restarts = 0}, child("a")));
  crash("a");
  EXPECT_EQ(logs("top: shutdown: error: reached_max_restart_intensity, more "
                 "than 0 within 5000 ms; child a"),
            1u);
  EXPECT_EQ(events, (names{"bennu.supervisor.intensity_reached a "}));
}

TEST_F(report_test, a_stop_in_order_is_silent) {
  sim.start(one_for_one("top", {}, child("a"), child("b")));
  sim.stop();
  EXPECT_EQ(logged, names{});
}

TEST_F(report_test, a_crash_is_told_with_what_the_process_was_at) {
  sim.start(one_for_one("top", {}, child("a")));
  const auto a = to_string(whereis("a"));
  sim.node().send(whereis("a"), std::string("crash"));
  sim.node().send(whereis("a"), 1);
  sim.run();
  EXPECT_EQ(logs("process " + a
                 + " (noted) crashed: error: told to crash; "
                   "name: a, initial call: bennu::runtime::noted, message: "),
            1u);
  EXPECT_EQ(logs("message queue: 1, links: [<"), 1u);
}

TEST_F(report_test, stopping_with_an_error_is_a_crash_too) {
  sim.start(one_for_one("top", {}, child("a")));
  end("a", exit_reason::error("no more"));
  EXPECT_EQ(logs("crashed: error: no more"), 1u);
}

TEST_F(report_test, an_end_from_outside_is_no_crash) {
  sim.start(one_for_one("top", {}, child("a", restart_type::temporary)));
  kill("a");
  const auto plain =
    sim.node().spawn([](process&) { return behavior{[](int) {}}; });
  sim.node().exit(plain, exit_reason::error("from outside"));
  sim.run();
  EXPECT_EQ(logs("crashed"), 0u);
}

TEST_F(report_test, telemetry_hears_of_starts_ends_and_restarts) {
  for (const auto name : {events::child_started, events::child_terminated,
                          events::child_restarted, events::process_crashed})
    listen(name);
  sim.start(one_for_one("top", {}, child("a")));
  crash("a");
  EXPECT_EQ(events, (names{"bennu.supervisor.started a ",
                           "bennu.process.crashed  error: told to crash",
                           "bennu.supervisor.terminated a error: told to crash",
                           "bennu.supervisor.restarted a error: told to crash",
                           "bennu.supervisor.started a "}));
}

TEST(reports, read_as_one_line) {
  const supervisor_report x{
    .what = supervisor_report::context::shutdown_error,
    .supervisor = "pool",
    .reason = exit_reason::killed(),
    .child = {.id = "conn",
              .restart = restart_type::temporary,
              .significant = true,
              .shutdown = shutdown_policy::brutal_kill(),
              .children = 3}};
  EXPECT_EQ(to_string(x),
            "supervisor pool: shutdown_error: killed; child conn (pid none, "
            "one of 3, temporary, significant, shutdown brutal_kill, worker)");
}

} // namespace
} // namespace bennu::runtime
