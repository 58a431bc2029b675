// A process's timers beyond send_after to a pid, which process_test covers.
#include "runtime/process.hpp"
#include "tests/runtime/process_fixture.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

behavior quiet(process&) {
  return {[](message&) {}};
}

class timers_test : public process_test {
protected:
  /// A process that notes ints and timeouts; `seen` stays what tells.
  std::vector<int> ints;
  std::vector<timeout_message> timeouts;
  process* self = nullptr;

  pid start(std::function<void()> first) {
    const auto id = node().spawn([=, this](process& me) -> behavior {
      self = &me;
      first();
      return {[this](int x) { ints.push_back(x); },
              [this](const timeout_message& x) { timeouts.push_back(x); },
              [](const std::function<void()>& f) { f(); }};
    });
    sim.run();
    return id;
  }
};

INSTANTIATE_TEST_SUITE_P(shards, timers_test, testing::Values(1, 2));

TEST_P(timers_test, a_name_is_looked_up_when_the_time_has_come) {
  in_process([](process& me) {
    me.send_after(10ms, named{"later"}, std::string("hello"));
    me.send_after(10ms, named{"nobody"}, std::string("lost"));
  });
  in_process([](process& me) { me.register_name("later"); });
  sim.advance(10ms);
  EXPECT_EQ(seen.notes, (std::vector<std::string>{"hello"}));
}

TEST_P(timers_test, start_timer_sends_its_reference_along) {
  timer_ref ref = 0;
  start([&] { ref = self->start_timer(10ms, std::string("tea")); });
  sim.advance(10ms);
  ASSERT_EQ(timeouts.size(), 1u);
  EXPECT_EQ(timeouts[0].ref, ref);
  EXPECT_EQ(*timeouts[0].content.value_if<std::string>(), "tea");
}

TEST_P(timers_test, read_and_cancel_tell_what_is_left) {
  timer_ref ref = 0;
  std::optional<duration> read;
  std::optional<duration> cancelled;
  std::optional<duration> again;
  const auto id = start([&] { ref = self->send_after(10ms, 1); });
  sim.advance(4ms);
  tell(id, [&] {
    read = self->read_timer(ref);
    cancelled = self->cancel_timer(ref);
    again = self->read_timer(ref);
  });
  EXPECT_EQ(read, 6ms);
  EXPECT_EQ(cancelled, 6ms);
  EXPECT_FALSE(again);
  sim.advance(1s);
  EXPECT_TRUE(ints.empty());
}

TEST_P(timers_test, an_interval_does_not_drift_and_ends_by_cancel) {
  timer_ref ref = 0;
  const auto id = start([&] { ref = self->send_interval(10ms, 7); });
  sim.advance(35ms);
  EXPECT_EQ(ints.size(), 3u);
  std::optional<duration> left;
  tell(id, [&] { left = self->cancel_timer(ref); });
  EXPECT_EQ(left, 5ms);
  sim.advance(1s);
  EXPECT_EQ(ints.size(), 3u);
}

TEST_P(timers_test, an_interval_ends_with_its_process) {
  const auto id = start([&] { self->send_interval(10ms, 7); });
  node().exit(id, exit_reason::kill());
  sim.advance(1s);
  EXPECT_TRUE(ints.empty());
  EXPECT_EQ(node().process_count(), 0u);
}

TEST_P(timers_test, an_interval_below_the_tick_is_the_tick) {
  start([&] { self->send_interval(0ms, 7); });
  sim.advance(5ms);
  EXPECT_EQ(ints.size(), 5u);
}

TEST_P(timers_test, an_absolute_time_is_met) {
  const auto when = sim.now() + 1h;
  start([&] { self->send_after(self->until(when), 1); });
  sim.advance(1h - 1ms);
  EXPECT_TRUE(ints.empty());
  sim.advance(1ms);
  EXPECT_EQ(ints, std::vector{1});
}

TEST_P(timers_test, a_time_that_has_passed_is_now) {
  start([&] { self->send_after(self->until(sim.now() - 1h), 1); });
  sim.advance(1ms);
  EXPECT_EQ(ints, std::vector{1});
}

// -- when a process ends --

TEST_P(timers_test, a_hundred_thousand_timers_end_with_their_process) {
  const auto id = start([&] {
    for (int i = 0; i < 100'000; ++i)
      self->send_after(1h + 1ms * i, i);
  });
  EXPECT_EQ(sim.live().timers, 100'000u);
  node().exit(id, exit_reason::kill());
  sim.run();
  EXPECT_EQ(sim.live().timers, 0u);
}

TEST_P(timers_test, timers_end_however_their_process_ends) {
  const std::vector<std::function<void()>> ends{
    [&] { self->stop(); },
    [&] { self->exit(exit_reason::shutdown("left")); },
    [&] { throw std::runtime_error("crashed"); },
  };
  const auto silent = node().spawn(quiet);
  for (const auto& end : ends) {
    const auto id = start([&] {
      self->send_after(1h, 1);
      self->start_timer(1h, 1);
      self->send_interval(1h, 1);
      self->request(silent, 1h, add{}).ignore();
    });
    EXPECT_EQ(sim.live().timers, 4u);
    tell(id, end);
    EXPECT_EQ(sim.live().timers, 0u);
  }
  sim.advance(3h);
  EXPECT_TRUE(ints.empty());
}

TEST_P(timers_test, a_start_that_fails_leaves_no_timer) {
  start([&] {
    self->send_interval(1h, 1);
    throw std::runtime_error("cannot start");
  });
  EXPECT_EQ(sim.live().timers, 0u);
}

TEST_P(timers_test, only_the_dead_lose_their_timers) {
  std::vector<pid> both;
  for (int n = 0; n < 2; ++n)
    both.push_back(start([&] { self->send_after(10ms, n); }));
  tell(both[0], [&] { self->send_after(20ms, both[1], 3); });
  node().exit(both[0], exit_reason::kill());
  sim.advance(1s);
  EXPECT_EQ(ints, (std::vector{1, 3})) << "the sender may be gone";
}

TEST_P(timers_test, a_timer_to_the_dead_of_its_shard_is_over_at_once) {
  std::optional<duration> left;
  in_process([&](process& me) {
    const auto dead = me.spawn([](process&) { return behavior{}; });
    me.send_after(0ms, std::function<void()>{[&, dead] {
                    left = me.cancel_timer(me.send_after(1h, dead, 1));
                  }});
  });
  sim.advance(1ms);
  EXPECT_EQ(left, std::nullopt);
  EXPECT_EQ(sim.live().timers, 0u);
}

TEST(timers_across_shards, one_to_the_dead_ends_when_it_is_due) {
  sim_node sim{{.shards = 2}};
  const auto start = [&](std::size_t shard, function_process::body body) {
    return sim.node().spawn(
      {.shard = shard}, std::in_place_type<function_process>, std::move(body));
  };
  const auto there = start(1, detail::bind_body(quiet));
  start(0, detail::bind_body([there](process& me) -> behavior {
          me.send_after(1h, there, 1);
          me.exit(there, exit_reason::kill());
          return {[](message&) {}};
        }));
  sim.run();
  EXPECT_FALSE(sim.node().is_alive(there));
  EXPECT_EQ(sim.live().timers, 1u);
  sim.advance(1h);
  EXPECT_EQ(sim.live().timers, 0u);
}

/// Whatever is set, cancelled, due or lost to a death, in any order: as many
/// are pending as a second account says.
TEST_P(timers_test, no_timer_is_lost_or_left_over) {
  struct pending {
    pid to;
    time_point due;
  };
  std::mt19937 random{11};
  const auto pick = [&](std::size_t n) { return random() % n; };
  std::map<timer_ref, pending> account;
  std::vector<pid> all(5);
  process* setter = nullptr;
  const auto keeper = in_process([&](process& me) { setter = &me; });
  const auto home = keeper.shard();
  for (int step = 0; step < 3000; ++step) {
    auto& one = all[pick(all.size())];
    switch (pick(8)) {
    case 0:
      node().exit(one, exit_reason::kill());
      sim.run();
      std::erase_if(account, [&](auto& x) { return x.second.to == one; });
      one = node().spawn({.shard = home}, std::in_place_type<function_process>,
                         detail::bind_body(quiet));
      break;
    case 1:
    case 2:
      if (!account.empty()) {
        const auto at = std::next(
          account.begin(), static_cast<std::ptrdiff_t>(pick(account.size())));
        tell(keeper, [&] { EXPECT_TRUE(setter->cancel_timer(at->first)); });
        account.erase(at);
      }
      break;
    case 3:
      sim.advance(1ms * pick(400));
      std::erase_if(account,
                    [&](auto& x) { return x.second.due <= sim.now(); });
      break;
    default: {
      const auto delay = 1ms * (1 + pick(1000));
      if (one)
        tell(keeper, [&] {
          account[setter->send_after(delay, one, std::string("due"))] = {
            one, sim.now() + delay};
        });
    }
    }
    ASSERT_EQ(sim.live().timers, account.size()) << "at step " << step;
  }
}

} // namespace
} // namespace bennu::runtime
