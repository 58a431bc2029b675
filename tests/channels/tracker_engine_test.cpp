#include "channels/tracker/engine.hpp"
#include "runtime/log.hpp"
#include "tests/channels/sorted_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace bennu::channels {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const runtime::pid somebody{.node = 1, .slot = 1, .serial = 1};

/// Engines on a network that the test can cut; heartbeats by hand.
struct tracker_engines : ::testing::Test {
  tracker_engines() { runtime::log_threshold(runtime::log_level::off); }
  ~tracker_engines() override {
    runtime::log_threshold(runtime::log_level::info);
  }

  tracker_engine& add(const std::string& name, std::uint64_t vsn = 1) {
    engines.erase(name);
    return engines.try_emplace(name, replica{name, vsn}, timing).first->second;
  }

  /// A period goes by; who has a heartbeat due sends it.
  void period(int count = 1) {
    for (; count > 0; --count) {
      now += timing.broadcast_period;
      for (auto& [name, x] : engines)
        carry_out(name, x.tick(now));
    }
  }

  void carry_out(const std::string& from, tracker_effects made) {
    told[from].push_back(std::move(made.changes));
    for (auto& x : made.out) {
      sent.push_back(from + " " + kind_of(x.what)
                     + (x.to ? " to " + x.to->name : ""));
      for (auto& [name, to] : engines)
        if (name != from && (!x.to || x.to->name == name) && !cut.contains(name)
            && !cut.contains(from))
          carry_out(name, to.receive(x.what, now));
    }
  }

  static std::string kind_of(const tracker_gossip& x) {
    static const char* const names[] = {"beats", "asks", "answers", "goes"};
    return names[x.index()];
  }

  void join(const std::string& at, const std::string& key) {
    engines.at(at).state().join(somebody, "room", key, {});
  }
  void leave(const std::string& at, const std::string& key) {
    auto& state = engines.at(at).state();
    state.leave(state.find(somebody, "room", key));
  }
  std::vector<std::string> online(const std::string& at) {
    return sorted_keys(engines.at(at).state().online());
  }
  std::size_t sent_count(const std::string& what) {
    return static_cast<std::size_t>(std::count(sent.begin(), sent.end(), what));
  }

  tracker_timing timing{};
  runtime::time_point now{1h};
  std::map<std::string, tracker_engine> engines;
  std::map<std::string, std::vector<presence_changes>> told;
  std::set<std::string> cut;
  std::vector<std::string> sent;
};

TEST_F(tracker_engines, tell_each_other_with_their_first_heartbeats) {
  add("a");
  add("b");
  join("a", "ann");
  period(3);
  EXPECT_THAT(online("b"), ElementsAre("ann"));
  EXPECT_EQ(sent_count("a beats"), 1u);
}

TEST_F(tracker_engines, send_what_has_changed_with_the_next_heartbeat) {
  add("a");
  add("b");
  period();
  join("a", "ann");
  EXPECT_THAT(online("b"), IsEmpty());
  period();
  EXPECT_THAT(online("b"), ElementsAre("ann"));
  leave("a", "ann");
  period();
  EXPECT_THAT(online("b"), IsEmpty());
}

TEST_F(tracker_engines, are_silent_for_so_many_periods) {
  add("a");
  period();
  sent.clear();
  period(9);
  EXPECT_EQ(sent_count("a beats"), 0u);
  period();
  EXPECT_EQ(sent_count("a beats"), 1u);
}

TEST_F(tracker_engines, a_newcomer_asks_one_who_knows_all) {
  add("a");
  add("b");
  join("a", "ann");
  join("b", "bob");
  period(4);
  sent.clear();
  add("c");
  period(30);
  EXPECT_THAT(online("c"), ElementsAre("ann", "bob"));
  EXPECT_LE(sent_count("c asks to a") + sent_count("c asks to b"), 2u);
  EXPECT_GE(sent_count("c asks to a") + sent_count("c asks to b"), 1u);
}

TEST_F(tracker_engines, who_missed_a_little_is_sent_a_little) {
  add("a");
  add("b");
  for (int i = 0; i < 50; ++i)
    join("a", "old" + std::to_string(i));
  period(4);
  cut = {"b"};
  join("a", "lost");
  period();
  cut.clear();
  join("a", "seen");
  auto& a = engines.at("a");
  const auto request = transfer_request{
    .from = {"b", 1}, .seen = engines.at("b").state().clocks()};
  const auto made = a.receive(request, now);
  ASSERT_EQ(made.out.size(), 1u);
  const auto& answer = std::get<transfer_answer>(made.out[0].what);
  EXPECT_LE(answer.changes.size(), 51u);
  period(3);
  EXPECT_THAT(online("b"), ::testing::Contains("lost"));
  EXPECT_EQ(online("b"), online("a"));
}

TEST_F(tracker_engines, a_delta_past_the_largest_size_is_asked_for) {
  timing.max_delta_sizes = {1, 3};
  add("a");
  add("b");
  period();
  for (int i = 0; i < 3; ++i)
    join("a", "x" + std::to_string(i));
  period();
  EXPECT_EQ(online("b").size(), 3u) << "as many as the largest";
  for (int i = 0; i < 4; ++i)
    join("a", "y" + std::to_string(i));
  period();
  const auto after = sent_count("b asks to a");
  period(2);
  EXPECT_EQ(online("b").size(), 7u);
  EXPECT_GE(sent_count("b asks to a"), std::max<std::size_t>(after, 1));
}

TEST_F(tracker_engines, who_is_silent_too_long_is_out_of_sight) {
  add("a");
  add("b");
  join("a", "ann");
  period(2);
  cut = {"a"};
  const auto heard = engines.at("b").peers().at("a").last_heard;
  while (now + timing.broadcast_period - heard <= timing.down_period)
    period();
  EXPECT_THAT(online("b"), ElementsAre("ann"));
  period();
  EXPECT_THAT(online("b"), IsEmpty());
  EXPECT_THAT(sorted_keys(told["b"].back().leaves), ElementsAre("ann"));
  cut.clear();
  period(11);
  EXPECT_THAT(online("b"), ElementsAre("ann"));
  EXPECT_EQ(sent_count("b asks to a"), 0u) << "nothing was missed";
}

TEST_F(tracker_engines, who_is_silent_much_longer_is_forgotten) {
  timing.permdown_period = 60s;
  add("a");
  add("b");
  join("a", "ann");
  period(2);
  cut = {"a"};
  const auto heard = engines.at("b").peers().at("a").last_heard;
  while (now + timing.broadcast_period - heard <= timing.permdown_period)
    period();
  EXPECT_TRUE(engines.at("b").peers().contains("a"));
  period();
  EXPECT_FALSE(engines.at("b").peers().contains("a"));
  EXPECT_EQ(engines.at("b").state().size(), 0u);
  cut.clear();
  period(20);
  EXPECT_THAT(online("b"), ElementsAre("ann"));
}

TEST_F(tracker_engines, a_new_life_makes_the_old_one_leave_at_once) {
  add("a");
  add("b");
  join("a", "ann");
  period(2);
  add("a", 2);
  join("a", "bob");
  period();
  EXPECT_THAT(online("b"), ElementsAre("bob"));
  // What the old one still had under way is not heard.
  engines.at("b").receive(tracker_heartbeat{.from = {"a", 1}}, now);
  EXPECT_THAT(online("b"), ElementsAre("bob"));
}

TEST_F(tracker_engines, a_life_that_counts_from_less_waits_for_the_old_one) {
  add("a", 7);
  add("b");
  join("a", "ann");
  period(2);
  add("a", 3);
  join("a", "bob");
  period();
  EXPECT_THAT(online("b"), ElementsAre("ann"));
  period(40);
  EXPECT_THAT(online("b"), ElementsAre("bob"));
}

TEST_F(tracker_engines, who_says_goodbye_is_forgotten_at_once) {
  add("a");
  add("b");
  join("a", "ann");
  period(2);
  carry_out("a", engines.at("a").retire());
  EXPECT_THAT(online("b"), IsEmpty());
  EXPECT_FALSE(engines.at("b").peers().contains("a"));
  engines.at("b").receive(tracker_heartbeat{.from = {"a", 1}}, now);
  EXPECT_FALSE(engines.at("b").peers().contains("a")) << "a late one";
  sent.clear();
  period(20);
  EXPECT_EQ(sent_count("a beats"), 0u);
  engines.at("a").revive();
  period(2);
  EXPECT_THAT(online("b"), ElementsAre("ann"));
}

TEST_F(tracker_engines, so_many_replicas_are_heard) {
  timing.replicas_max = 2;
  add("a");
  add("b");
  add("c");
  add("d");
  join("d", "dan");
  for (const auto* name : {"b", "c", "d"})
    engines.at("a").receive(tracker_heartbeat{.from = {name, 1}}, now);
  EXPECT_EQ(engines.at("a").peers().size(), 2u);
  EXPECT_FALSE(engines.at("a").peers().contains("d"));
}

TEST_F(tracker_engines, a_malformed_delta_is_not_taken) {
  auto& a = add("a");
  const replica b{"b", 1};
  const auto stray = std::make_shared<const tracked>(
    tracked{.topic = "room", .key = "eve", .who = somebody, .clock = 5});
  const delta wrong{.parts = {{.of = b, .upto = 3, .live = {stray}}}};
  a.receive(tracker_heartbeat{.from = b, .changes = wrong}, now);
  EXPECT_FALSE(a.peers().contains("b"));
  a.receive(tracker_heartbeat{.from = b}, now);
  a.receive(transfer_answer{.from = b, .changes = wrong}, now);
  EXPECT_EQ(a.state().size(), 0u);
}

TEST_F(tracker_engines, nobody_else_speaks_under_its_name) {
  auto& a = add("a");
  join("a", "ann");
  a.receive(tracker_heartbeat{.from = {"a", 9}}, now);
  a.receive(tracker_goodbye{{"a", 1}}, now);
  EXPECT_THAT(online("a"), ElementsAre("ann"));
  EXPECT_THAT(a.peers(), IsEmpty());
}

// -- options ------------------------------------------------------------------

TEST(tracker_timings, are_checked_in_phoenix_words) {
  EXPECT_EQ(check(tracker_timing{}), std::nullopt);
  EXPECT_EQ(check({.broadcast_period = 1500ms, .down_period = 3000ms}),
            std::nullopt);
  EXPECT_EQ(check({.broadcast_period = 1500ms, .down_period = 2999ms}),
            "down_period must be at least twice as large as the "
            "broadcast_period");
  EXPECT_EQ(check({.down_period = 30s, .permdown_period = 30s}),
            "permdown_period must be at least larger than the down_period");
  EXPECT_EQ(check({.down_period = 30s, .permdown_period = 30'001ms}),
            std::nullopt);
  EXPECT_TRUE(check({.max_delta_sizes = {}}));
  EXPECT_TRUE(check({.max_delta_sizes = {10, 10}}));
  EXPECT_TRUE(check({.clock_sample_periods = 0}));
  EXPECT_TRUE(check({.broadcast_period = 0ms}));
}

// -- generations --------------------------------------------------------------

struct generations : ::testing::Test {
  static delta changes(std::uint64_t after, std::uint64_t upto) {
    return {.parts = {{.of = {"a", 1}, .after = after, .upto = upto}}};
  }
  /// "after..upto" of what helps who has seen so much.
  std::string for_one_at(std::uint64_t clock) const {
    const auto* x = all.find({{replica{"a", 1}, clock}});
    return x ? std::to_string(x->parts[0].after) + ".."
                 + std::to_string(x->parts[0].upto)
             : "none";
  }
  delta_generations all{{3, 6}};
};

TEST_F(generations, give_the_smallest_that_helps) {
  for (std::uint64_t i = 0; i < 5; ++i)
    all.push(changes(i, i + 1));
  EXPECT_EQ(for_one_at(5), "none");
  EXPECT_EQ(for_one_at(4), "3..5");
  EXPECT_EQ(for_one_at(2), "0..5");
}

TEST_F(generations, begin_anew_past_their_size_and_after_a_gap) {
  all.push(changes(0, 3));
  EXPECT_EQ(for_one_at(0), "0..3");
  all.push(changes(3, 4));
  EXPECT_EQ(for_one_at(3), "3..4");
  EXPECT_EQ(for_one_at(0), "0..4");
  all.push(changes(9, 10));
  EXPECT_EQ(for_one_at(0), "none");
  EXPECT_EQ(for_one_at(9), "9..10");
  all.push(changes(10, 17));
  EXPECT_EQ(for_one_at(9), "none");
}

} // namespace
} // namespace bennu::channels
