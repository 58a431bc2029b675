#include "runtime/application.hpp"
#include "tests/runtime/supervisor_fixture.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace bennu::runtime {
namespace {

constexpr auto permanent = application_type::permanent;
constexpr auto transient = application_type::transient;
constexpr auto temporary = application_type::temporary;

class application_test : public supervisor_fixture {
protected:
  /// An application with one worker, `name.w`, that gives up at its first end.
  application_spec app(const std::string& name, names depends_on = {},
                       application_type type = permanent) {
    return {.name = name,
            .depends_on = std::move(depends_on),
            .tree = one_for_one(name, {.max_restarts = 0}, child(name + ".w")),
            .type = type};
  }
  std::optional<exit_reason> start(applications those) {
    return sim.start(application_controller(std::move(those)));
  }
  bool runs(const std::string& name) {
    return static_cast<bool>(whereis(name));
  }
  static std::string refusal(applications those) {
    try {
      start_order(std::move(those));
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "none";
  }
};

TEST_F(application_test, they_start_by_dependency_and_stop_in_reverse) {
  EXPECT_FALSE(start({app("shop", {"db", "mail"}), app("mail", {"db"}),
                      app("db"), app("last")}));
  EXPECT_EQ(take(), (names{"+db.w", "+mail.w", "+shop.w", "+last.w"}));
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(take(), (names{"-last.w", "-shop.w", "-mail.w", "-db.w"}));
  EXPECT_EQ(sim.node().process_count(), 0u);
}

TEST_F(application_test, bad_lists_are_refused_by_name) {
  EXPECT_EQ(refusal({app("a", {"b"})}),
            "bad applications: a depends on b, which is not among them");
  EXPECT_EQ(refusal({app("a"), app("a")}), "bad applications: a is there "
                                           "twice");
  EXPECT_EQ(refusal({app("a", {"b"}), app("b", {"a"})}),
            "bad applications: a depends on itself, by way of b");
  EXPECT_EQ(refusal({app("a", {"a"})}),
            "bad applications: a depends on itself, by way of a");
  EXPECT_EQ(refusal({app("")}),
            "bad applications: one has no name: set application_spec.name");
  EXPECT_EQ(refusal({}), "none");
}

TEST_F(application_test, one_that_does_not_start_stops_those_before_it) {
  out.failures_left["b.w"] = 1;
  const auto why = start({app("a"), app("b"), app("c")});
  ASSERT_TRUE(why);
  EXPECT_EQ(why->detail(), "failed to start application b: failed to start "
                           "child b.w: cannot start");
  EXPECT_EQ(take(), (names{"+a.w", "-a.w"}));
}

TEST_F(application_test, the_end_of_a_permanent_one_ends_the_node) {
  start({app("a"), app("b")});
  crash("a.w");
  EXPECT_FALSE(runs("b"));
  EXPECT_EQ(sim.stop(), exit_reason::shutdown()) << "with its reason";
}

TEST_F(application_test, a_transient_one_may_end_in_order) {
  start({app("a", {}, transient), app("b")});
  crash("a.w");
  EXPECT_TRUE(runs("b")) << "a supervisor that gives up ends with shutdown";
  sim.stop();
  start({app("a", {}, transient), app("b")});
  kill("a");
  EXPECT_FALSE(runs("b"));
  EXPECT_EQ(sim.stop(), exit_reason::killed());
}

TEST_F(application_test, a_temporary_one_may_end_anyhow) {
  start({app("a", {}, temporary), app("b")});
  kill("a");
  EXPECT_TRUE(runs("b"));
  const auto list = sim.call<std::vector<application_info>>(
    whereis("application_controller"), which_applications{});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_FALSE(list[0].top);
  EXPECT_EQ(list[1].top, whereis("b"));
}

TEST_F(application_test, has_values_of_its_own_while_it_runs) {
  auto shop = app("shop");
  shop.env = {{"currency", make_message("EUR")}, {"rate", make_message(2)}};
  set_env(sim.node(), "shop", "rate", make_message(3));
  start({shop});
  EXPECT_EQ(*get_env(sim.node(), "shop", "currency").value_if<std::string>(),
            "EUR");
  EXPECT_EQ(*get_env(sim.node(), "shop", "rate").value_if<int>(), 3)
    << "what was set before counts";
  EXPECT_FALSE(get_env(sim.node(), "shop", "other"));
  sim.stop();
  EXPECT_FALSE(get_env(sim.node(), "shop", "currency"));
}

TEST_F(application_test, one_that_hangs_in_its_start_can_be_stopped) {
  auto slow = app("slow");
  slow.tree.children = {worker_of<never_started>("never")};
  start({app("a"), slow, app("c")});
  EXPECT_FALSE(runs("c"));
  EXPECT_EQ(sim.stop(), exit_reason::shutdown());
  EXPECT_EQ(sim.node().process_count(), 0u);
}

} // namespace
} // namespace bennu::runtime
