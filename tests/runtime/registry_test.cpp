#include "runtime/registry.hpp"
#include "tests/runtime/process_fixture.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

using rooms = registry<std::string, int>;

class registry_test : public process_test {
protected:
  rooms make(registry_keys keys, std::size_t max = 100) {
    return rooms::create(node(),
                         {.name = "rooms", .keys = keys, .entries_max = max});
  }

  /// A process that enters itself.
  pid enter(rooms where, const std::string& key, int value,
            rooms::outcome* what = nullptr) {
    return in_process([=](process& self) mutable {
      const auto outcome = where.register_key(self, key, value);
      if (what)
        *what = outcome;
    });
  }
};

INSTANTIATE_TEST_SUITE_P(shards, registry_test, testing::Values(1, 2));

TEST_P(registry_test, a_unique_key_has_one_owner) {
  const auto x = make(registry_keys::unique);
  const auto first = enter(x, "lobby", 1);
  rooms::outcome second;
  enter(x, "lobby", 2, &second);
  EXPECT_FALSE(second);
  EXPECT_EQ(second.owner, first);
  EXPECT_EQ(x.whereis("lobby"), first);
  ASSERT_EQ(x.lookup("lobby").size(), 1u);
  EXPECT_EQ(x.lookup("lobby")[0].value, 1);
  EXPECT_FALSE(x.whereis("nowhere"));
}

TEST_P(registry_test, a_duplicate_key_has_many) {
  const auto x = make(registry_keys::duplicate);
  const auto ann = enter(x, "lobby", 1);
  enter(x, "lobby", 2);
  EXPECT_EQ(x.count("lobby"), 2u);
  EXPECT_EQ(x.values("lobby", ann), std::vector{1});
}

TEST_P(registry_test, a_process_may_be_under_a_duplicate_key_many_times) {
  auto x = make(registry_keys::duplicate);
  std::size_t gone = 0;
  const auto id = in_process([&](process& self) {
    x.register_key(self, "lobby", 1);
    x.register_key(self, "lobby", 2);
    x.register_key(self, "attic", 3);
  });
  EXPECT_EQ(x.values("lobby", id), (std::vector{1, 2}));
  auto keys = x.keys(id);
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(keys, (std::vector<std::string>{"attic", "lobby", "lobby"}));
  in_process([&](process& self) {
    x.register_key(self, "cellar", 4);
    gone = x.unregister_key(self, "cellar") + x.unregister_key(self, "lobby");
  });
  EXPECT_EQ(gone, 1u) << "a process takes away only what is its own";
  EXPECT_EQ(x.count(), 3u);
}

TEST_P(registry_test, an_entry_goes_with_its_process_before_links_hear_of_it) {
  auto x = make(registry_keys::unique);
  bool taken_over = false;
  node().spawn([&](process& self) -> behavior {
    self.trap_exit(true);
    self.spawn_link([&](process& me) -> behavior {
      x.register_key(me, "lobby", 1);
      return {[&me](leave) { me.stop(); }};
    });
    return {[&](const exit_message&) {
      taken_over = static_cast<bool>(x.register_key(self, "lobby", 2));
    }};
  });
  sim.run();
  node().send(x.whereis("lobby"), leave{});
  sim.run();
  EXPECT_TRUE(taken_over);
  EXPECT_EQ(x.lookup("lobby")[0].value, 2);
}

TEST_P(registry_test, the_last_entry_allowed_is_taken_and_one_more_is_not) {
  auto x = make(registry_keys::duplicate, 2);
  std::string failure;
  in_process([&](process& self) {
    x.register_key(self, "a", 1);
    x.register_key(self, "b", 1);
    try {
      x.register_key(self, "c", 1);
    } catch (const std::length_error& e) {
      failure = e.what();
    }
  });
  EXPECT_EQ(failure, "registry rooms is full: entries_max reached");
  EXPECT_EQ(x.count(), 2u);
}

TEST_P(registry_test, update_value_changes_the_owners_own) {
  auto x = make(registry_keys::unique);
  std::vector<bool> done;
  in_process([&](process& self) {
    x.register_key(self, "lobby", 1);
    done.push_back(x.update_value(self, "lobby", [](int v) { return v + 1; }));
  });
  in_process([&](process& self) {
    done.push_back(x.update_value(self, "lobby", [](int v) { return v + 1; }));
  });
  EXPECT_EQ(done, (std::vector{true, false}));
  EXPECT_EQ(x.lookup("lobby")[0].value, 2);
}

TEST_P(registry_test, select_and_dispatch_find_entries) {
  const auto x = make(registry_keys::duplicate);
  for (int i = 0; i < 10; ++i)
    enter(x, i % 2 == 0 ? "even" : "odd", i);
  const auto big = [](const std::string&, const rooms::entry& e) {
    return e.value > 4;
  };
  EXPECT_EQ(x.select(big, 100).size(), 5u);
  EXPECT_EQ(x.select(big, 3).size(), 3u);
  std::size_t reached = 0;
  x.dispatch("odd", [&](const auto& found) { reached = found.size(); });
  EXPECT_EQ(reached, 5u);
  x.dispatch("none", [&](const auto&) { reached = 0; });
  EXPECT_EQ(reached, 5u);
}

TEST_P(registry_test, listeners_hear_of_entries_and_their_end) {
  std::vector<std::string> heard;
  node().spawn([&](process& self) -> behavior {
    self.register_name("ear");
    return {[&](const rooms::event& x) {
      const bool in = x.what == rooms::event::kind::registered;
      heard.push_back((in ? "+" : "-") + x.key + std::to_string(x.value));
    }};
  });
  sim.run();
  const auto x =
    rooms::create(node(), {.name = "rooms", .listeners = {"ear", "nobody"}});
  const auto id = enter(x, "lobby", 1);
  node().exit(id, exit_reason::kill());
  sim.run();
  EXPECT_EQ(heard, (std::vector<std::string>{"+lobby1", "-lobby1"}));
}

TEST_P(registry_test, is_found_by_name_and_types) {
  const auto x = make(registry_keys::unique);
  const auto id = enter(x, "lobby", 1);
  EXPECT_EQ(rooms::find(node(), "rooms")->whereis("lobby"), id);
  EXPECT_FALSE(rooms::find(node(), "other"));
  EXPECT_FALSE((registry<int, int>::find(node(), "rooms")));
  EXPECT_THROW(make(registry_keys::unique), std::invalid_argument);
  EXPECT_THROW(rooms::create(node(), {}), std::invalid_argument);
  EXPECT_THROW(rooms{}.count(), std::logic_error);
}

} // namespace
} // namespace bennu::runtime
