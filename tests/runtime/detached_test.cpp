#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/testing/sim_node.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

struct asked {};
struct block {};

/// Holds up whoever waits until it is opened.
struct barrier {
  std::promise<void> arrived;
  std::promise<void> open;
  std::shared_future<void> opened{open.get_future()};

  void wait() {
    arrived.set_value();
    opened.wait();
  }
};

behavior meets_others(process& self, std::shared_ptr<barrier> at) {
  const auto handled = std::make_shared<int>(0);
  return {
    [=](block) { at->wait(); },
    [=](asked) { return ++*handled; },
    [=](std::shared_ptr<std::promise<std::thread::id>> where) {
      where->set_value(std::this_thread::get_id());
    },
    [&self](std::string) { self.stop(); },
  };
}

pid spawn_detached(node& node, std::shared_ptr<barrier> at = {}) {
  return node.spawn({.detached = true}, std::in_place_type<function_process>,
                    detail::bind_body(meets_others, std::move(at)));
}

std::thread::id thread_of(node& node, const pid& id) {
  auto where = std::make_shared<std::promise<std::thread::id>>();
  node.send(id, where);
  return where->get_future().get();
}

TEST(detached, it_has_a_thread_of_its_own_and_is_no_shard) {
  node node{{.shards = 1}};
  const auto one = spawn_detached(node);
  const auto two = spawn_detached(node);
  EXPECT_NE(thread_of(node, one), thread_of(node, two));
  EXPECT_EQ(node.call<int>(one, asked{}), 1);
  EXPECT_EQ(node.shard_count(), 1u);
}

TEST(detached, a_handler_that_blocks_holds_up_nobody_else) {
  node node{{.shards = 1}};
  const auto at = std::make_shared<barrier>();
  const auto id = spawn_detached(node, at);
  node.send(id, block{});
  at->arrived.get_future().wait();
  EXPECT_EQ(node.call<int>(node.spawn(meets_others, nullptr), asked{}), 1);
  at->open.set_value();
  EXPECT_EQ(node.call<int>(id, asked{}), 1);
}

TEST(detached, what_it_sends_before_it_blocks_arrives) {
  node node{{.shards = 1}};
  const auto at = std::make_shared<barrier>();
  std::promise<void> heard;
  const auto other = node.spawn(
    [&](process&) -> behavior { return {[&](int) { heard.set_value(); }}; });
  node.spawn({.detached = true}, std::in_place_type<function_process>,
             [&, at](process& self) -> behavior {
               self.send(other, 1);
               at->wait();
               return {};
             });
  heard.get_future().wait();
  at->open.set_value();
}

TEST(detached, links_monitors_names_and_timers_work) {
  node node{{.shards = 2}};
  std::promise<exit_reason> down;
  std::promise<exit_reason> exit;
  std::promise<void> tick;
  node.spawn([&](process& self) -> behavior {
    self.trap_exit(true);
    const auto id = self.spawn(
      {.name = "lone", .detached = true}, std::in_place_type<function_process>,
      [](process& lone) -> behavior {
        lone.send_after(1ms, asked{});
        return {[&](asked) { lone.send(lone.sender(), 0); },
                [&](const pid& to) { lone.send_after(1ms, to, 7); },
                [](block) { throw std::runtime_error("boom"); }};
      });
    self.link(id);
    self.monitor(id);
    self.send(id, self.self());
    return {[&](int) {
              tick.set_value();
              self.send("lone", block{});
            },
            [&](const down_message& x) { down.set_value(x.reason); },
            [&](const exit_message& x) { exit.set_value(x.reason); }};
  });
  tick.get_future().wait();
  EXPECT_EQ(down.get_future().get(), exit_reason::error("boom"));
  EXPECT_EQ(exit.get_future().get(), exit_reason::error("boom"));
  EXPECT_FALSE(node.whereis("lone"));
}

TEST(detached, it_may_call_another_process) {
  node node{{.shards = 1}};
  const auto other = node.spawn(meets_others, nullptr);
  std::promise<int> answer;
  node.spawn({.detached = true}, std::in_place_type<function_process>,
             [&](process& self) -> behavior {
               answer.set_value(self.node().call<int>(other, asked{}));
               return {};
             });
  EXPECT_EQ(answer.get_future().get(), 1);
}

TEST(detached, what_it_spawns_lives_on_the_nodes_shards) {
  node node{{.shards = 1}};
  std::promise<pid> child;
  node.spawn({.detached = true}, std::in_place_type<function_process>,
             [&](process& self) -> behavior {
               child.set_value(self.spawn(meets_others, nullptr));
               return {};
             });
  EXPECT_EQ(child.get_future().get().shard(), 0u);
}

TEST(detached, one_past_the_limit_fails_and_an_end_makes_room) {
  node node{{.shards = 1, .detached_max = 2}};
  std::promise<void> gone;
  const auto first = spawn_detached(node);
  spawn_detached(node);
  EXPECT_THROW(spawn_detached(node), std::runtime_error);
  node.spawn([&](process& self) -> behavior {
    self.monitor(first);
    self.send(first, std::string{"stop"});
    return {[&](const down_message&) { gone.set_value(); }};
  });
  gone.get_future().wait();
  // Its thread is free a moment after the down_message.
  for (;;)
    try {
      EXPECT_EQ(node.call<int>(spawn_detached(node), asked{}), 1);
      break;
    } catch (const std::runtime_error&) {
    }
}

TEST(detached, observers_see_it_while_it_blocks) {
  node node{{.shards = 1}};
  const auto at = std::make_shared<barrier>();
  const auto id = spawn_detached(node, at);
  EXPECT_NE(node.info(id)->status, process_status::running);
  node.send(id, block{});
  at->arrived.get_future().wait();
  EXPECT_EQ(node.process_count(), 1u);
  EXPECT_EQ(node.processes({}, 10), std::vector{id});
  EXPECT_EQ(node.info(id)->status, process_status::running);
  EXPECT_TRUE(node.peek_mailbox(id, 10).empty());
  at->open.set_value();
}

TEST(detached, a_child_of_a_tree_may_be_detached) {
  node node{{.shards = 1}};
  auto child =
    runtime::worker("lone", meets_others, std::shared_ptr<barrier>{});
  child.how.detached = true;
  ASSERT_FALSE(node.start(one_for_one("top", {}, child)));
  EXPECT_EQ(node.call<int>(node.whereis("lone"), asked{}), 1);
  EXPECT_EQ(node.stop(), exit_reason::shutdown());
}

TEST(detached, a_handler_that_never_returns_does_not_hold_the_node) {
  log_to([](log_level, std::string_view) {});
  const auto at = std::make_shared<barrier>();
  {
    node node{{.shards = 1,
               .blocked_timeout = 20ms,
               .stop_timeout = std::chrono::milliseconds{20}}};
    auto child = runtime::worker("lone", meets_others, at);
    child.how.detached = true;
    child.shutdown = shutdown_policy::after(1ms);
    ASSERT_FALSE(node.start(one_for_one("top", {}, child)));
    node.send(node.whereis("lone"), block{});
    at->arrived.get_future().wait();
    EXPECT_EQ(node.stop(), exit_reason::killed());
  }
  log_to({});
  at->open.set_value();
}

TEST(detached, private_file_tables_do_not_matter) {
  node node{{.shards = 2, .private_files = true}};
  EXPECT_EQ(node.call<int>(spawn_detached(node), asked{}), 1);
}

TEST(detached, a_simulated_node_steps_it_as_any_other) {
  sim_node sim{{.shards = 1}};
  const auto id = spawn_detached(sim.node());
  EXPECT_EQ(sim.call<int>(id, asked{}), 1);
  EXPECT_EQ(sim.node().process_count(), 1u);
}

} // namespace
} // namespace bennu::runtime
