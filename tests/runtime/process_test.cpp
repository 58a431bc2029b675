#include "runtime/process.hpp"
#include "tests/runtime/process_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

// One shard: everything is direct; two: every other process is remote.
INSTANTIATE_TEST_SUITE_P(shards, process_test, testing::Values(1, 2));

TEST_P(process_test, a_message_finds_the_handler_of_its_types) {
  const auto id = node().spawn(counter);
  node().send(id, add{}, 2);
  node().send(id, add{}, 40);
  EXPECT_EQ(sim.call<int>(id, get{}), 42);
}

TEST_P(process_test, a_send_to_the_dead_is_dropped) {
  const auto id = node().spawn([](process&) { return behavior{}; });
  sim.run();
  EXPECT_FALSE(node().is_alive(id));
  node().send(id, add{}, 1);
  sim.run();
  EXPECT_EQ(node().process_count(), 0u);
}

TEST_P(process_test, a_pid_never_reaches_a_successor_in_its_slot) {
  const auto first =
    node().spawn({.shard = 0}, std::in_place_type<function_process>,
                 detail::bind_body(counter));
  sim.run();
  node().exit(first, exit_reason::kill());
  sim.run();
  const auto second =
    node().spawn({.shard = 0}, std::in_place_type<function_process>,
                 detail::bind_body(counter));
  ASSERT_EQ(first.slot, second.slot);
  ASSERT_NE(first.serial, second.serial);
  node().send(first, add{}, 1);
  EXPECT_EQ(sim.call<int>(second, get{}), 0);
}

TEST_P(process_test, an_unexpected_message_is_logged_and_harms_nobody) {
  const auto id = node().spawn(counter);
  node().send(id, std::string("what?"));
  sim.run();
  EXPECT_TRUE(node().is_alive(id));
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_NE(logged[0].find("unexpected message"), std::string::npos);
}

TEST_P(process_test, a_throw_ends_the_process_with_its_reason) {
  pid target;
  in_process([&](process& self) {
    const auto started = self.spawn_monitor(counter);
    target = started.id;
  });
  node().send(target, crash{});
  sim.run();
  ASSERT_EQ(seen.downs.size(), 1u);
  EXPECT_EQ(seen.downs[0].from, target);
  EXPECT_EQ(seen.downs[0].reason, exit_reason::error("boom"));
  EXPECT_FALSE(node().is_alive(target));
}

TEST_P(process_test, a_throw_in_init_is_the_reason_too) {
  in_process([&](process& self) {
    self.spawn_monitor(
      [](process&) -> behavior { throw std::runtime_error("no database"); });
  });
  ASSERT_EQ(seen.downs.size(), 1u);
  EXPECT_EQ(seen.downs[0].reason, exit_reason::error("no database"));
}

TEST_P(process_test, an_abnormal_end_takes_linked_processes_along) {
  pid middle;
  pid end;
  node().spawn([&](process& self) {
    middle = self.spawn_link([&](process& mid) {
      end = mid.spawn_link(counter);
      return counter(mid);
    });
    return counter(self);
  });
  sim.run();
  EXPECT_EQ(node().process_count(), 3u);
  node().exit(middle, exit_reason::error("x"));
  sim.run();
  EXPECT_EQ(node().process_count(), 0u);
}

TEST_P(process_test, a_normal_end_leaves_linked_processes_alone) {
  pid other;
  const auto id = in_process(
    [&](process& self) { other = self.spawn_link(seen.body(false)); });
  node().send(other, leave{});
  sim.run();
  EXPECT_FALSE(node().is_alive(other));
  EXPECT_TRUE(node().is_alive(id));
}

TEST_P(process_test, a_trapped_exit_is_a_message) {
  pid other;
  const auto id =
    in_process([&](process& self) { other = self.spawn_link(counter); }, true);
  node().send(other, crash{});
  sim.run();
  EXPECT_TRUE(node().is_alive(id));
  ASSERT_EQ(seen.exits.size(), 1u);
  EXPECT_EQ(seen.exits[0].from, other);
  EXPECT_EQ(seen.exits[0].reason, exit_reason::error("boom"));
}

TEST_P(process_test, kill_cannot_be_trapped_and_becomes_killed) {
  pid victim;
  in_process(
    [&](process& self) { victim = self.spawn_monitor(seen.body(true)).id; });
  node().exit(victim, exit_reason::kill());
  sim.run();
  ASSERT_EQ(seen.downs.size(), 1u);
  EXPECT_EQ(seen.downs[0].reason, exit_reason::killed());
}

TEST_P(process_test, kill_over_a_link_can_be_trapped_and_stays_kill) {
  const auto id = in_process(
    [&](process& self) {
      self.spawn_link(
        [](process& other) -> behavior { other.exit(exit_reason::kill()); });
    },
    true);
  EXPECT_TRUE(node().is_alive(id));
  ASSERT_EQ(seen.exits.size(), 1u);
  EXPECT_EQ(seen.exits[0].reason, exit_reason::kill());
}

TEST_P(process_test, exit_normal_from_another_is_ignored) {
  pid other;
  const auto id = in_process([&](process& self) {
    other = self.spawn(seen.body(false));
    self.exit(other, exit_reason::normal());
  });
  EXPECT_TRUE(node().is_alive(other));
  EXPECT_TRUE(node().is_alive(id));
}

TEST_P(process_test, exit_normal_to_itself_ends_a_process) {
  const auto id = in_process(
    [](process& self) { self.exit(self.self(), exit_reason::normal()); });
  EXPECT_FALSE(node().is_alive(id));
}

TEST_P(process_test, an_exit_signal_acts_before_queued_messages) {
  pid target;
  in_process([&](process& self) {
    target = self.spawn(seen.body(false));
    for (int i = 0; i < 100; ++i)
      self.send(target, std::string("late"));
    self.exit(target, exit_reason::shutdown());
  });
  EXPECT_FALSE(node().is_alive(target));
  EXPECT_TRUE(seen.notes.empty());
}

TEST_P(process_test, messages_of_one_sender_keep_their_order) {
  in_process([&](process& self) {
    const auto target = self.spawn(seen.body(false));
    for (int i = 0; i < 500; ++i)
      self.send(target, std::to_string(i));
  });
  ASSERT_EQ(seen.notes.size(), 500u);
  for (int i = 0; i < 500; ++i)
    EXPECT_EQ(seen.notes[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_P(process_test, linking_the_dead_sends_noproc) {
  pid dead = node().spawn([](process&) { return behavior{}; });
  sim.run();
  in_process([&](process& self) { self.link(dead); }, true);
  ASSERT_EQ(seen.exits.size(), 1u);
  EXPECT_EQ(seen.exits[0].from, dead);
  EXPECT_EQ(seen.exits[0].reason, exit_reason::noproc());
}

TEST_P(process_test, no_exit_comes_over_a_link_that_was_taken_off) {
  pid other;
  const auto id = in_process([&](process& self) {
    other = self.spawn_link(counter);
    self.unlink(other);
  });
  node().send(other, crash{});
  sim.run();
  EXPECT_TRUE(node().is_alive(id));
}

TEST_P(process_test, monitoring_the_dead_gives_noproc_at_once) {
  pid dead = node().spawn([](process&) { return behavior{}; });
  sim.run();
  monitor_ref ref = 0;
  in_process([&](process& self) { ref = self.monitor(dead); });
  ASSERT_EQ(seen.downs.size(), 1u);
  EXPECT_EQ(seen.downs[0].ref, ref);
  EXPECT_EQ(seen.downs[0].reason, exit_reason::noproc());
}

TEST_P(process_test, each_monitor_fires_once_with_its_own_reference) {
  std::vector<monitor_ref> refs;
  pid target;
  in_process([&](process& self) {
    target = self.spawn(counter);
    refs = {self.monitor(target), self.monitor(target)};
  });
  node().send(target, crash{});
  sim.run();
  ASSERT_EQ(seen.downs.size(), 2u);
  EXPECT_EQ(seen.downs[0].ref + seen.downs[1].ref, refs[0] + refs[1]);
  EXPECT_NE(seen.downs[0].ref, seen.downs[1].ref);
}

TEST_P(process_test, a_monitor_taken_off_never_fires) {
  pid target;
  bool was_there = false;
  in_process([&](process& self) {
    target = self.spawn(counter);
    was_there = self.demonitor(self.monitor(target));
  });
  node().send(target, crash{});
  sim.run();
  EXPECT_TRUE(was_there);
  EXPECT_TRUE(seen.downs.empty());
}

TEST_P(process_test, demonitor_flushes_a_queued_down) {
  pid dead = node().spawn([](process&) { return behavior{}; });
  sim.run();
  process* me = nullptr;
  monitor_ref ref = 0;
  const auto id = in_process([&](process& self) { me = &self; });
  tell(id, [&] {
    ref = me->monitor(dead);
    // On one shard the down_message is queued by now.
    me->demonitor(ref);
  });
  EXPECT_TRUE(seen.downs.empty());
}

TEST_P(process_test, stop_ends_after_the_running_handler) {
  const auto id = in_process([&](process& self) {
    self.stop();
    seen.notes.emplace_back("still here");
  });
  EXPECT_EQ(seen.notes.size(), 1u);
  EXPECT_FALSE(node().is_alive(id));
}

// -- names --

TEST_P(process_test, a_name_is_free_again_when_its_owner_dies) {
  const auto id = node().spawn(counter);
  sim.run();
  ASSERT_TRUE(node().register_name("counter", id));
  EXPECT_FALSE(node().register_name("counter", node().spawn(counter)));
  EXPECT_EQ(node().whereis("counter"), id);
  node().exit(id, exit_reason::kill());
  sim.run();
  EXPECT_FALSE(node().whereis("counter"));
}

TEST_P(process_test, a_name_is_free_before_links_and_monitors_fire) {
  std::vector<bool> was_free;
  const auto id = node().spawn([&](process& self) -> behavior {
    self.trap_exit(true);
    const auto named =
      self.spawn({.name = "unique"}, std::in_place_type<function_process>,
                 detail::bind_body(counter));
    self.link(named);
    self.monitor(named);
    const auto look = [&] {
      was_free.push_back(!self.node().whereis("unique"));
    };
    return {[look](const exit_message&) { look(); },
            [look](const down_message&) { look(); }};
  });
  sim.run();
  node().exit(node().whereis("unique"), exit_reason::error("x"));
  sim.run();
  EXPECT_EQ(was_free, (std::vector{true, true}));
  EXPECT_TRUE(node().is_alive(id));
}

TEST_P(process_test, a_taken_name_fails_the_start) {
  std::vector<exit_reason> why;
  node().spawn([&](process& self) -> behavior {
    self.trap_exit(true);
    for (int i = 0; i < 2; ++i) {
      auto maker =
        detail::make_maker<function_process>(detail::bind_body(counter));
      self.spawn_maker(maker, {.name = "one"}, process::relation::link);
    }
    return {[&](const exit_message& x) { why.push_back(x.reason); }};
  });
  sim.run();
  ASSERT_EQ(why.size(), 1u);
  EXPECT_NE(why[0].detail().find("the name one is taken"), std::string::npos);
}

TEST_P(process_test, a_send_to_an_unknown_name_says_so) {
  bool sent = true;
  in_process([&](process& self) { sent = self.send("nobody", add{}, 1); });
  EXPECT_FALSE(sent);
}

// -- requests --

TEST_P(process_test, a_request_to_one_that_dies_fails_with_its_reason) {
  exit_reason why;
  in_process([&](process& self) {
    const auto other = self.spawn(counter);
    self.request(other, std::chrono::seconds{5}, crash{})
      .then([](int) {}, [&](const exit_reason& x) { why = x; });
  });
  EXPECT_EQ(why, exit_reason::error("boom"));
}

TEST_P(process_test, a_request_without_an_answer_times_out_once) {
  int failures = 0;
  int answers = 0;
  process* slow = nullptr;
  reply_to pending;
  const auto other = node().spawn([&](process& self) -> behavior {
    slow = &self;
    return {[&](get) { pending = self.take_reply_to(); },
            [](const std::function<void()>& f) { f(); }};
  });
  in_process([&](process& self) {
    self.request(other, std::chrono::seconds{5}, get{})
      .then([&](int) { ++answers; },
            [&](const exit_reason& x) {
              EXPECT_EQ(x, exit_reason::timeout());
              ++failures;
            });
  });
  sim.advance(std::chrono::milliseconds{4999});
  EXPECT_EQ(failures, 0);
  sim.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(failures, 1);
  tell(other, [&] { slow->reply(pending, 7); });
  sim.advance(std::chrono::seconds{10});
  EXPECT_EQ(answers, 0) << "a late answer is dropped";
  EXPECT_EQ(failures, 1);
}

// -- timers --

TEST_P(process_test, send_after_fires_at_its_time_and_never_early) {
  in_process([&](process& self) {
    self.send_after(std::chrono::milliseconds{10}, std::string("ten"));
    self.send_after(std::chrono::milliseconds{5}, std::string("five"));
  });
  sim.advance(std::chrono::milliseconds{4});
  EXPECT_TRUE(seen.notes.empty());
  sim.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(seen.notes, (std::vector<std::string>{"five"}));
  sim.advance(std::chrono::hours{1});
  EXPECT_EQ(seen.notes, (std::vector<std::string>{"five", "ten"}));
}

TEST_P(process_test, a_cancelled_timer_sends_nothing) {
  bool first = false;
  bool second = true;
  in_process([&](process& self) {
    const auto ref =
      self.send_after(std::chrono::seconds{1}, std::string("never"));
    first = self.cancel_timer(ref).has_value();
    second = self.cancel_timer(ref).has_value();
  });
  sim.advance(std::chrono::seconds{2});
  EXPECT_TRUE(first);
  EXPECT_FALSE(second);
  EXPECT_TRUE(seen.notes.empty());
}

// -- looking in --

TEST_P(process_test, info_tells_what_a_process_is_at) {
  const auto id = node().spawn(counter);
  sim.run();
  node().register_name("counter", id);
  node().send(id, add{}, 1);
  node().send(id, add{}, 1);
  sim.run();
  const auto info = node().info(id);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->registered_name, "counter");
  EXPECT_EQ(info->message_queue_len, 0u);
  EXPECT_EQ(info->reductions, 2u);
  EXPECT_LE(info->memory, 320u) << "an idle process stays small";
}

TEST_P(process_test, a_full_mailbox_kills_when_told_to) {
  const auto id = in_process([](process& self) {
    self.limit_mailbox(3, process::mailbox_policy::kill);
  });
  const auto fill = [&](int count) {
    node().run_on(id.shard(), [&] {
      for (int i = 0; i < count; ++i)
        node().send(id, std::string("x"));
    });
    sim.run();
  };
  fill(3);
  EXPECT_TRUE(node().is_alive(id));
  EXPECT_EQ(seen.notes.size(), 3u);
  fill(4);
  EXPECT_FALSE(node().is_alive(id));
  EXPECT_EQ(seen.notes.size(), 3u);
}

TEST_P(process_test, a_full_mailbox_drops_and_reports_once_when_told_to) {
  const auto id = in_process([](process& self) {
    self.limit_mailbox(3, process::mailbox_policy::report);
  });
  node().run_on(id.shard(), [&] {
    for (int i = 0; i < 10; ++i)
      node().send(id, std::string("x"));
  });
  sim.run();
  EXPECT_TRUE(node().is_alive(id));
  EXPECT_EQ(seen.notes.size(), 3u);
  EXPECT_EQ(logged.size(), 1u);
}

TEST_P(process_test, the_dictionary_keeps_what_is_put) {
  in_process([](process& self) {
    self.put("colour", make_message(7));
    EXPECT_EQ(*self.get("colour").value_if<int>(), 7);
    EXPECT_EQ(*self.erase("colour").value_if<int>(), 7);
    EXPECT_FALSE(self.get("colour"));
  });
}

TEST_P(process_test, a_label_that_was_set_is_what_observers_see) {
  const auto id =
    in_process([](process& self) { self.set_label("room lobby"); });
  EXPECT_EQ(node().info(id)->label, "room lobby");
}

TEST_P(process_test, info_lists_links_and_monitors) {
  pid linked;
  pid watched;
  const auto id = in_process([&](process& self) {
    linked = self.spawn_link(counter);
    watched = self.spawn_monitor(counter).id;
  });
  EXPECT_EQ(node().info(id)->links, std::vector{linked});
  EXPECT_EQ(node().info(id)->monitors, std::vector{watched});
  EXPECT_EQ(node().info(watched)->monitored_by, std::vector{id});
  EXPECT_EQ(node().info(linked)->parent, id);
}

TEST_P(process_test, processes_are_listed_page_by_page) {
  std::vector<pid> all;
  for (int i = 0; i < 100; ++i)
    all.push_back(node().spawn(counter));
  sim.run();
  std::sort(all.begin(), all.end());
  std::vector<pid> seen_ids;
  pid last;
  for (;;) {
    const auto page = node().processes(last, 7);
    EXPECT_LE(page.size(), 7u);
    if (page.empty())
      break;
    seen_ids.insert(seen_ids.end(), page.begin(), page.end());
    last = page.back();
  }
  EXPECT_EQ(seen_ids, all);
}

TEST_P(process_test, a_chain_of_links_ends_without_recursion) {
  constexpr int length = 100'000;
  pid last;
  std::function<behavior(process&, int)> grow = [&](process& self,
                                                    int left) -> behavior {
    last = self.self();
    if (left > 0)
      self.spawn_link(grow, left - 1);
    return {[](int) {}};
  };
  node().spawn(grow, length);
  sim.run();
  EXPECT_EQ(node().process_count(), length + 1u);
  node().exit(last, exit_reason::error("pulled"));
  sim.run();
  EXPECT_EQ(node().process_count(), 0u);
}

} // namespace
} // namespace bennu::runtime
