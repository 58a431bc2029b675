// A process's timers beyond send_after to a pid, which process_test covers.
#include "runtime/process.hpp"
#include "tests/runtime/process_fixture.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

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

} // namespace
} // namespace bennu::runtime
