#include "runtime/dynamic_supervisor.hpp"
#include "tests/runtime/supervisor_fixture.hpp"

#include <gtest/gtest.h>

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

} // namespace
} // namespace bennu::runtime
