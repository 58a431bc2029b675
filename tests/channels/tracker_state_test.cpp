#include "channels/tracker/state.hpp"
#include "tests/channels/sorted_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace bennu::channels {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

runtime::pid pid_of(std::uint32_t n) {
  return {.node = 1, .slot = n, .serial = 1};
}

/// Two replicas that know each other.
struct tracker_states : ::testing::Test {
  tracker_states() {
    a.replica_up(b.self());
    b.replica_up(a.self());
  }

  tracked_ptr join(tracker_state& at, const std::string& key,
                   std::uint32_t who = 1) {
    return at.join(pid_of(who), "room", key, runtime::make_message(key));
  }
  void leave(tracker_state& at, const std::string& key, std::uint32_t who = 1) {
    at.leave(at.find(pid_of(who), "room", key));
  }
  /// All of `from` to `to`, as a transfer.
  static presence_changes transfer(const tracker_state& from,
                                   tracker_state& to) {
    return to.merge(from.extract(to.clocks()));
  }

  tracker_state a{{"a", 1}};
  tracker_state b{{"b", 1}};
};

TEST_F(tracker_states, find_what_joined_until_it_leaves) {
  const auto x = join(a, "ann");
  EXPECT_EQ(x->clock, 1u);
  EXPECT_EQ(a.find(pid_of(1), "room", "ann"), x);
  EXPECT_EQ(a.find(pid_of(2), "room", "ann"), nullptr);
  EXPECT_EQ(a.find(pid_of(1), "other", "ann"), nullptr);
  a.leave(x);
  EXPECT_EQ(a.find(pid_of(1), "room", "ann"), nullptr);
  EXPECT_EQ(a.clocks().at(a.self()), 2u);
}

TEST_F(tracker_states, know_what_a_process_has) {
  join(a, "ann", 1);
  join(a, "bob", 2);
  join(a, "admin", 1);
  EXPECT_THAT(sorted_keys(a.find(pid_of(1))), ElementsAre("admin", "ann"));
  EXPECT_THAT(a.own_processes(), ElementsAre(pid_of(1), pid_of(2)));
  EXPECT_TRUE(a.has(pid_of(2)));
  EXPECT_FALSE(a.has(pid_of(3)));
}

TEST_F(tracker_states, send_each_other_what_has_changed) {
  join(a, "ann");
  const auto first = b.merge(a.take_delta());
  EXPECT_THAT(sorted_keys(first.joins), ElementsAre("ann"));
  join(a, "bob");
  leave(a, "ann");
  const auto second = b.merge(a.take_delta());
  EXPECT_THAT(sorted_keys(second.joins), ElementsAre("bob"));
  EXPECT_THAT(sorted_keys(second.leaves), ElementsAre("ann"));
  EXPECT_THAT(sorted_keys(b.online()), ElementsAre("bob"));
  EXPECT_EQ(b.clocks().at(a.self()), a.clocks().at(a.self()));
}

TEST_F(tracker_states, send_nothing_when_nothing_has_changed) {
  EXPECT_TRUE(a.take_delta().empty());
  join(a, "ann");
  EXPECT_EQ(a.delta_size(), 1u);
  EXPECT_EQ(a.take_delta().size(), 1u);
  EXPECT_EQ(a.delta_size(), 0u);
  EXPECT_TRUE(a.take_delta().empty());
}

TEST_F(tracker_states, who_came_and_went_between_deltas_is_no_news) {
  join(a, "ann");
  leave(a, "ann");
  const auto made = b.merge(a.take_delta());
  EXPECT_TRUE(made.empty());
  EXPECT_EQ(b.clocks().at(a.self()), 2u);
}

TEST_F(tracker_states, a_delta_twice_changes_nothing) {
  join(a, "ann");
  const auto joined = a.take_delta();
  leave(a, "ann");
  const auto left = a.take_delta();
  b.merge(joined);
  EXPECT_TRUE(b.merge(joined).empty());
  b.merge(left);
  EXPECT_TRUE(b.merge(left).empty());
  EXPECT_TRUE(b.merge(joined).empty()) << "who has left does not come back";
}

TEST_F(tracker_states, deltas_in_the_wrong_order_give_the_same) {
  join(a, "ann");
  const auto joined = a.take_delta();
  join(a, "bob");
  const auto second = a.take_delta();
  leave(a, "ann");
  const auto left = a.take_delta();
  b.merge(left);
  EXPECT_EQ(b.clocks().at(a.self()), 1u) << "that ann was there is seen";
  EXPECT_EQ(b.cloud_size(a.self()), 1u);
  b.merge(joined);
  EXPECT_THAT(b.online(), IsEmpty()) << "ann had left already";
  b.merge(second);
  EXPECT_THAT(sorted_keys(b.online()), ElementsAre("bob"));
  EXPECT_EQ(b.clocks().at(a.self()), 3u);
  EXPECT_EQ(b.cloud_size(a.self()), 0u) << "no gap is left";
}

TEST_F(tracker_states, a_gap_is_filled_by_a_transfer) {
  join(a, "ann");
  a.take_delta(); // lost
  join(a, "bob");
  b.merge(a.take_delta());
  EXPECT_THAT(sorted_keys(b.online()), ElementsAre("bob"));
  EXPECT_FALSE(covers(b.clocks(), a.clocks()));
  EXPECT_THAT(sorted_keys(transfer(a, b).joins), ElementsAre("ann"));
  EXPECT_TRUE(covers(b.clocks(), a.clocks()));
  EXPECT_TRUE(a.extract(b.clocks()).empty());
}

TEST_F(tracker_states, a_transfer_tells_of_lost_leaves) {
  join(a, "ann");
  join(a, "bob");
  b.merge(a.take_delta());
  leave(a, "ann");
  a.take_delta(); // lost
  EXPECT_THAT(sorted_keys(transfer(a, b).leaves), ElementsAre("ann"));
  EXPECT_THAT(sorted_keys(b.online()), ElementsAre("bob"));
}

TEST_F(tracker_states, adding_again_wins_over_removing) {
  join(a, "ann");
  b.merge(a.take_delta());
  leave(a, "ann");
  join(a, "ann");
  const auto made = b.merge(a.take_delta());
  EXPECT_THAT(sorted_keys(made.joins), ElementsAre("ann"));
  EXPECT_THAT(sorted_keys(made.leaves), ElementsAre("ann"));
  EXPECT_THAT(sorted_keys(b.online()), ElementsAre("ann"));
}

TEST_F(tracker_states, a_third_passes_on_what_it_has_seen) {
  tracker_state c{{"c", 1}};
  c.replica_up(a.self());
  c.replica_up(b.self());
  join(a, "ann");
  b.merge(a.take_delta());
  EXPECT_THAT(sorted_keys(transfer(b, c).joins), ElementsAre("ann"));
}

TEST_F(tracker_states, nothing_is_taken_of_strangers) {
  tracker_state c{{"c", 1}};
  join(c, "eve");
  EXPECT_TRUE(b.merge(c.take_delta()).empty());
  EXPECT_FALSE(b.clocks().contains(c.self()));
}

TEST_F(tracker_states, nobody_else_knows_better_what_is_here) {
  join(a, "ann");
  transfer(a, b);
  delta lie{.parts = {{.of = a.self(), .after = 0, .upto = 9}}};
  EXPECT_TRUE(a.merge(lie).empty());
  EXPECT_THAT(sorted_keys(a.online()), ElementsAre("ann"));
}

TEST_F(tracker_states, who_is_down_is_out_of_sight_but_known) {
  join(a, "ann");
  b.merge(a.take_delta());
  EXPECT_THAT(sorted_keys(b.replica_down(a.self()).leaves), ElementsAre("ann"));
  EXPECT_TRUE(b.replica_down(a.self()).empty());
  EXPECT_THAT(b.online(), IsEmpty());
  join(a, "bob");
  EXPECT_TRUE(b.merge(a.take_delta()).empty()) << "others may still pass on";
  EXPECT_THAT(sorted_keys(b.replica_up(a.self()).joins),
              ElementsAre("ann", "bob"));
  EXPECT_TRUE(b.replica_up(a.self()).empty());
}

TEST_F(tracker_states, who_is_removed_is_forgotten) {
  join(a, "ann");
  b.merge(a.take_delta());
  EXPECT_THAT(sorted_keys(b.remove(a.self()).leaves), ElementsAre("ann"));
  EXPECT_FALSE(b.clocks().contains(a.self()));
  EXPECT_TRUE(b.merge(a.extract({{a.self(), 0}})).empty());
  b.replica_up(a.self());
  EXPECT_THAT(sorted_keys(transfer(a, b).joins), ElementsAre("ann"));
}

TEST_F(tracker_states, a_later_life_has_the_same_presences_anew) {
  join(a, "ann");
  const auto made = a.renew(2);
  EXPECT_THAT(sorted_keys(made.joins), ElementsAre("ann"));
  EXPECT_EQ(a.self(), (replica{"a", 2}));
  b.remove({"a", 1});
  b.replica_up({"a", 2});
  EXPECT_THAT(sorted_keys(b.merge(a.take_delta()).joins), ElementsAre("ann"));
}

TEST_F(tracker_states, a_gap_may_hide_so_many_changes) {
  const auto part = [&](std::uint64_t changes) {
    return delta{.parts = {{.of = a.self(), .after = 1, .upto = 1 + changes}}};
  };
  b.merge(part(tracker_state::cloud_max + 1));
  EXPECT_EQ(b.cloud_size(a.self()), 0u);
  b.merge(part(tracker_state::cloud_max));
  EXPECT_EQ(b.cloud_size(a.self()), tracker_state::cloud_max);
  // Without a gap there is nothing to keep.
  b.merge({.parts = {{.of = a.self(), .after = 0, .upto = 5'000'000}}});
  EXPECT_EQ(b.cloud_size(a.self()), 0u);
  EXPECT_EQ(b.clocks().at(a.self()), 5'000'000u);
}

// -- clocks -------------------------------------------------------------------

TEST(clock_vectors, cover_what_they_have_seen) {
  const replica a{"a", 1};
  const replica b{"b", 1};
  EXPECT_TRUE(covers({{a, 2}}, {{a, 2}}));
  EXPECT_TRUE(covers({{a, 2}, {b, 1}}, {{a, 1}}));
  EXPECT_FALSE(covers({{a, 2}}, {{a, 3}}));
  EXPECT_FALSE(covers({{a, 2}}, {{a, 1}, {b, 1}}));
  EXPECT_TRUE(covers({}, {{a, 0}}));
}

TEST(clock_vectors, the_fewest_who_know_all_are_kept) {
  const replica a{"a", 1};
  const replica b{"b", 1};
  const replica c{"c", 1};
  std::vector<replica_clocks> all;
  add_dominating(all, {a, {{a, 3}, {b, 1}}});
  add_dominating(all, {b, {{a, 2}, {b, 1}}});
  ASSERT_EQ(all.size(), 1u) << "a knows all that b does";
  add_dominating(all, {c, {{c, 1}}});
  EXPECT_EQ(all.size(), 2u);
  add_dominating(all, {b, {{a, 3}, {b, 2}, {c, 1}}});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].who, b);
}

} // namespace
} // namespace bennu::channels
