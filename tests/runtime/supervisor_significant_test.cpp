// Supervisors that end when significant children have.
#include "runtime/supervisor.hpp"
#include "tests/runtime/supervisor_fixture.hpp"

#include <gtest/gtest.h>

namespace bennu::runtime {
namespace {

class supervisor_significant : public supervisor_fixture {
protected:
  static constexpr auto transient = restart_type::transient;
  static constexpr auto temporary = restart_type::temporary;

  template <class... Ts>
  void start(auto_shutdown when, Ts... children) {
    auto tree = one_for_one("top", {}, std::move(children)...);
    tree.auto_shutdown = when;
    ASSERT_FALSE(sim.start(tree));
  }
  template <class... Ts>
  void start_any(Ts... children) {
    start(auto_shutdown::any_significant, std::move(children)...);
  }
  template <class... Ts>
  void start_all(Ts... children) {
    start(auto_shutdown::all_significant, std::move(children)...);
  }
  bool stands() { return static_cast<bool>(whereis("top")); }
};

TEST_F(supervisor_significant, a_nonsignificant_child_ends_nothing) {
  start_any(child("a", temporary), child("b", transient),
            significant("s", transient));
  end("a");
  end("b");
  EXPECT_TRUE(stands());
}

TEST_F(supervisor_significant, never_means_never) {
  start(auto_shutdown::never, child("a", temporary));
  end("a");
  EXPECT_TRUE(stands());
}

TEST_F(supervisor_significant, the_first_temporary_one_ends_it_by_any) {
  start_any(child("a"), significant("s", temporary),
            significant("t", temporary));
  take();
  crash("s");
  EXPECT_FALSE(stands());
  EXPECT_EQ(take(), (names{"-s", "-t", "-a"}));
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
}

TEST_F(supervisor_significant, a_transient_one_that_crashes_is_restarted) {
  start_any(significant("s", transient));
  crash("s");
  EXPECT_TRUE(whereis("s"));
  end("s");
  EXPECT_FALSE(stands());
}

TEST_F(supervisor_significant, the_last_one_ends_it_by_all) {
  start_all(child("a"), significant("s", transient),
            significant("t", temporary));
  end("s");
  EXPECT_TRUE(stands());
  end("t");
  EXPECT_FALSE(stands());
}

TEST_F(supervisor_significant, one_restarted_on_request_counts_again) {
  start_all(significant("s", transient), significant("t", transient));
  end("s");
  ask(restart_child{"s"});
  end("t");
  EXPECT_TRUE(stands());
  end("s");
  EXPECT_FALSE(stands());
}

TEST_F(supervisor_significant, one_that_waits_for_its_backoff_is_not_gone) {
  auto slow = significant("s", transient);
  slow.backoff = backoff{.min = std::chrono::milliseconds{100}};
  start_all(slow, significant("t", transient));
  crash("s");
  end("t");
  EXPECT_TRUE(stands());
}

TEST_F(supervisor_significant, a_terminated_one_ends_nothing) {
  start_any(significant("s", transient), significant("t", temporary));
  ask(terminate_child{"s"});
  ask(terminate_child{"t"});
  EXPECT_TRUE(stands());
}

TEST_F(supervisor_significant, one_that_ignores_ends_nothing) {
  out.ignores["s"] = true;
  start_any(significant("s", transient));
  EXPECT_TRUE(stands());
}

TEST_F(supervisor_significant, a_bystander_ends_nothing) {
  auto tree = one_for_all("top", {}, child("a"), significant("s", temporary));
  tree.auto_shutdown = auto_shutdown::any_significant;
  sim.start(tree);
  crash("a");
  EXPECT_TRUE(stands());
  EXPECT_EQ(counts().specs, 1u);
}

TEST_F(supervisor_significant, its_end_is_an_orderly_one_for_the_one_above) {
  auto inner = one_for_one("inner", {}, significant("s", transient));
  inner.auto_shutdown = auto_shutdown::any_significant;
  child_spec as_child = inner;
  as_child.restart = restart_type::transient;
  as_child.significant = true;
  auto tree = one_for_one("top", {}, child("a"), as_child);
  tree.auto_shutdown = auto_shutdown::any_significant;
  sim.start(tree);
  end("s");
  EXPECT_FALSE(stands()) << "it escalates";
  EXPECT_EQ(sim.node().process_count(), 0u);
}

TEST_F(supervisor_significant, a_permanent_supervisor_is_restarted_with_it) {
  auto inner = one_for_one("inner", {}, significant("s", transient));
  inner.auto_shutdown = auto_shutdown::any_significant;
  sim.start(one_for_one("top", {}, inner));
  const auto before = whereis("inner");
  end("s");
  EXPECT_TRUE(whereis("s"));
  EXPECT_NE(whereis("inner"), before);
}

TEST_F(supervisor_significant, a_bad_combination_is_not_added_either) {
  start(auto_shutdown::never, child("a"));
  EXPECT_NE(ask(start_child{significant("s", transient)})
              .error.find("auto_shutdown is never"),
            std::string::npos);
}

} // namespace
} // namespace bennu::runtime
