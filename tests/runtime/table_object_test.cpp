#include "runtime/table.hpp"
#include "tests/runtime/table_fixture.hpp"

#include <limits>
#include <set>

namespace bennu::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class table_object_test : public table_fixture {
protected:
  table_options with_limit(table_kind kind, std::size_t max,
                           bool parts = false) {
    return {.name = "small",
            .kind = kind,
            .access = table_access::public_,
            .named = false,
            .write_concurrency = parts,
            .objects_max = max};
  }
};

// -- insert, lookup -----------------------------------------------------------

TEST_F(table_object_test, an_empty_table_has_nothing) {
  for (const auto kind : all_kinds) {
    const auto t = make_public(kind);
    EXPECT_EQ(t.size(), 0u);
    EXPECT_THAT(t.lookup("a"), IsEmpty());
    EXPECT_FALSE(t.find("a"));
    EXPECT_FALSE(t.member("a"));
    EXPECT_FALSE(t.first());
    EXPECT_FALSE(t.last());
    EXPECT_THAT(t.take("a"), IsEmpty());
    EXPECT_EQ(t.erase("a"), 0u);
    EXPECT_THAT(t.to_list(), IsEmpty());
    t.insert(ages::objects{});
    EXPECT_EQ(t.size(), 0u);
  }
}

TEST_F(table_object_test, sets_replace_and_bags_add) {
  for (const auto kind : all_kinds) {
    const auto t = make_public(kind);
    t.insert("a", 1);
    t.insert("a", 2);
    t.insert("a", 1);
    switch (kind) {
    case table_kind::set:
    case table_kind::ordered_set:
      EXPECT_THAT(t.lookup("a"), ElementsAre(1));
      break;
    case table_kind::bag:
      EXPECT_THAT(t.lookup("a"), ElementsAre(1, 2));
      break;
    case table_kind::duplicate_bag:
      EXPECT_THAT(t.lookup("a"), ElementsAre(1, 2, 1));
      break;
    }
    EXPECT_EQ(t.size(), t.count("a"));
    EXPECT_TRUE(t.member("a"));
  }
}

TEST_F(table_object_test,
       lookup_gives_a_keys_objects_in_the_order_of_insertion) {
  const auto t = make_public(table_kind::duplicate_bag);
  for (int i = 0; i < 100; ++i) {
    t.insert("a", i);
    t.insert("b", -i);
  }
  const auto rows = t.lookup("a");
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(rows[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(t.find("b"), 0) << "the oldest";
}

TEST_F(table_object_test, a_list_is_inserted_as_a_whole) {
  for (const auto kind : all_kinds) {
    const auto t = make_public(kind);
    t.insert({{"a", 1}, {"b", 2}, {"a", 3}});
    EXPECT_EQ(t.find("b"), 2);
    EXPECT_EQ(t.lookup("a").back(), 3);
  }
}

TEST_F(table_object_test, a_list_past_the_limit_goes_in_not_at_all) {
  for (const auto kind : all_kinds)
    for (const bool parts : {false, true}) {
      const auto t = make(with_limit(kind, 3, parts));
      t.insert("a", 1);
      EXPECT_THROW(t.insert({{"b", 1}, {"c", 1}, {"d", 1}}), std::length_error);
      EXPECT_EQ(t.size(), 1u);
      t.insert({{"b", 1}, {"c", 1}});
      EXPECT_EQ(t.size(), 3u);
    }
}

TEST_F(table_object_test, a_list_that_replaces_fits_a_full_set) {
  for (const bool parts : {false, true}) {
    const auto t = make(with_limit(table_kind::set, 2, parts));
    t.insert({{"a", 1}, {"b", 1}});
    t.insert({{"a", 2}, {"b", 2}, {"a", 3}});
    EXPECT_EQ(t.find("a"), 3);
    EXPECT_THROW(t.insert({{"a", 4}, {"c", 4}}), std::length_error);
    EXPECT_EQ(t.find("a"), 3);
  }
}

TEST_F(table_object_test, a_table_holds_objects_max_and_not_one_more) {
  for (const auto kind : all_kinds)
    for (const bool parts : {false, true}) {
      const auto t = make(with_limit(kind, 2, parts));
      t.insert("a", 1);
      t.insert("b", 1);
      EXPECT_THROW(t.insert("c", 1), std::length_error);
      EXPECT_THROW(t.insert_new("c", 1), std::length_error);
      EXPECT_EQ(t.size(), 2u);
      t.erase("a");
      t.insert("c", 1);
      EXPECT_THROW(t.insert("d", 1), std::length_error);
    }
}

TEST_F(table_object_test, insert_new_leaves_what_is_there) {
  for (const auto kind : all_kinds) {
    const auto t = make_public(kind);
    EXPECT_TRUE(t.insert_new("a", 1));
    EXPECT_FALSE(t.insert_new("a", 2));
    EXPECT_THAT(t.lookup("a"), ElementsAre(1));
    EXPECT_FALSE(t.insert_new({{"b", 1}, {"a", 3}}));
    EXPECT_FALSE(t.member("b")) << "all or nothing";
    EXPECT_TRUE(t.insert_new({{"b", 1}, {"c", 1}}));
    EXPECT_EQ(t.size(), 3u);
  }
}

TEST_F(table_object_test, a_bag_with_parts_counts_what_it_stores) {
  const auto t = make(with_limit(table_kind::bag, 2, true));
  for (int i = 0; i < 10; ++i)
    t.insert("a", 1);
  t.insert("a", 2);
  t.insert("a", 2);
  EXPECT_THROW(t.insert("a", 3), std::length_error);
  EXPECT_THAT(t.lookup("a"), ElementsAre(1, 2));
}

TEST_F(table_object_test, keys_whose_hashes_clash_are_still_two) {
  struct clash {
    std::size_t operator()(int) const { return 7; }
  };
  using clashing = table<int, int, clash>;
  for (const auto kind : all_kinds)
    for (const bool parts : {false, true})
      in_new([&](process& self) {
        const auto t =
          clashing::create(self, {.kind = kind, .write_concurrency = parts});
        for (int i = 0; i < 50; ++i)
          t.insert(i, i * 10);
        for (int i = 0; i < 50; i += 2)
          t.erase(i);
        for (int i = 0; i < 50; ++i)
          EXPECT_EQ(t.member(i), i % 2 == 1);
        EXPECT_EQ(t.find(49), 490);
      });
}

TEST_F(table_object_test, tuples_are_keys) {
  using cell = std::tuple<std::string, int>;
  using cells = table<double, cell>;
  for (const auto kind : all_kinds)
    in_new([&](process& self) {
      const auto t = cells::create(self, {.kind = kind});
      t.insert({"a", 1}, 0.5);
      EXPECT_EQ(t.find({"a", 1}), 0.5);
      EXPECT_FALSE(t.member({"a", 2}));
    });
}

// -- lookup_element -----------------------------------------------------------

struct user {
  std::string name;
  int age = 0;
  std::int8_t karma = 0;
  friend bool operator==(const user&, const user&) = default;
};

class table_element_test : public table_object_test {
protected:
  using users = table<user, int>;

  users make_users(table_kind kind = table_kind::set) {
    users t;
    in_new([&](process& self) {
      t = users::create(self, {.name = "users",
                               .kind = kind,
                               .access = table_access::public_,
                               .named = false});
    });
    return t;
  }
};

TEST_F(table_element_test, a_part_of_a_row_is_looked_up) {
  const auto t = make_users();
  t.insert(1, {"ann", 31});
  EXPECT_EQ(t.lookup_element(1, &user::name), "ann");
  EXPECT_EQ(t.lookup_element(1, &user::age), 31);
  EXPECT_THROW(t.lookup_element(2, &user::age), std::out_of_range);
  EXPECT_EQ(t.lookup_element(2, &user::age, -1), -1);
  EXPECT_EQ(t.lookup_element(1, &user::age, -1), 31);
}

TEST_F(table_element_test, a_part_of_each_row_of_a_bag_is_looked_up) {
  const auto t = make_users(table_kind::duplicate_bag);
  t.insert(1, {"ann", 31});
  t.insert(1, {"bob", 4});
  EXPECT_THAT(t.lookup_elements(1, &user::name), ElementsAre("ann", "bob"));
  EXPECT_THAT(t.lookup_elements(2, &user::name), IsEmpty());
}

// -- update_element, update_counter -------------------------------------------

TEST_F(table_element_test, update_element_changes_a_part_in_place) {
  for (const auto kind : {table_kind::set, table_kind::ordered_set}) {
    const auto t = make_users(kind);
    t.insert(1, {"ann", 31});
    EXPECT_TRUE(t.update_element(1, &user::age, 32));
    EXPECT_EQ(t.find(1), (user{"ann", 32}));
    EXPECT_FALSE(t.update_element(2, &user::age, 1));
    t.update_element(2, &user::age, 5, {"bob", 4});
    EXPECT_EQ(t.find(2), (user{"bob", 5}));
    EXPECT_TRUE(t.update(2, [](user& x) { x.name += "by"; }));
    EXPECT_EQ(t.find(2), (user{"bobby", 5}));
  }
}

TEST_F(table_element_test, a_bags_objects_cannot_be_updated) {
  for (const auto kind : {table_kind::bag, table_kind::duplicate_bag}) {
    const auto t = make_users(kind);
    t.insert(1, {"ann", 31});
    EXPECT_THAT(error_of([&] { t.update_element(1, &user::age, 1); }),
                HasSubstr("only an object of a set can be updated"));
    EXPECT_THAT(error_of([&] { t.update_counter(1, &user::age); }),
                HasSubstr(to_string(kind)));
  }
}

TEST_F(table_element_test, update_counter_adds_and_tells_the_result) {
  for (const auto kind : {table_kind::set, table_kind::ordered_set}) {
    const auto t = make_users(kind);
    t.insert(1, {"ann", 31});
    EXPECT_EQ(t.update_counter(1, &user::age), 32);
    EXPECT_EQ(t.update_counter(1, &user::age, {.increment = -10}), 22);
    EXPECT_EQ(t.find(1), (user{"ann", 22}));
  }
}

TEST_F(table_element_test, past_its_threshold_a_counter_takes_the_set_value) {
  const auto t = make_users();
  t.insert(1, {"ann", 8});
  const counter_step<int> up{.increment = 1, .threshold = 10, .set_value = 0};
  EXPECT_EQ(t.update_counter(1, &user::age, up), 9);
  EXPECT_EQ(t.update_counter(1, &user::age, up), 10) << "not past yet";
  EXPECT_EQ(t.update_counter(1, &user::age, up), 0);
  const counter_step<int> down{
    .increment = -1, .threshold = 0, .set_value = 99};
  EXPECT_EQ(t.update_counter(1, &user::age, down), 99);
}

TEST_F(table_element_test, several_steps_are_taken_in_one_go) {
  const auto t = make_users();
  t.insert(1, {"ann", 1});
  EXPECT_THAT(
    t.update_counters(1, &user::age,
                      {{.increment = 1},
                       {.increment = 5, .threshold = 6, .set_value = 2},
                       {.increment = -1}}),
    ElementsAre(2, 2, 1));
  EXPECT_THAT(t.update_counters(1, &user::age, {}), IsEmpty());
}

TEST_F(table_element_test, a_missing_counter_is_an_error_or_starts_somewhere) {
  const auto t = make_users();
  EXPECT_THROW(t.update_counter(1, &user::age), std::out_of_range);
  EXPECT_EQ(t.size(), 0u);
  EXPECT_EQ(t.update_counter(1, &user::age, {.increment = 2}, {"ann", 40}), 42);
  EXPECT_EQ(t.find(1), (user{"ann", 42}));
  EXPECT_EQ(t.update_counter(1, &user::age, {.increment = 2}, {"bob", 0}), 44);
  EXPECT_EQ(t.lookup_element(1, &user::name), "ann");
}

TEST_F(table_element_test, a_counter_that_would_overflow_stays) {
  const auto t = make_users();
  t.insert(1, {"ann", std::numeric_limits<int>::max(), 127});
  EXPECT_THROW(t.update_counter(1, &user::age), std::overflow_error);
  EXPECT_THROW(t.update_counter(1, &user::karma), std::overflow_error);
  EXPECT_THROW(
    t.update_counters(1, &user::age, {{.increment = -1}, {.increment = 2}}),
    std::overflow_error);
  EXPECT_EQ(t.lookup_element(1, &user::age), std::numeric_limits<int>::max());
  EXPECT_EQ(t.lookup_element(1, &user::karma), 127);
}

TEST_F(table_element_test, a_counter_may_be_reached_by_a_function) {
  const auto t = make_public(table_kind::set);
  const auto whole = [](int& row) -> int& { return row; };
  t.insert("hits", 1);
  EXPECT_EQ(t.update_counter("hits", whole, {.increment = 4}), 5);
  EXPECT_EQ(t.update_counter("misses", whole, {.increment = 4}, 10), 14);
}

// -- delete, take -------------------------------------------------------------

TEST_F(table_object_test, erase_removes_the_objects_of_a_key) {
  for (const auto kind : all_kinds) {
    const auto t = make_public(kind);
    t.insert({{"a", 1}, {"a", 2}, {"b", 1}});
    const auto under_a = t.count("a");
    EXPECT_EQ(t.erase("a"), under_a);
    EXPECT_FALSE(t.member("a"));
    EXPECT_TRUE(t.member("b"));
    EXPECT_EQ(t.size(), 1u);
  }
}

TEST_F(table_object_test, erase_object_removes_what_equals_it_only) {
  for (const auto kind : all_kinds) {
    const auto t = make_public(kind);
    t.insert("a", 1);
    EXPECT_EQ(t.erase_object("a", 2), 0u);
    EXPECT_EQ(t.erase_object("b", 1), 0u);
    EXPECT_EQ(t.erase_object("a", 1), 1u);
    EXPECT_EQ(t.size(), 0u);
  }
  const auto t = make_public(table_kind::duplicate_bag);
  t.insert({{"a", 1}, {"a", 2}, {"a", 1}});
  EXPECT_EQ(t.erase_object("a", 1), 2u) << "all instances, as in ETS";
  EXPECT_THAT(t.lookup("a"), ElementsAre(2));
}

TEST_F(table_object_test, take_returns_what_it_removes) {
  for (const auto kind : all_kinds) {
    const auto t = make_public(kind);
    t.insert({{"a", 1}, {"b", 2}});
    EXPECT_THAT(t.take("a"), ElementsAre(1));
    EXPECT_THAT(t.take("a"), IsEmpty());
    EXPECT_THAT(t.to_list(), ElementsAre(ages::object{"b", 2}));
  }
}

TEST_F(table_object_test, clear_removes_all_and_the_table_goes_on) {
  for (const auto kind : all_kinds)
    for (const bool parts : {false, true}) {
      const auto t = make({.name = "t",
                           .kind = kind,
                           .access = table_access::public_,
                           .named = false,
                           .write_concurrency = parts});
      for (int i = 0; i < 5000; ++i)
        t.insert(std::to_string(i), i);
      EXPECT_EQ(t.size(), 5000u);
      t.clear();
      EXPECT_EQ(t.size(), 0u);
      EXPECT_FALSE(t.first());
      t.insert("a", 1);
      EXPECT_THAT(t.to_list(), SizeIs(1));
    }
}

TEST_F(table_object_test, an_emptied_table_gives_memory_back_to_new_objects) {
  const auto t = make_public(table_kind::set);
  const auto fill = [&] {
    for (int i = 0; i < 1000; ++i)
      t.insert(std::to_string(i), i);
  };
  fill();
  const auto memory = t.info().memory;
  for (int round = 0; round < 20; ++round) {
    t.clear();
    fill();
  }
  EXPECT_EQ(t.info().memory, memory);
}

// -- first, next --------------------------------------------------------------

TEST_F(table_object_test, first_and_next_lead_through_every_key_once) {
  for (const auto kind : all_kinds)
    for (const bool parts : {false, true}) {
      const auto t = make({.name = "t",
                           .kind = kind,
                           .access = table_access::public_,
                           .named = false,
                           .write_concurrency = parts});
      for (int i = 0; i < 200; ++i)
        t.insert(std::to_string(i % 100), i);
      std::multiset<std::string> seen;
      for (auto key = t.first(); key; key = t.next(*key))
        seen.insert(*key);
      EXPECT_EQ(seen.size(), 100u);
      EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 100u);
    }
}

TEST_F(table_object_test, an_ordered_set_is_walked_both_ways_in_key_order) {
  const auto t = make_public(table_kind::ordered_set);
  t.insert({{"b", 2}, {"a", 1}, {"c", 3}});
  EXPECT_EQ(t.first(), "a");
  EXPECT_EQ(t.next("a"), "b");
  EXPECT_EQ(t.next("bb"), "c") << "a key that is not there";
  EXPECT_FALSE(t.next("c"));
  EXPECT_EQ(t.last(), "c");
  EXPECT_EQ(t.prev("c"), "b");
  EXPECT_EQ(t.prev("bb"), "b");
  EXPECT_FALSE(t.prev("a"));
}

TEST_F(table_object_test, in_a_hash_kind_last_is_first_and_prev_is_next) {
  const auto t = make_public(table_kind::set);
  t.insert({{"b", 2}, {"a", 1}});
  EXPECT_EQ(t.last(), t.first());
  EXPECT_EQ(t.prev(*t.last()), t.next(*t.first()));
}

TEST_F(table_object_test, next_of_a_key_that_is_not_there_is_an_error) {
  for (const auto kind : {table_kind::set, table_kind::bag}) {
    const auto t = make_public(kind);
    t.insert("a", 1);
    EXPECT_THROW(t.next("b"), std::out_of_range);
  }
}

TEST_F(table_object_test, the_steps_can_bring_the_rows_along) {
  const auto t = make_public(table_kind::ordered_set);
  t.insert({{"a", 1}, {"b", 2}});
  const auto first = t.first_lookup();
  EXPECT_EQ(first->key, "a");
  EXPECT_THAT(first->rows, ElementsAre(1));
  EXPECT_EQ(t.next_lookup("a")->key, "b");
  EXPECT_EQ(t.last_lookup()->key, "b");
  EXPECT_EQ(t.prev_lookup("b")->key, "a");
  EXPECT_FALSE(t.prev_lookup("a"));
}

// -- safe_fixtable ------------------------------------------------------------

TEST_F(table_object_test, under_a_fixation_every_key_met_may_be_erased) {
  for (const auto kind : all_kinds) {
    const auto t = make_public(kind);
    for (int i = 0; i < 100; ++i)
      t.insert(std::to_string(i), i);
    std::set<std::string> seen;
    {
      const auto fixed = t.fix();
      EXPECT_EQ(t.info().fixed, 1u);
      for (auto key = t.first(); key; key = t.next(*key)) {
        EXPECT_TRUE(seen.insert(*key).second);
        t.erase(*key);
      }
      EXPECT_EQ(t.size(), 0u);
      EXPECT_EQ(t.info().keys, 0u);
    }
    EXPECT_EQ(seen.size(), 100u);
    EXPECT_EQ(t.info().fixed, 0u);
    EXPECT_FALSE(t.first());
  }
}

TEST_F(table_object_test, a_key_that_comes_back_under_a_fixation_stays) {
  const auto t = make_public(table_kind::set);
  {
    const auto outer = t.fix();
    for (int round = 0; round < 3; ++round) {
      t.insert("a", 1);
      const auto inner = t.fix();
      t.erase("a");
      EXPECT_FALSE(t.member("a"));
      EXPECT_FALSE(t.first());
      t.insert("a", 2);
    }
    EXPECT_EQ(t.info().keys, 1u);
    t.insert("b", 3);
    t.erase("b");
  }
  EXPECT_THAT(t.to_list(), ElementsAre(ages::object{"a", 2}));
  EXPECT_EQ(t.info().keys, 1u);
  EXPECT_THROW(t.next("b"), std::out_of_range);
}

TEST_F(table_object_test, a_fixation_may_outlive_its_table) {
  const auto t = make();
  const auto fixed = t.fix();
  end(owner);
  EXPECT_FALSE(t.ref().exists());
}

} // namespace
} // namespace bennu::runtime
