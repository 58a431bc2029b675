#include "runtime/table.hpp"
#include "tests/runtime/table_fixture.hpp"

namespace bennu::runtime {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class table_heir_test : public table_fixture {
protected:
  void expect_transfer(const pid& to, const pid& from, const ages& t,
                       const std::string& data) {
    ASSERT_THAT(transfers, SizeIs(1));
    const auto& [who, x] = transfers.front();
    EXPECT_EQ(who, to);
    EXPECT_EQ(x.from, from);
    EXPECT_EQ(ages::from(x.table), t);
    EXPECT_EQ(x.name, t.info().name);
    ASSERT_TRUE(x.data.value_if<std::string>());
    EXPECT_EQ(*x.data.value_if<std::string>(), data);
  }
};

TEST_F(table_heir_test, an_heir_gets_the_table_with_its_rows) {
  for (const std::size_t shard : {0u, 1u}) {
    transfers.clear();
    const auto heir = spawn(shard);
    const auto t = make(
      {.name = "ages", .heir = heir, .heir_data = make_message("yours now")});
    in(owner, [&](process&) { t.insert("ann", 31); });
    end(owner);
    expect_transfer(heir, owner, t, "yours now");
    EXPECT_EQ(t.info().owner, heir);
    in(heir, [&](process&) { t.insert("bob", 4); });
    EXPECT_EQ(t.size(), 2u);
    EXPECT_EQ(ages::whereis(sim.node(), "ages"), t);
    end(heir);
    EXPECT_FALSE(t.ref().exists());
  }
}

TEST_F(table_heir_test, the_table_is_the_heirs_before_it_hears_of_the_end) {
  for (const std::size_t shard : {0u, 1u}) {
    transfers.clear();
    const auto heir = spawn(shard);
    const auto t = make({.name = "ages", .heir = heir});
    bool heard = false;
    on_down = [&](const down_message&) {
      EXPECT_EQ(t.info().owner, heir);
      EXPECT_THAT(transfers, SizeIs(1)) << "the transfer comes first";
      heard = true;
    };
    in(heir, [&](process& self) { self.monitor(owner); });
    end(owner);
    EXPECT_TRUE(heard);
    end(heir);
  }
}

TEST_F(table_heir_test, a_dead_heir_inherits_nothing) {
  for (const std::size_t shard : {0u, 1u}) {
    const auto heir = spawn(shard);
    end(heir);
    const auto t = make({.name = "ages", .heir = heir});
    EXPECT_TRUE(t.ref().exists());
    end(owner);
    EXPECT_FALSE(t.ref().exists());
    EXPECT_THAT(transfers, IsEmpty());
  }
}

TEST_F(table_heir_test, an_heir_that_dies_first_inherits_nothing) {
  for (const std::size_t shard : {0u, 1u}) {
    const auto heir = spawn(shard);
    const auto t = make({.name = "ages", .heir = heir});
    end(heir);
    EXPECT_TRUE(t.ref().exists());
    end(owner);
    EXPECT_FALSE(t.ref().exists());
  }
}

TEST_F(table_heir_test, both_dying_at_once_leaves_no_table) {
  const auto heir = spawn(1);
  const auto t = make({.name = "ages", .heir = heir});
  sim.node().exit(heir, exit_reason::kill());
  sim.node().exit(owner, exit_reason::kill());
  sim.run();
  EXPECT_FALSE(t.ref().exists());
  EXPECT_THAT(sim.node().tables(), IsEmpty());
}

TEST_F(table_heir_test, an_heir_may_have_many_tables_to_inherit) {
  const auto heir = spawn(1);
  const auto who = in_new([&](process& self) {
    for (int i = 0; i < 50; ++i)
      ages::create(self, {.name = std::to_string(i), .heir = heir});
  });
  end(who);
  EXPECT_THAT(transfers, SizeIs(50));
  for (const auto& x : sim.node().tables())
    EXPECT_EQ(x.owner, heir);
}

TEST_F(table_heir_test, the_heir_of_an_heir_is_the_same_heir) {
  // As in ETS: the heir stays set, and cannot inherit from itself.
  const auto heir = spawn();
  const auto t = make({.name = "ages", .heir = heir});
  end(owner);
  EXPECT_EQ(t.info().heir, heir);
  end(heir);
  EXPECT_FALSE(t.ref().exists());
}

TEST_F(table_heir_test, an_heir_can_be_set_changed_and_unset) {
  const auto one = spawn();
  const auto two = spawn(1);
  const auto t = make({.name = "ages", .heir = one});
  in(owner, [&](process&) { t.set_heir(two, make_message("for two")); });
  EXPECT_EQ(t.info().heir, two);
  end(owner);
  expect_transfer(two, owner, t, "for two");
  in(two, [&](process&) { t.set_heir({}); });
  end(two);
  EXPECT_FALSE(t.ref().exists());
}

TEST_F(table_heir_test, only_the_owner_sets_the_heir) {
  const auto t = make();
  in_new([&](process& self) {
    EXPECT_THAT(error_of([&] { t.set_heir(self.self()); }),
                HasSubstr("table ages is protected"));
  });
}

TEST_F(table_heir_test, a_process_of_another_node_cannot_inherit) {
  sim_node other;
  const auto stranger =
    other.node().spawn([](process&) -> behavior { return {[](int) {}}; });
  in_new([&](process& self) {
    EXPECT_THAT(
      error_of([&] { ages::create(self, {.name = "t", .heir = stranger}); }),
      HasSubstr("another node"));
  });
  EXPECT_THAT(sim.node().tables(), IsEmpty());
}

// -- give_away ----------------------------------------------------------------

TEST_F(table_heir_test, a_table_can_be_given_away) {
  for (const std::size_t shard : {0u, 1u}) {
    transfers.clear();
    const auto t = make();
    const auto next = spawn(shard);
    in(owner, [&](process&) { t.give_away(next, make_message("a gift")); });
    expect_transfer(next, owner, t, "a gift");
    in(owner, [&](process&) {
      EXPECT_THAT(error_of([&] { t.insert("a", 1); }), HasSubstr("protected"));
      EXPECT_THAT(error_of([&] { t.give_away(owner); }),
                  HasSubstr("protected"));
    });
    end(owner);
    EXPECT_TRUE(t.ref().exists()) << "it is no longer the giver's";
    in(next, [&](process&) { t.insert("a", 1); });
    end(next);
    EXPECT_FALSE(t.ref().exists());
  }
}

TEST_F(table_heir_test, a_table_given_there_and_back_stays) {
  const auto t = make();
  const auto next = spawn(1);
  in(owner, [&](process&) { t.give_away(next); });
  in(next, [&](process&) { t.give_away(owner); });
  end(next);
  EXPECT_EQ(t.info().owner, owner);
  EXPECT_THAT(transfers, SizeIs(2));
}

TEST_F(table_heir_test, only_the_owner_gives_away) {
  const auto t = make({.name = "t", .access = table_access::public_});
  in_new([&](process& self) {
    EXPECT_THAT(error_of([&] { t.give_away(self.self()); }),
                HasSubstr("cannot be given away by"));
  });
}

TEST_F(table_heir_test, a_table_is_not_given_to_its_owner_or_to_nobody) {
  const auto t = make();
  const auto dead = spawn();
  end(dead);
  in(owner, [&](process&) {
    EXPECT_THAT(error_of([&] { t.give_away(owner); }), HasSubstr("the owner"));
    EXPECT_THAT(error_of([&] { t.give_away(dead); }), HasSubstr("alive"));
    EXPECT_THAT(error_of([&] { t.give_away({}); }), HasSubstr("alive"));
  });
  EXPECT_EQ(t.info().owner, owner);
}

TEST_F(table_heir_test, a_gift_to_the_dead_of_another_shard_is_lost) {
  const auto dead = spawn(1);
  end(dead);
  const auto t = make();
  in(owner, [&](process&) { t.give_away(dead); });
  EXPECT_THAT(error_of([&] { t.size(); }),
              HasSubstr("its owner " + to_string(dead) + " has ended"));
}

TEST_F(table_heir_test, a_gift_to_the_dead_goes_to_the_heir) {
  const auto dead = spawn(1);
  const auto heir = spawn();
  end(dead);
  const auto t = make({.name = "ages", .heir = heir});
  in(owner, [&](process&) { t.give_away(dead); });
  EXPECT_EQ(t.info().owner, heir);
}

} // namespace
} // namespace bennu::runtime
