#include "runtime/pg.hpp"
#include "tests/runtime/process_fixture.hpp"

#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

using group_names = std::vector<std::string>;

class pg_test : public process_test {
protected:
  pid member_of(const group_names& groups) {
    return in_process([&](process& self) {
      for (const auto& x : groups)
        teams.join(self, x);
    });
  }

  pg_scope teams = pg_scope::of(node(), "teams");
};

INSTANTIATE_TEST_SUITE_P(shards, pg_test, testing::Values(1, 2));

TEST_P(pg_test, a_member_is_in_once_for_each_join_and_leaves_as_often) {
  std::vector<bool> left;
  std::size_t after_one = 0;
  const auto id = member_of({"red", "red"});
  EXPECT_EQ(teams.get_members("red"), (std::vector{id, id}));
  in_process([&](process& self) {
    teams.join(self, "blue");
    teams.join(self, "blue");
    left.push_back(teams.leave(self, "blue"));
    after_one = teams.get_members("blue").size();
    left.push_back(teams.leave(self, "blue"));
    left.push_back(teams.leave(self, "blue"));
  });
  EXPECT_EQ(after_one, 1u);
  EXPECT_EQ(left, (std::vector{true, true, false}));
  EXPECT_EQ(teams.which_groups(), group_names{"red"});
}

TEST_P(pg_test, the_dead_have_left_all_their_groups) {
  const auto id = member_of({"red", "red", "blue"});
  const auto other = member_of({"red"});
  node().exit(id, exit_reason::kill());
  sim.run();
  EXPECT_EQ(teams.get_members("red"), std::vector{other});
  EXPECT_EQ(teams.which_groups(), group_names{"red"});
}

TEST_P(pg_test, scopes_are_apart_and_found_again) {
  const auto id = member_of({"red"});
  EXPECT_TRUE(pg_scope::of(node(), "others").which_groups().empty());
  EXPECT_EQ(pg_scope::of(node(), "teams").get_members("red"), std::vector{id});
}

TEST_P(pg_test, a_watcher_hears_of_each_change_until_it_demonitors) {
  group_names heard;
  pg_scope::monitored watch;
  const auto first = member_of({"red"});
  node().spawn([&](process& self) -> behavior {
    watch = teams.monitor(self, "red");
    return {[&](const pg_event& x) {
      EXPECT_EQ(x.ref, watch.ref);
      heard.push_back((x.what == pg_event::kind::joined ? "+" : "-") + x.group);
    }};
  });
  sim.run();
  EXPECT_EQ(watch.members, std::vector{first});
  const auto second = member_of({"red", "blue"});
  node().exit(second, exit_reason::kill());
  sim.run();
  EXPECT_EQ(heard, (group_names{"+red", "-red"}));
  EXPECT_TRUE(teams.demonitor(watch.ref));
  EXPECT_FALSE(teams.demonitor(watch.ref));
  member_of({"red"});
  EXPECT_EQ(heard.size(), 2u);
}

TEST_P(pg_test, a_watcher_of_all_groups_hears_of_all) {
  group_names heard;
  node().spawn([&](process& self) -> behavior {
    teams.monitor(self);
    return {[&](const pg_event& x) { heard.push_back(x.group); }};
  });
  sim.run();
  member_of({"red", "blue"});
  EXPECT_EQ(heard, (group_names{"red", "blue"}));
}

/// What another node would hear.
class notebook final : public pg_peers {
public:
  void joined(std::string_view group, const std::vector<pid>&) override {
    lines.push_back("+" + std::string{group});
  }
  void left(std::string_view group, const std::vector<pid>&) override {
    lines.push_back("-" + std::string{group});
  }
  group_names lines;
};

TEST_P(pg_test, peers_hear_of_local_changes_and_bring_remote_ones) {
  const auto peers = std::make_shared<notebook>();
  teams.connect(peers);
  const auto here = member_of({"red"});
  const pid there{.node = here.node + 1000, .slot = 1, .serial = 1};
  teams.remote_joined("red", {there});
  EXPECT_EQ(teams.get_members("red").size(), 2u);
  EXPECT_EQ(teams.get_local_members("red"), std::vector{here});
  teams.remote_left("red", {there});
  node().exit(here, exit_reason::kill());
  sim.run();
  EXPECT_EQ(peers->lines, (group_names{"+red", "-red"}));
  EXPECT_TRUE(teams.which_groups().empty());
}

TEST_P(pg_test, a_group_without_a_name_is_refused) {
  std::string failure;
  in_process([&](process& self) {
    try {
      teams.join(self, "");
    } catch (const std::invalid_argument& e) {
      failure = e.what();
    }
  });
  EXPECT_EQ(failure, "a group needs a name");
}

} // namespace
} // namespace bennu::runtime
