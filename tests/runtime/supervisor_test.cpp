#include "runtime/supervisor.hpp"
#include "tests/runtime/supervisor_fixture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

class supervisor_test : public supervisor_fixture {};

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
    sim.advance(6s);
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

} // namespace
} // namespace bennu::runtime
