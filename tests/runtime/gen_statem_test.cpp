#include "runtime/gen_statem.hpp"
#include "runtime/sys.hpp"
#include "tests/runtime/process_fixture.hpp"

#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

enum class door { closed, open, locked };

struct push_it {};
struct turn_key {};
struct ring {
  int times;
};
struct look {};
struct hurry {
  duration within;
};
struct alarm_in {
  duration after;
};
struct calm {};
struct walk_through {};
struct knock {};

using diary = std::vector<std::string>;

std::string name_of(door x) {
  return x == door::closed ? "closed" : x == door::open ? "open" : "locked";
}

class entrance final : public gen_statem<entrance, door> {
public:
  explicit entrance(diary* notes) : gen_statem(door::closed), notes_(notes) {}

  static auto events() {
    return transitions(
      in(door::closed, &entrance::on_push, &entrance::on_key),
      in(door::open, &entrance::on_fall_shut, &entrance::on_walk),
      in(door::locked, &entrance::on_unlock),
      in_any_state(
        &entrance::on_ring, &entrance::on_look, &entrance::on_walk_later,
        &entrance::on_hurry, &entrance::on_silence, &entrance::on_alarm_in,
        &entrance::on_alarm, &entrance::on_calm, &entrance::on_knock));
  }

private:
  void enter(door from, door to) override {
    notes_->push_back(name_of(from) + " > " + name_of(to));
  }

  void on_push(push_it) {
    next_state(door::open);
    state_timeout_after(10s);
  }
  void on_key(turn_key) { next_state(door::locked); }
  void on_unlock(turn_key) { next_state(door::closed); }
  void on_fall_shut(state_timeout) { next_state(door::closed); }
  std::string on_walk(walk_through) {
    notes_->push_back("through");
    return "in";
  }
  void on_walk_later(walk_through) { postpone(); }
  void on_ring(ring x) {
    notes_->push_back("ring");
    if (x.times > 1)
      next_event(ring{x.times - 1});
  }
  door on_look(look) { return state_now(); }
  void on_hurry(hurry x) { event_timeout_after(x.within); }
  void on_silence(event_timeout) { notes_->push_back("silence"); }
  void on_alarm_in(alarm_in x) { timeout_after("alarm", x.after); }
  void on_alarm(const named_timeout& x) { notes_->push_back(x.name); }
  void on_calm(calm) { cancel_timeout("alarm"); }
  void on_knock(knock) { repeat_state(); }

  diary* notes_;
};

class gen_statem_test : public process_test {
protected:
  void send(auto x) {
    node().send(machine, x);
    sim.run();
  }
  door now() { return sim.call<door>(machine, look{}); }

  diary notes;
  pid machine = node().spawn({}, std::in_place_type<entrance>, &notes);
};

INSTANTIATE_TEST_SUITE_P(shards, gen_statem_test, testing::Values(1, 2));

TEST_P(gen_statem_test, the_state_says_who_handles_an_event) {
  send(turn_key{});
  EXPECT_EQ(now(), door::locked);
  send(turn_key{});
  EXPECT_EQ(now(), door::closed);
  EXPECT_EQ(notes,
            (diary{"closed > closed", "closed > locked", "locked > closed"}));
}

TEST_P(gen_statem_test, a_state_timeout_fires_in_its_state) {
  send(push_it{});
  sim.advance(10s - 1ms);
  EXPECT_EQ(now(), door::open);
  sim.advance(1ms);
  EXPECT_EQ(now(), door::closed);
}

TEST_P(gen_statem_test, a_change_of_state_cancels_the_state_timeout) {
  send(push_it{});
  node().inspect(machine, sys::replace_state_with(door::closed));
  send(turn_key{});
  sim.advance(1h);
  EXPECT_EQ(now(), door::locked);
}

TEST_P(gen_statem_test, a_postponed_event_comes_back_in_order_and_answers) {
  std::vector<std::string> answers;
  in_process([&](process& self) {
    self.request(machine, 5s, walk_through{}).then([&](std::string x) {
      answers.push_back("first " + x);
    });
    self.request(machine, 5s, walk_through{}).then([&](std::string x) {
      answers.push_back("second " + x);
    });
  });
  EXPECT_TRUE(answers.empty());
  send(turn_key{});
  EXPECT_TRUE(answers.empty()) << "locked, so put aside again";
  send(turn_key{});
  send(push_it{});
  EXPECT_EQ(answers, (diary{"first in", "second in"}));
}

TEST_P(gen_statem_test, one_postponed_event_too_many_ends_the_machine) {
  for (std::size_t i = 0; i < gen_statem_base::postponed_max; ++i)
    node().send(machine, walk_through{});
  sim.run();
  EXPECT_TRUE(node().is_alive(machine));
  send(walk_through{});
  EXPECT_FALSE(node().is_alive(machine));
}

TEST_P(gen_statem_test, next_event_goes_before_what_waits) {
  in_process([&](process& self) {
    self.send(machine, ring{2});
    self.send(machine, push_it{});
  });
  EXPECT_EQ(notes, (diary{"closed > closed", "ring", "ring", "closed > open"}));
}

TEST_P(gen_statem_test, an_event_timeout_wants_silence) {
  send(hurry{1s});
  sim.advance(999ms);
  send(ring{1});
  sim.advance(1h);
  EXPECT_EQ(notes, (diary{"closed > closed", "ring"}));
  send(hurry{1s});
  sim.advance(1s);
  EXPECT_EQ(notes.back(), "silence");
}

TEST_P(gen_statem_test, a_named_timeout_fires_whatever_happens) {
  send(alarm_in{1s});
  send(turn_key{});
  sim.advance(1s);
  EXPECT_EQ(notes.back(), "alarm");
}

TEST_P(gen_statem_test, a_named_timeout_can_be_cancelled_and_replaced) {
  send(alarm_in{1s});
  send(alarm_in{3s});
  sim.advance(2s);
  EXPECT_EQ(notes.size(), 1u);
  send(calm{});
  sim.advance(1h);
  EXPECT_EQ(notes.size(), 1u);
}

TEST_P(gen_statem_test, repeat_state_enters_again) {
  send(knock{});
  EXPECT_EQ(notes, (diary{"closed > closed", "closed > closed"}));
}

TEST_P(gen_statem_test, an_event_nobody_takes_ends_the_machine) {
  send(std::string("what?"));
  EXPECT_FALSE(node().is_alive(machine));
  ASSERT_FALSE(logged.empty());
  EXPECT_NE(logged[0].find("bad_event: no handler for"), std::string::npos);
}

TEST_P(gen_statem_test, sys_shows_the_state) {
  send(turn_key{});
  EXPECT_EQ(node().inspect<door>(machine, sys::get_state()), door::locked);
}

} // namespace
} // namespace bennu::runtime
