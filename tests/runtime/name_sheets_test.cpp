#include "runtime/pg.hpp"
#include "runtime/registry.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/table.hpp"
#include "tests/runtime/probe_fixture.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace bennu::runtime {
namespace {

behavior counted(process&, int) {
  return {[](note) {}};
}

using name_sheets_test = probe_test;

TEST_F(name_sheets_test, more_names_than_a_slice_are_all_shown_once) {
  auto& node = sim.node();
  for (std::size_t i = 0; i < 3 * probe::slice; ++i)
    node.register_name("name " + std::to_string(i), node.spawn(idle));
  std::set<std::string> seen;
  const auto page =
    read({.sheet = "names", .filter = "name ", .limit = sheet_query::rows_max});
  for (const auto& row : page.rows)
    seen.insert(to_string(row[0]));
  EXPECT_EQ(seen.size(), sheet_query::rows_max);
  EXPECT_EQ(page.seen, 3 * probe::slice);
}

TEST_F(name_sheets_test, a_registry_shows_its_keys_owners_and_values) {
  auto& node = sim.node();
  auto rooms = registry<std::string, int>::create(
    node, {.name = "rooms", .keys = registry_keys::duplicate});
  const auto owner = node.spawn([rooms](process& self) mutable -> behavior {
    rooms.register_key(self, "lobby", 7);
    rooms.register_key(self, "attic", 8);
    return {[](note) {}};
  });
  sim.run();
  const auto page = read({.sheet = "registries"});
  ASSERT_EQ(page.rows.size(), 2u);
  EXPECT_EQ(cell_at(page, 0, "key"), "attic");
  EXPECT_EQ(cell_at(page, 1, "key"), "lobby");
  EXPECT_EQ(cell_at(page, 1, "registry"), "rooms");
  EXPECT_EQ(cell_at(page, 1, "value"), "7");
  EXPECT_EQ(cell_at(page, 1, "pid"), to_string(owner));
  EXPECT_EQ(cell_at(page, 1, "owners"), "1");
}

TEST_F(name_sheets_test, of_a_key_of_many_owners_some_are_shown) {
  auto& node = sim.node();
  auto rooms = registry<int>::create(
    node, {.name = "rooms", .keys = registry_keys::duplicate});
  for (std::size_t i = 0; i <= detail::owners_shown_max; ++i)
    node.spawn([rooms](process& self) mutable -> behavior {
      rooms.register_key(self, 1);
      return {[](note) {}};
    });
  sim.run();
  const auto page = read({.sheet = "registries", .limit = 1});
  EXPECT_EQ(page.seen, detail::owners_shown_max);
  EXPECT_EQ(cell_at(page, 0, "owners"),
            std::to_string(detail::owners_shown_max + 1));
}

TEST_F(name_sheets_test, groups_show_their_members) {
  auto& node = sim.node();
  const auto teams = pg_scope::of(node, "teams");
  const auto member = node.spawn([teams](process& self) -> behavior {
    teams.join(self, "red");
    teams.join(self, "blue");
    return {[](note) {}};
  });
  sim.run();
  const auto page = read({.sheet = "groups"});
  ASSERT_EQ(page.rows.size(), 2u);
  EXPECT_EQ(cell_at(page, 0, "group"), "blue");
  EXPECT_EQ(cell_at(page, 1, "group"), "red");
  EXPECT_EQ(cell_at(page, 1, "scope"), "teams");
  EXPECT_EQ(cell_at(page, 1, "pid"), to_string(member));
  EXPECT_EQ(cell_at(page, 1, "members"), "1");
}

TEST_F(name_sheets_test, without_registries_and_groups_the_sheets_are_empty) {
  EXPECT_TRUE(read({.sheet = "registries"}).rows.empty());
  EXPECT_TRUE(read({.sheet = "groups"}).rows.empty());
}

TEST_F(name_sheets_test, the_tree_tells_why_a_child_ended_last) {
  EXPECT_FALSE(sim.start(one_for_one("top", {.max_restarts = 3, .within = 5s},
                                     worker("fragile", idle))));
  sim.node().exit(sim.node().whereis("fragile"),
                  exit_reason::error("bad luck"));
  sim.run();
  const auto page = read({.sheet = "tree"});
  EXPECT_EQ(cell_at(page, 0, "last exit"), "");
  EXPECT_EQ(cell_at(page, 1, "id"), "fragile");
  EXPECT_EQ(cell_at(page, 1, "restarts"), "1");
  EXPECT_EQ(cell_at(page, 1, "last exit"), "error: bad luck");
  sim.node().stop();
}

TEST_F(name_sheets_test, a_function_is_called_by_what_it_takes) {
  const auto plain = sim.node().spawn(idle);
  const auto with_int = sim.node().spawn(counted, 1);
  sim.run();
  const auto call = [&](const pid& id) {
    return value_of(
      read({.sheet = "process", .about = to_string(id), .limit = 100}),
      "initial call");
  };
  EXPECT_EQ(call(plain), "function()");
  EXPECT_EQ(call(with_int), "function(int)");
}

TEST_F(name_sheets_test, a_filter_that_has_not_seen_all_rows_says_so) {
  sim.node().spawn([](process& self) -> behavior {
    const auto numbers = table<int, int>::create(self, {.name = "numbers"});
    for (int i = 0; i < 20'001 + static_cast<int>(probe::slice); ++i)
      numbers.insert(i, i);
    return {[numbers](note) {}};
  });
  sim.run();
  const auto page =
    read({.sheet = "rows", .about = "numbers", .filter = "no such number"});
  EXPECT_TRUE(page.rows.empty());
  EXPECT_NE(page.note.find("rows were looked at"), std::string::npos);
  EXPECT_NE(page.more, "");
}

} // namespace
} // namespace bennu::runtime
