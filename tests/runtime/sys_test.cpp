#include "runtime/sys.hpp"
#include "tests/runtime/process_fixture.hpp"

#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

struct open_account final : process {
  explicit open_account(int sum) : balance(sum) {}
  void handle_message(message& msg) override {
    if (const auto* sum = msg.value_if<int>())
      balance += *sum;
  }
  message visible_state() const override { return make_message(balance); }
  bool replace_state(const message& x) override {
    if (!x.holds<int>())
      return false;
    balance = *x.value_if<int>();
    return true;
  }
  int balance;
};

class sys_test : public process_test {
protected:
  pid account = node().spawn({}, std::in_place_type<open_account>, 10);
};

INSTANTIATE_TEST_SUITE_P(shards, sys_test, testing::Values(1, 2));

TEST_P(sys_test, get_state_shows_what_the_process_shows) {
  EXPECT_EQ(node().inspect<int>(account, sys::get_state()), 10);
}

TEST_P(sys_test, a_process_asks_without_waiting) {
  int seen_state = 0;
  in_process([&](process& self) {
    self.inspect(account, 5s, sys::get_state()).then([&](int x) {
      seen_state = x;
    });
  });
  EXPECT_EQ(seen_state, 10);
}

TEST_P(sys_test, what_shows_no_state_says_so) {
  exit_reason why;
  const auto shy = node().spawn(counter);
  in_process([&](process& self) {
    self.inspect(shy, 5s, sys::get_state())
      .then([](int) {}, [&](const exit_reason& x) { why = x; });
  });
  EXPECT_NE(why.detail().find("shows no state"), std::string::npos);
  EXPECT_TRUE(node().is_alive(shy));
}

TEST_P(sys_test, an_inspection_of_the_dead_is_noproc) {
  exit_reason why;
  node().exit(account, exit_reason::kill());
  sim.run();
  in_process([&](process& self) {
    self.inspect(account, 5s, sys::get_state())
      .then([](int) {}, [&](const exit_reason& x) { why = x; });
  });
  EXPECT_EQ(why, exit_reason::noproc());
  EXPECT_THROW(node().inspect(account, sys::get_state()), std::runtime_error);
}

TEST_P(sys_test, replace_state_changes_it_or_nothing) {
  node().inspect(account, sys::replace_state_with(99));
  EXPECT_EQ(node().inspect<int>(account, sys::get_state()), 99);
  EXPECT_THROW(
    node().inspect(account, sys::replace_state_with(std::string("x"))),
    std::runtime_error);
  EXPECT_EQ(node().inspect<int>(account, sys::get_state()), 99);
}

TEST_P(sys_test, a_suspended_process_keeps_its_messages_for_later) {
  EXPECT_TRUE(node().inspect<bool>(account, sys::suspend()));
  EXPECT_FALSE(node().inspect<bool>(account, sys::suspend()));
  node().send(account, 5);
  sim.run();
  EXPECT_EQ(node().inspect<int>(account, sys::get_state()), 10);
  EXPECT_EQ(node().info(account)->status, process_status::suspended);
  EXPECT_EQ(node().info(account)->message_queue_len, 1u);
  EXPECT_TRUE(node().inspect<bool>(account, sys::resume()));
  EXPECT_FALSE(node().inspect<bool>(account, sys::resume()));
  sim.run();
  EXPECT_EQ(node().inspect<int>(account, sys::get_state()), 15);
  EXPECT_EQ(node().info(account)->status, process_status::waiting);
}

TEST_P(sys_test, an_exit_signal_ends_a_suspended_process) {
  node().inspect(account, sys::suspend());
  node().send(account, 5);
  node().exit(account, exit_reason::shutdown());
  sim.run();
  EXPECT_FALSE(node().is_alive(account));
}

TEST_P(sys_test, a_trace_sees_what_comes_and_what_goes) {
  std::vector<std::string> events;
  const auto server = node().spawn(counter);
  node().inspect(server, sys::trace([&](const sys::event& x) {
                   events.push_back(
                     (x.what == sys::event::kind::in ? "in " : "out ")
                     + x.content.render());
                 }));
  sim.call<int>(server, get{});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_NE(events[0].find("get"), std::string::npos);
  EXPECT_EQ(events[1], "out 0");
  node().inspect(server, sys::trace({}));
  sim.call<int>(server, get{});
  EXPECT_EQ(events.size(), 2u);
}

TEST_P(sys_test, a_trace_sees_children_links_and_the_end) {
  std::vector<std::string> events;
  pid child;
  const auto parent = node().spawn([&child](process& self) -> behavior {
    return {[&self, &child](int step) {
      if (step == 0)
        child =
          self.spawn_link([](process&) -> behavior { return {[](int) {}}; });
      else if (step == 1)
        self.unlink(child);
      else if (step == 2)
        self.link(child);
      else
        self.stop(exit_reason::shutdown("enough"));
    }};
  });
  sim.run();
  node().inspect(parent, sys::trace([&events](const sys::event& x) {
                   if (x.what != sys::event::kind::in)
                     events.push_back(to_string(x));
                 }));
  for (int step = 0; step < 4; ++step) {
    node().send(parent, step);
    sim.run();
  }
  const auto who = to_string(parent);
  const auto other = to_string(child);
  EXPECT_EQ(events,
            (std::vector<std::string>{
              who + " spawned " + other, who + " is unlinked from " + other,
              who + " is linked to " + other,
              who + " ended: " + to_string(exit_reason::shutdown("enough"))}));
}

TEST_P(sys_test, a_trace_sees_who_links_to_the_process) {
  std::vector<std::string> events;
  node().inspect(account, sys::trace([&events](const sys::event& x) {
                   events.push_back(to_string(x));
                 }));
  const auto other = node().spawn([this](process& self) -> behavior {
    self.link(account);
    self.unlink(account);
    return {[](int) {}};
  });
  sim.run();
  node().inspect(account, sys::trace({}));
  EXPECT_EQ(events,
            (std::vector<std::string>{
              to_string(account) + " is linked to " + to_string(other),
              to_string(account) + " is unlinked from " + to_string(other)}));
}

TEST_P(sys_test, a_trace_that_throws_at_the_end_is_logged_and_harms_nobody) {
  node().inspect(account, sys::trace([](const sys::event&) {
                   throw std::runtime_error("no more room");
                 }));
  node().exit(account, exit_reason::shutdown());
  sim.run();
  EXPECT_FALSE(node().is_alive(account));
  ASSERT_FALSE(logged.empty());
  EXPECT_NE(logged[0].find("no more room"), std::string::npos);
}

TEST_P(sys_test, a_trace_to_the_log_is_readable) {
  node().inspect(account, sys::trace_to_log());
  in_process([&](process& self) { self.send(account, 5); });
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_EQ(logged[0].find("trace: " + to_string(account) + " got 5 from <"),
            0u);
}

TEST_P(sys_test, a_log_keeps_the_last_events) {
  node().inspect(account, sys::log(2));
  for (int i = 0; i < 5; ++i)
    node().send(account, i);
  sim.run();
  const auto kept =
    node().inspect<std::vector<sys::event>>(account, sys::get_log());
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].content.render(), "3");
  EXPECT_EQ(kept[1].content.render(), "4");
}

TEST_P(sys_test, statistics_count_from_when_they_were_asked_for) {
  node().send(account, 1);
  sim.run();
  EXPECT_THROW(node().inspect(account, sys::get_statistics()),
               std::runtime_error);
  node().inspect(account, sys::statistics(true));
  node().send(account, 2);
  node().send(account, 3);
  sim.advance(2s);
  const auto found =
    node().inspect<sys::statistics_info>(account, sys::get_statistics());
  EXPECT_EQ(found.messages_in, 2u);
  EXPECT_EQ(found.messages_out, 0u);
  EXPECT_EQ(found.reductions, 2u);
  EXPECT_EQ(found.running_for, 2s);
}

TEST_P(sys_test, get_status_shows_info_and_state) {
  const auto found = node().inspect<sys::status>(account, sys::get_status());
  EXPECT_EQ(found.info.id, account);
  EXPECT_EQ(found.state, "10");
}

// -- process_info --

TEST_P(sys_test, info_shows_everything_a_process_has) {
  pid mine;
  const auto other = node().spawn(counter);
  mine = in_process([&](process& self) {
    self.set_label("the busy one");
    self.put("color", make_message(std::string("red")));
    self.register_name("busy");
    self.priority(priority_level::high);
    self.trap_exit(true);
    self.link(other);
    self.monitor(account);
  });
  node().inspect(mine, sys::suspend());
  node().send(mine, std::string("wait"), 1);
  sim.run();
  const auto info = node().info(mine).value();
  EXPECT_EQ(info.label, "the busy one");
  EXPECT_EQ(info.registered_name, "busy");
  EXPECT_EQ(info.dictionary, (decltype(info.dictionary){{"color", "\"red\""}}));
  EXPECT_EQ(info.priority, priority_level::high);
  EXPECT_TRUE(info.trap_exit);
  EXPECT_EQ(info.links, std::vector{other});
  EXPECT_EQ(info.monitors, std::vector{account});
  EXPECT_EQ(info.messages, (std::vector<std::string>{"(\"wait\", 1)"}));
  EXPECT_EQ(info.home_shard, mine.shard());
  EXPECT_EQ(node().info(account)->monitored_by, std::vector{mine});
  EXPECT_EQ(node().info(account)->initial_call.substr(
              node().info(account)->initial_call.size() - 12),
            "open_account");
}

TEST_P(sys_test, info_shows_the_oldest_messages_only) {
  node().inspect(account, sys::suspend());
  for (int i = 0; i < 100; ++i)
    node().send(account, i);
  sim.run();
  const auto info = node().info(account).value();
  EXPECT_EQ(info.message_queue_len, 100u);
  EXPECT_EQ(info.messages.size(), process_info::mailbox_max);
  EXPECT_EQ(info.messages.front(), "0");
}

TEST_P(sys_test, a_process_sees_what_it_is_doing) {
  process_info found;
  in_process([&](process& self) {
    self.info(self.self()).then([&](const process_info& x) { found = x; });
  });
  in_process([&](process& self) {
    self.info(account).then([&](const process_info& x) {
      EXPECT_EQ(x.status, process_status::waiting);
    });
  });
  EXPECT_NE(found.id, pid{});
}

TEST_P(sys_test, ancestors_are_the_living_line_of_parents) {
  pid child;
  pid grandchild;
  const auto top = in_process([&](process& self) {
    child = self.spawn_link([&](process& me) -> behavior {
      grandchild = me.spawn_link(counter);
      return {[](int) {}};
    });
  });
  EXPECT_EQ(node().ancestors(grandchild), (std::vector{child, top}));
  EXPECT_TRUE(node().ancestors(top).empty());
}

TEST_P(sys_test, hibernation_gives_memory_back) {
  process* self = nullptr;
  const auto id = in_process([&](process& me) { self = &me; });
  std::vector<pid> others;
  for (int i = 0; i < 100; ++i)
    others.push_back(node().spawn(counter));
  tell(id, [&] {
    for (const auto& x : others)
      self->link(x);
    self->put("k", make_message(1));
  });
  tell(id, [&] {
    for (const auto& x : others)
      self->unlink(x);
    self->link(others[0]);
    self->erase("k");
  });
  const auto before = node().info(id)->memory;
  tell(id, [&] { self->hibernate(); });
  EXPECT_LT(node().info(id)->memory, before);
  EXPECT_EQ(node().info(id)->links, std::vector{others[0]});
}

} // namespace
} // namespace bennu::runtime
