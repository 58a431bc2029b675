#include "runtime/application.hpp"
#include "tests/runtime/supervisor_fixture.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bennu::runtime {
namespace {

class application_test : public supervisor_fixture {
protected:
  static constexpr auto permanent = application_type::permanent;
  static constexpr auto transient = application_type::transient;
  static constexpr auto temporary = application_type::temporary;

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

// -- at run time --

class running_applications : public application_test {
protected:
  running_applications() { start({app("db"), app("mail", {"db"})}); }

  template <class Request>
  application_result tell(Request x) {
    return sim.call<application_result>(whereis("application_controller"),
                                        std::move(x));
  }
  std::string load(application_spec x) {
    return tell(load_application{std::move(x)}).error;
  }
  /// Those that run, in the order they became known.
  names running() {
    names result;
    for (const auto& x : sim.call<std::vector<application_info>>(
           whereis("application_controller"), which_applications{}))
      if (x.top)
        result.push_back(x.name);
    return result;
  }
};

TEST_F(running_applications, one_is_loaded_started_stopped_and_unloaded) {
  EXPECT_EQ(tell(start_application{"shop"}).error, "not_loaded: shop");
  EXPECT_EQ(load(app("shop", {"db"})), "");
  EXPECT_EQ(load(app("shop")), "already_loaded");
  EXPECT_EQ(tell(stop_application{"shop"}).error, "not_started: shop");
  const auto begun = tell(start_application{"shop"});
  EXPECT_EQ(begun.error, "");
  EXPECT_EQ(begun.started, names{"shop"});
  EXPECT_EQ(tell(start_application{"shop"}).error, "already_started");
  EXPECT_EQ(running(), (names{"db", "mail", "shop"}));
  EXPECT_EQ(tell(unload_application{"shop"}).error, "running");
  take();
  EXPECT_EQ(tell(stop_application{"shop"}).error, "");
  EXPECT_EQ(take(), names{"-shop.w"});
  EXPECT_EQ(running(), (names{"db", "mail"})) << "though it is permanent";
  EXPECT_EQ(tell(unload_application{"shop"}).error, "");
  EXPECT_EQ(tell(unload_application{"shop"}).error, "not_loaded: shop");
}

TEST_F(running_applications, a_start_names_the_dependencies_that_do_not_run) {
  load(app("shop", {"db", "mail", "far"}));
  EXPECT_EQ(tell(start_application{"shop"}).error, "not_started: far");
  tell(stop_application{"db"});
  EXPECT_EQ(tell(start_application{"shop"}).error, "not_started: db, far");
  EXPECT_EQ(running(), names{"mail"})
    << "a stop does not ask who depends on it";
}

TEST_F(running_applications, all_that_one_needs_can_be_started_with_it) {
  tell(stop_application{"db"});
  load(app("shop", {"cart", "mail"}));
  EXPECT_EQ(tell(ensure_all_started{"shop"}).error,
            "bad applications: shop depends on cart, which is not among them");
  load(app("cart", {"db"}));
  take();
  EXPECT_EQ(tell(ensure_all_started{"shop"}).started,
            (names{"db", "cart", "shop"}));
  EXPECT_EQ(take(), (names{"+db.w", "+cart.w", "+shop.w"}));
  EXPECT_EQ(tell(ensure_all_started{"shop"}).started, names{});
  sim.stop();
  EXPECT_EQ(take(), (names{"-shop.w", "-cart.w", "-db.w", "-mail.w"}))
    << "in the reverse order of their starts";
}

TEST_F(running_applications, what_was_started_for_a_failed_one_is_stopped) {
  load(app("cart"));
  load(app("shop", {"db", "cart"}));
  out.failures_left["shop.w"] = 1;
  take();
  const auto failed = tell(ensure_all_started{"shop"});
  EXPECT_EQ(failed.error, "failed to start child shop.w: cannot start");
  EXPECT_EQ(failed.started, names{});
  EXPECT_EQ(take(), (names{"+cart.w", "-cart.w"}));
  EXPECT_EQ(running(), (names{"db", "mail"})) << "the node goes on";
}

TEST_F(running_applications, the_type_of_a_start_counts_at_its_end) {
  load(app("shop"));
  tell(start_application{"shop", temporary});
  kill("shop");
  EXPECT_EQ(running(), (names{"db", "mail"}));
  tell(start_application{"shop", transient});
  crash("shop.w");
  EXPECT_EQ(running(), (names{"db", "mail"})) << "an orderly end";
  tell(start_application{"shop"});
  kill("shop");
  EXPECT_FALSE(whereis("application_controller"));
  EXPECT_EQ(sim.stop(), exit_reason::killed());
}

TEST_F(running_applications, one_that_hangs_in_its_start_does_not_hold_others) {
  auto slow = app("slow");
  slow.tree.children = {worker_of<never_started>("never")};
  load(slow);
  load(app("shop"));
  const auto controller = whereis("application_controller");
  sim.node().send(controller, start_application{"slow"});
  sim.node().send(controller, start_application{"shop"});
  sim.run();
  EXPECT_EQ(running(), (names{"db", "mail", "slow"})) << "shop waits its turn";
  crash("mail.w");
  EXPECT_FALSE(whereis("application_controller"));
  EXPECT_EQ(sim.node().process_count(), 0u);
}

TEST_F(running_applications, one_that_is_starting_can_be_stopped) {
  auto slow = app("slow");
  slow.tree.children = {worker_of<never_started>("never")};
  load(slow);
  std::string heard;
  sim.node().spawn([&](process& self) -> behavior {
    self
      .request(self.node().whereis("application_controller"), 60s,
               start_application{"slow"})
      .then([&](const application_result& x) { heard = x.error; });
    return {[](int) {}};
  });
  sim.run();
  EXPECT_EQ(tell(stop_application{"slow"}).error, "");
  EXPECT_EQ(heard, "stopped");
  EXPECT_EQ(running(), (names{"db", "mail"}));
}

TEST_F(running_applications, as_many_starts_wait_as_allowed_and_not_one_more) {
  auto slow = app("slow");
  slow.tree.children = {worker_of<never_started>("never")};
  load(slow);
  std::vector<std::string> heard;
  sim.node().spawn([&](process& self) -> behavior {
    for (std::size_t i = 0; i < 2 + application_starts_max; ++i)
      self
        .request(self.node().whereis("application_controller"), 60s,
                 start_application{"slow"})
        .then([&](const application_result& x) { heard.push_back(x.error); });
    return {[](int) {}};
  });
  sim.run();
  EXPECT_EQ(heard, names{"busy"}) << "one starts, a hundred wait";
  sim.stop();
  EXPECT_EQ(heard.size(), 2 + application_starts_max) << "all are answered";
}

TEST_F(running_applications, as_many_are_known_as_allowed_and_not_one_more) {
  for (std::size_t i = 2; i < applications_max; ++i)
    ASSERT_EQ(load(app("app" + std::to_string(i))), "");
  EXPECT_EQ(load(app("one more")), "applications_max");
}

TEST_F(running_applications, a_change_of_its_values_is_told) {
  auto shop = app("shop");
  config_changes seen;
  shop.env = {{"currency", make_message("EUR")}, {"rate", make_message(2)}};
  shop.config_change = [&](node& where, const config_changes& what) {
    EXPECT_EQ(*get_env(where, "shop", "rate").value_if<int>(), 3);
    seen = what;
    if (!what.added.empty())
      throw std::runtime_error("no such value");
  };
  load(shop);
  tell(start_application{"shop"});
  EXPECT_EQ(tell(change_config{"shop", {{"rate", make_message(3)}}}).error, "");
  EXPECT_EQ(seen.changed, names{"rate"});
  EXPECT_EQ(seen.removed, names{"currency"});
  EXPECT_FALSE(get_env(sim.node(), "shop", "currency"));
  EXPECT_EQ(
    tell(change_config{"shop",
                       {{"rate", make_message(3)}, {"limit", make_message(1)}}})
      .error,
    "config_change: no such value");
  EXPECT_EQ(seen.added, names{"limit"});
  EXPECT_EQ(tell(change_config{"far", {}}).error, "not_loaded: far");
  tell(stop_application{"shop"});
  tell(start_application{"shop"});
  EXPECT_EQ(*get_env(sim.node(), "shop", "limit").value_if<int>(), 1)
    << "they stay while it is known";
}

} // namespace
} // namespace bennu::runtime
