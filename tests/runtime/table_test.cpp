#include "runtime/table.hpp"
#include "tests/runtime/table_fixture.hpp"

#include <future>

namespace bennu::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class table_test : public table_fixture {};

// -- new ----------------------------------------------------------------------

TEST_F(table_test, a_new_one_is_a_protected_set_of_its_maker) {
  const auto t = make();
  const auto info = t.info();
  EXPECT_EQ(info.name, "ages");
  EXPECT_EQ(info.kind, table_kind::set);
  EXPECT_EQ(info.access, table_access::protected_);
  EXPECT_EQ(info.owner, owner);
  EXPECT_FALSE(info.heir);
  EXPECT_TRUE(info.named);
  EXPECT_FALSE(info.read_concurrency);
  EXPECT_FALSE(info.write_concurrency);
  EXPECT_EQ(info.size, 0u);
  EXPECT_EQ(info.objects_max, std::size_t{1} << 24);
  EXPECT_EQ(info.row_type, "int");
  EXPECT_THAT(info.key_type, HasSubstr("string"));
  EXPECT_STREQ(to_string(info.access), "protected");
}

TEST_F(table_test, a_named_one_is_found_by_its_name) {
  const auto t = make();
  EXPECT_EQ(ages::whereis(sim.node(), "ages"), t);
  EXPECT_FALSE(ages::whereis(sim.node(), "nobody"));
}

TEST_F(table_test, one_without_a_registered_name_shares_its_label) {
  const auto one = make({.name = "t", .named = false});
  const auto two = make({.name = "t", .named = false});
  EXPECT_FALSE(ages::whereis(sim.node(), "t"));
  EXPECT_FALSE(one == two);
  EXPECT_NE(one.info().id, two.info().id);
  EXPECT_EQ(sim.node().find_table(two.info().id), two.ref());
}

TEST_F(table_test, a_taken_name_is_an_error) {
  const auto t = make();
  in_new([&](process& self) {
    EXPECT_EQ(error_of([&] { ages::create(self, {.name = "ages"}); }),
              "there is a table ages already");
  });
}

TEST_F(table_test, a_table_of_other_types_is_not_found_by_its_name) {
  const auto t = make();
  using names = table<std::string, int>;
  EXPECT_THAT(error_of([&] { names::whereis(sim.node(), "ages"); }),
              HasSubstr("table ages has rows int under keys"));
}

TEST_F(table_test, a_bag_of_rows_without_equality_cannot_be_made) {
  struct opaque {
    int value = 0;
  };
  in_new([&](process& self) {
    EXPECT_THROW((table<opaque, int>::create(
                   self, {.name = "t", .kind = table_kind::bag})),
                 std::invalid_argument);
  });
  EXPECT_THAT(sim.node().tables(), IsEmpty());
}

TEST_F(table_test, a_node_has_tables_max_tables_and_not_one_more) {
  node small{{.shards = 1, .tables_max = 3}};
  std::promise<void> done;
  small.spawn([&](process& self) -> behavior {
    for (int i = 0; i < 3; ++i)
      ages::create(self, {});
    EXPECT_THROW(ages::create(self, {.name = "one more"}), std::length_error);
    done.set_value();
    return {[](int) {}};
  });
  done.get_future().wait();
  EXPECT_THAT(small.tables(), SizeIs(3));
}

TEST_F(table_test, a_handle_of_no_table_says_so) {
  ages none;
  EXPECT_FALSE(none);
  EXPECT_EQ(error_of([&] { none.lookup("a"); }), "no table: an empty handle");
  EXPECT_EQ(error_of([&] { none.insert("a", 1); }),
            "no table: an empty handle");
}

// -- privacy ------------------------------------------------------------------

TEST_F(table_test, a_protected_one_is_read_by_all_and_written_by_its_owner) {
  const auto t = make();
  in(owner, [&](process&) { t.insert("ann", 31); });
  in_new([&](process& self) {
    EXPECT_EQ(t.find("ann"), 31);
    EXPECT_EQ(error_of([&] { t.insert("ann", 32); }),
              "table ages is protected: it cannot be written by "
                + to_string(self.self()) + ", only by its owner "
                + to_string(owner));
  });
  EXPECT_EQ(t.find("ann"), 31);
  EXPECT_THAT(error_of([&] { t.erase("ann"); }),
              HasSubstr("what is no process"));
}

TEST_F(table_test, a_private_one_is_its_owners_alone) {
  const auto t = make({.name = "t", .access = table_access::private_});
  in(owner, [&](process&) {
    t.insert("ann", 31);
    EXPECT_EQ(t.find("ann"), 31);
  });
  in_new([&](process&) {
    EXPECT_THAT(error_of([&] { t.lookup("ann"); }),
                HasSubstr("table t is private: it cannot be read by"));
    EXPECT_THAT(error_of([&] { t.insert("ann", 1); }), HasSubstr("written"));
    EXPECT_THAT(error_of([&] { t.first(); }), HasSubstr("private"));
    EXPECT_THAT(error_of([&] { t.select(); }), HasSubstr("private"));
  });
  EXPECT_THAT(error_of([&] { t.size(); }), HasSubstr("private"));
}

TEST_F(table_test, a_public_one_is_everybodys) {
  const auto t = make_public(table_kind::set);
  in_new([&](process&) { t.insert("ann", 31); }, 1);
  EXPECT_EQ(t.find("ann"), 31);
  t.insert("ann", 32);
  EXPECT_EQ(t.find("ann"), 32);
}

TEST_F(table_test, a_process_makes_a_table_for_itself_only) {
  in_new([&](process& other) {
    in_new([&](process&) {
      EXPECT_THAT(error_of([&] { ages::create(other, {.name = "t"}); }),
                  HasSubstr("cannot be made for " + to_string(other.self())));
    });
  });
  EXPECT_THAT(sim.node().tables(), IsEmpty());
}

TEST_F(table_test, what_a_process_may_it_may_in_its_members_and_terminate_too) {
  struct keeper final : process {
    explicit keeper(std::vector<std::string>& told) : seen(told) {
      rows.insert("made", 1);
    }
    void handle_message(message&) override { stop(); }
    void terminate(const exit_reason&) override {
      rows.insert("ended", 2);
      for (const auto& x : rows.to_list())
        seen.push_back(x.key);
    }
    std::vector<std::string>& seen;
    ages rows = ages::create(*this, {.kind = table_kind::ordered_set,
                                     .access = table_access::private_});
  };
  std::vector<std::string> seen;
  const auto id =
    sim.node().spawn({}, std::in_place_type<keeper>, std::ref(seen));
  sim.node().send(id, 1);
  sim.run();
  EXPECT_THAT(seen, ElementsAre("ended", "made"));
}

// -- the end of the owner -----------------------------------------------------

TEST_F(table_test, a_table_ends_with_its_owner) {
  const auto t = make();
  end(owner);
  EXPECT_EQ(error_of([&] { t.lookup("ann"); }),
            "table ages is gone: its owner " + to_string(owner) + " has ended");
  EXPECT_THAT(error_of([&] { t.insert("ann", 1); }), HasSubstr("gone"));
  EXPECT_THAT(error_of([&] { t.info(); }), HasSubstr("gone"));
  EXPECT_THAT(error_of([&] { t.select(); }), HasSubstr("gone"));
  EXPECT_FALSE(t.ref().exists());
  EXPECT_FALSE(ages::whereis(sim.node(), "ages"));
  EXPECT_THAT(sim.node().tables(), IsEmpty());
}

TEST_F(table_test, all_tables_of_a_killed_owner_end) {
  std::vector<ages> all;
  const auto who = in_new([&](process& self) {
    for (int i = 0; i < 100; ++i)
      all.push_back(ages::create(self, {.name = "t" + std::to_string(i)}));
  });
  EXPECT_THAT(sim.node().tables(), SizeIs(100));
  end(who, exit_reason::kill());
  for (const auto& t : all)
    EXPECT_FALSE(t.ref().exists());
}

TEST_F(table_test, a_table_is_gone_before_monitors_hear_of_the_end) {
  for (const std::size_t shard : {0u, 1u}) {
    const auto t = make();
    bool heard = false;
    on_down = [&](const down_message& x) {
      EXPECT_EQ(x.from, owner);
      EXPECT_FALSE(t.ref().exists());
      heard = true;
    };
    const auto watcher =
      in_new([&](process& self) { self.monitor(owner); }, shard);
    end(owner);
    EXPECT_TRUE(heard);
    end(watcher);
  }
}

TEST_F(table_test, a_successor_may_take_the_name_at_once) {
  make();
  end(owner);
  const auto t = make();
  EXPECT_TRUE(t.ref().exists());
}

TEST_F(table_test, a_huge_table_of_a_dead_owner_is_freed_bit_by_bit) {
  const auto counter = std::make_shared<int>(0);
  using shares = table<std::shared_ptr<int>, int>;
  shares t;
  const auto who = in_new([&](process& self) {
    t = shares::create(self, {.name = "t"});
    for (int i = 0; i < 10'000; ++i)
      t.insert(i, counter);
  });
  EXPECT_EQ(counter.use_count(), 10'001);
  long after_death = 0;
  sim.node().run_on(0, [&] {
    sim.node().exit(who, exit_reason::kill());
    after_death = counter.use_count();
  });
  EXPECT_GT(after_death, 5'000) << "the end itself took not all of it";
  sim.run();
  EXPECT_EQ(counter.use_count(), 1) << "though a handle is left";
}

TEST_F(table_test, handles_outlive_the_node) {
  ages t;
  {
    sim_node other;
    other.node().spawn([&](process& self) -> behavior {
      t = ages::create(self, {.name = "t"});
      t.insert("a", 1);
      return {[](int) {}};
    });
    other.run();
    EXPECT_EQ(t.size(), 1u);
  }
  EXPECT_THAT(error_of([&] { t.size(); }), HasSubstr("table t is gone"));
}

TEST_F(table_test, other_shards_read_on_until_the_owner_ends) {
  struct more {};
  node real{{.shards = 2}};
  std::promise<ages> made;
  const auto keeper =
    real.spawn({.shard = 0}, std::in_place_type<function_process>,
               [&](process& self) -> behavior {
                 const auto t = ages::create(self, {.name = "t"});
                 made.set_value(t);
                 self.send(self.self(), more{});
                 return {[&self, t](more) {
                   t.insert(std::to_string(t.size() % 5000), 1);
                   self.send(self.self(), more{});
                 }};
               });
  const auto t = made.get_future().get();
  std::promise<std::string> ended;
  std::promise<void> seen;
  real.spawn({.shard = 1}, std::in_place_type<function_process>,
             [&](process& self) -> behavior {
               self.send(self.self(), more{});
               return {[&, told = false](more) mutable {
                 const auto why = error_of([&] { t.select(); });
                 if (!std::exchange(told, true))
                   seen.set_value();
                 if (why.empty())
                   return self.send(self.self(), more{});
                 ended.set_value(why);
                 self.stop();
               }};
             });
  seen.get_future().wait();
  real.exit(keeper, exit_reason::kill());
  EXPECT_EQ(ended.get_future().get(),
            "table t is gone: its owner " + to_string(keeper) + " has ended");
}

TEST_F(table_test, delete_table_is_for_whoever_may_write) {
  const auto t = make();
  in_new([&](process&) {
    EXPECT_THAT(error_of([&] { t.delete_table(); }), HasSubstr("protected"));
  });
  in(owner, [&](process&) { t.delete_table(); });
  EXPECT_EQ(error_of([&] { t.size(); }),
            "table ages is gone: it was deleted by " + to_string(owner));
  in(owner, [&](process&) {
    EXPECT_THAT(error_of([&] { t.delete_table(); }), HasSubstr("gone"));
  });
}

// -- rename -------------------------------------------------------------------

TEST_F(table_test, a_renamed_one_is_found_by_its_new_name_only) {
  const auto t = make();
  in(owner, [&](process&) { t.rename("years"); });
  EXPECT_FALSE(ages::whereis(sim.node(), "ages"));
  EXPECT_EQ(ages::whereis(sim.node(), "years"), t);
  EXPECT_EQ(t.info().name, "years");
  end(owner);
  EXPECT_THAT(error_of([&] { t.size(); }), HasSubstr("table years is gone"));
}

TEST_F(table_test, renaming_to_a_taken_name_changes_nothing) {
  make({.name = "taken"});
  const auto t = make();
  in(owner, [&](process&) {
    EXPECT_THAT(error_of([&] { t.rename("taken"); }),
                HasSubstr("table ages cannot be renamed"));
  });
  EXPECT_EQ(ages::whereis(sim.node(), "ages"), t);
}

// -- looking in ---------------------------------------------------------------

TEST_F(table_test, the_node_lists_its_tables_the_oldest_first) {
  make({.name = "b"});
  const auto second = make({.name = "a", .kind = table_kind::bag});
  in(owner, [&](process&) { second.insert("x", 1); });
  const auto all = sim.node().tables();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].name, "b");
  EXPECT_EQ(all[1].name, "a");
  EXPECT_EQ(all[1].kind, table_kind::bag);
  EXPECT_EQ(all[1].size, 1u);
  EXPECT_GT(all[1].memory, all[0].memory);
}

struct seen_page {
  std::string page;
  int count = 0;
};
auto fields(seen_page& x) {
  return std::tie(x.page, x.count);
}

struct opaque {
  int value = 0;
};

TEST_F(table_test, rows_are_shown_to_observers_page_by_page) {
  using visits = table<seen_page, int>;
  in_new([&](process& self) {
    const auto t = visits::create(self, {.name = "visits",
                                         .kind = table_kind::ordered_set,
                                         .access = table_access::private_});
    for (int i = 0; i < 5; ++i)
      t.insert(i, {"/", i * 10});
  });
  const auto t = sim.node().find_table("visits");
  const auto first = t.rows(2);
  ASSERT_THAT(first.lines, SizeIs(2));
  EXPECT_EQ(first.lines[1].key, "1");
  EXPECT_EQ(first.lines[1].row, "{\"/\", 10}");
  const auto second = t.rows(2, first.more);
  EXPECT_EQ(second.lines[0].key, "2");
  const auto third = t.rows(2, second.more);
  EXPECT_THAT(third.lines, SizeIs(1));
  EXPECT_FALSE(third.more.has_value());
}

TEST_F(table_test, a_row_that_cannot_be_shown_is_named_by_its_type) {
  in_new([&](process& self) {
    table<opaque, int>::create(self, {.name = "t"}).insert(1, {});
  });
  EXPECT_THAT(sim.node().find_table("t").rows(1).lines[0].row,
              HasSubstr("opaque"));
}

} // namespace
} // namespace bennu::runtime
