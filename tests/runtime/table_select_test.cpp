#include "runtime/table.hpp"
#include "tests/runtime/table_fixture.hpp"

#include <algorithm>
#include <set>

namespace bennu::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

bool even(const std::string&, int row) {
  return row % 2 == 0;
}

class table_select_test : public table_fixture {
protected:
  ages numbers(table_kind kind, int count, bool parts = false) {
    auto t = make({.name = "t",
                   .kind = kind,
                   .access = table_access::public_,
                   .named = false,
                   .write_concurrency = parts});
    for (int i = 0; i < count; ++i)
      t.insert(std::to_string(10'000 + i), i);
    return t;
  }

  /// All that a page and those after it hold.
  static ages::objects all_of(ages::page page) {
    auto all = page.found;
    while (!page.done) {
      page = page.next();
      all.insert(all.end(), page.found.begin(), page.found.end());
    }
    return all;
  }

  static std::multiset<int> rows_of(const ages::objects& all) {
    std::multiset<int> rows;
    for (const auto& x : all)
      rows.insert(x.row);
    return rows;
  }
};

TEST_F(table_select_test, select_takes_what_its_predicate_likes) {
  for (const auto kind : all_kinds)
    for (const bool parts : {false, true}) {
      const auto t = numbers(kind, 3000, parts);
      EXPECT_THAT(t.select(even), SizeIs(1500));
      EXPECT_THAT(t.select(), SizeIs(3000));
      EXPECT_EQ(t.select_count(all_keys{}, even), 1500u);
      EXPECT_THAT(t.select([](const auto& key, int) { return key == "12999"; }),
                  ElementsAre(ages::object{"12999", 2999}));
    }
}

TEST_F(table_select_test, a_limit_gives_pages_that_join_to_the_whole) {
  for (const auto kind : all_kinds)
    for (const bool parts : {false, true})
      for (const std::size_t limit :
           {1u, 7u, 500u, 999u, 1000u, 1001u, 9999u}) {
        const auto t = numbers(kind, 2000, parts);
        const auto first = t.select(all_keys{}, even, limit);
        EXPECT_LE(first.found.size(), limit);
        const auto rows = rows_of(all_of(first));
        EXPECT_EQ(rows.size(), 1000u);
        EXPECT_EQ(std::set(rows.begin(), rows.end()).size(), 1000u);
      }
}

TEST_F(table_select_test, a_limit_of_nothing_finds_nothing_and_is_not_done) {
  const auto t = numbers(table_kind::set, 3);
  const auto page = t.select(all_keys{}, every_object{}, 0);
  EXPECT_THAT(page.found, IsEmpty());
  EXPECT_FALSE(page.done);
}

TEST_F(table_select_test, a_continuation_can_be_used_again) {
  const auto t = numbers(table_kind::ordered_set, 10);
  const auto first = t.select(all_keys{}, every_object{}, 4);
  const auto once = first.next();
  const auto again = first.next();
  EXPECT_EQ(once.found, again.found);
  EXPECT_EQ(once.found.front().row, 4);
}

TEST_F(table_select_test, a_continuation_of_a_table_that_has_gone_says_so) {
  const auto t = numbers(table_kind::set, 10);
  const auto first = t.select(all_keys{}, every_object{}, 4);
  end(owner);
  EXPECT_THAT(error_of([&] { first.next(); }), HasSubstr("table t is gone"));
}

TEST_F(table_select_test, between_pages_the_table_may_change) {
  for (const auto kind : all_kinds) {
    const auto t = numbers(kind, 100);
    auto page = t.select(all_keys{}, every_object{}, 10);
    auto rows = rows_of(page.found);
    for (int round = 0; !page.done; ++round) {
      // What was met goes, what comes is not met, the rest is met once.
      for (const auto& x : page.found)
        t.erase(x.key);
      for (int i = 0; i < 20; ++i)
        t.insert("2" + std::to_string(round * 20 + i), -1);
      page = page.next();
      rows.merge(rows_of(page.found));
    }
    EXPECT_EQ(rows.size(), 100u) << to_string(kind);
    EXPECT_EQ(rows.count(-1), 0u);
  }
}

TEST_F(table_select_test, select_reverse_goes_from_the_last_key_to_the_first) {
  const auto t = numbers(table_kind::ordered_set, 2500);
  for (const std::size_t limit : {1000u, 1u, 2500u, 7u}) {
    auto all = all_of(t.select_reverse(all_keys{}, even, limit));
    EXPECT_EQ(all.front().row, 2498);
    EXPECT_EQ(all.back().row, 0);
    std::reverse(all.begin(), all.end());
    EXPECT_EQ(all, t.select(even));
  }
}

TEST_F(table_select_test, select_reverse_of_a_hash_kind_is_select) {
  const auto t = numbers(table_kind::set, 100);
  EXPECT_EQ(all_of(t.select_reverse(all_keys{}, even, 7)), t.select(even));
}

// -- partly bound keys --------------------------------------------------------

TEST_F(table_select_test, a_prefix_finds_the_same_in_every_kind) {
  for (const auto kind : all_kinds) {
    const auto t = make_public(kind);
    t.insert({{"room:1", 1},
              {"room:2", 2},
              {"rooms", 3},
              {"user:1", 4},
              {"room:", 5},
              {"roo", 6}});
    EXPECT_THAT(rows_of(t.select(keys_with_prefix{"room:"})),
                ElementsAre(1, 2, 5));
    EXPECT_THAT(t.select(keys_with_prefix{""}), SizeIs(6));
    EXPECT_THAT(t.select(keys_with_prefix{"x"}), IsEmpty());
  }
}

TEST_F(table_select_test, bounds_find_the_same_in_every_kind) {
  using squares = table<int, int>;
  for (const auto kind : all_kinds)
    in_new([&](process& self) {
      const auto t = squares::create(self, {.kind = kind});
      for (int i = 0; i < 100; ++i)
        t.insert(i, i * i);
      using between = keys_between<int>;
      EXPECT_THAT(t.select(between{.from = 10, .to = 20}), SizeIs(10));
      EXPECT_THAT(t.select(between{.from = 90}), SizeIs(10));
      EXPECT_THAT(t.select(between{.to = 10}), SizeIs(10));
      EXPECT_THAT(t.select(between{}), SizeIs(100));
      EXPECT_THAT(t.select(between{.from = 20, .to = 10}), IsEmpty());
      EXPECT_EQ(t.select_count(between{.from = 10, .to = 20},
                               [](int, int row) { return row > 150; }),
                7u);
    });
}

TEST_F(table_select_test, the_first_members_of_a_tuple_find_the_rest) {
  using seat = std::tuple<std::string, int, int>;
  using seats = table<int, seat>;
  for (const auto kind : all_kinds)
    in_new([&](process& self) {
      const auto t = seats::create(self, {.kind = kind});
      for (int row = 0; row < 10; ++row)
        for (int place = 0; place < 5; ++place) {
          t.insert({"hall", row, place}, 1);
          t.insert({"stage", row, place}, 2);
        }
      const std::tuple hall{std::string{"hall"}};
      const std::tuple third{std::string{"stage"}, 3};
      EXPECT_THAT(t.select(keys_starting_with{hall}), SizeIs(50));
      EXPECT_THAT(t.select(keys_starting_with{third}), SizeIs(5));
    });
}

/// A key that counts how often keys are compared.
struct counted {
  int value = 0;
  static inline int comparisons = 0;
  friend bool operator<(const counted& a, const counted& b) {
    ++comparisons;
    return a.value < b.value;
  }
  friend bool operator==(const counted&, const counted&) = default;
};
struct counted_hash {
  std::size_t operator()(const counted& x) const {
    return std::hash<int>{}(x.value);
  }
};

TEST_F(table_select_test, in_an_ordered_set_only_the_range_is_searched) {
  using counts = table<int, counted, counted_hash>;
  in_new([&](process& self) {
    const auto t = counts::create(self, {.kind = table_kind::ordered_set});
    for (int i = 0; i < 10'000; ++i)
      t.insert({i}, i);
    counted::comparisons = 0;
    const keys_between<counted> range{.from = counted{5000},
                                      .to = counted{5010}};
    EXPECT_THAT(t.select(range), SizeIs(10));
    EXPECT_THAT(t.select_reverse(range, every_object{}, 3).found, SizeIs(3));
    EXPECT_LT(counted::comparisons, 200);
  });
}

TEST_F(table_select_test, one_key_finds_its_objects_in_pages) {
  for (const bool parts : {false, true}) {
    const auto t = numbers(table_kind::duplicate_bag, 100, parts);
    for (int i = 0; i < 5000; ++i)
      t.insert("me", i);
    EXPECT_THAT(t.select(one_key{"me"}), SizeIs(5000));
    const auto all = all_of(t.select(one_key{"me"}, even, 700));
    EXPECT_THAT(all, SizeIs(2500));
    EXPECT_TRUE(
      std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.row < b.row;
      }));
    EXPECT_THAT(t.select(one_key{"nobody"}), IsEmpty());
    EXPECT_EQ(t.select_delete(one_key{"me"}, even), 2500u);
    EXPECT_EQ(t.count("me"), 2500u);
  }
}

TEST_F(table_select_test, pages_of_one_key_go_on_when_the_last_one_met_goes) {
  const auto t = make_public(table_kind::duplicate_bag);
  for (int i = 0; i < 10; ++i)
    t.insert("me", i);
  const auto first = t.select(one_key{"me"}, every_object{}, 4);
  for (int i = 2; i < 6; ++i)
    t.erase_object("me", i);
  t.insert("me", 99);
  EXPECT_THAT(rows_of(first.next().found), ElementsAre(6, 7, 8, 9));
}

// -- select_delete, select_replace, select_map --------------------------------

TEST_F(table_select_test, select_delete_removes_what_it_finds) {
  for (const auto kind : all_kinds)
    for (const bool parts : {false, true}) {
      const auto t = numbers(kind, 3000, parts);
      EXPECT_EQ(t.select_delete(all_keys{}, even), 1500u);
      EXPECT_EQ(t.size(), 1500u);
      EXPECT_EQ(t.select_count(all_keys{}, even), 0u);
      EXPECT_EQ(t.select_delete(keys_with_prefix{"1299"}), 5u);
      EXPECT_EQ(t.select_delete(all_keys{}), 1495u);
      EXPECT_FALSE(t.first());
    }
}

TEST_F(table_select_test, select_replace_changes_rows_and_keeps_keys) {
  const auto add = [](const std::string&, int row) -> std::optional<int> {
    if (row % 2 == 0)
      return row + 1'000'000;
    return std::nullopt;
  };
  for (const auto kind :
       {table_kind::set, table_kind::ordered_set, table_kind::duplicate_bag}) {
    const auto t = numbers(kind, 3000);
    EXPECT_EQ(t.select_replace(all_keys{}, add), 1500u);
    EXPECT_EQ(t.find("10010"), 1'000'010);
    EXPECT_EQ(t.find("10011"), 11);
    EXPECT_EQ(t.size(), 3000u);
  }
  const auto bag = numbers(table_kind::bag, 3);
  EXPECT_THAT(error_of([&] { bag.select_replace(all_keys{}, add); }),
              HasSubstr("is a bag"));
}

TEST_F(table_select_test, select_map_returns_what_it_makes_of_objects) {
  const auto t = numbers(table_kind::ordered_set, 5);
  const auto texts =
    t.select_map(all_keys{}, [](const std::string& key, int row) {
      return row > 2 ? std::optional{key + "!"} : std::nullopt;
    });
  EXPECT_THAT(texts, ElementsAre("10003!", "10004!"));
}

// -- fold, tab2list -----------------------------------------------------------

TEST_F(table_select_test, fold_meets_every_object) {
  for (const auto kind : all_kinds)
    for (const bool parts : {false, true}) {
      const auto t = numbers(kind, 2500, parts);
      const auto sum = [](const std::string&, int row, long acc) {
        return acc + row;
      };
      EXPECT_EQ(t.fold(0L, sum), 2500L * 2499 / 2);
      EXPECT_EQ(t.fold_reverse(0L, sum), 2500L * 2499 / 2);
      EXPECT_THAT(t.to_list(), SizeIs(2500));
    }
}

TEST_F(table_select_test, fold_of_an_ordered_set_goes_by_key_either_way) {
  const auto t = numbers(table_kind::ordered_set, 3);
  const auto append = [](const std::string&, int row, std::string acc) {
    return acc + std::to_string(row);
  };
  EXPECT_EQ(t.fold(std::string{}, append), "012");
  EXPECT_EQ(t.fold_reverse(std::string{}, append), "210");
}

TEST_F(table_select_test, what_folds_may_use_the_table) {
  const auto t = numbers(table_kind::set, 3000);
  t.for_each([&](const std::string& key, int row) {
    if (row % 2 == 0)
      t.erase(key);
    else
      t.insert(key + "x", 1);
  });
  EXPECT_EQ(t.size(), 3000u);
}

// -- what a predicate may not -------------------------------------------------

TEST_F(table_select_test, a_predicate_that_uses_a_table_is_an_error) {
  const auto t = numbers(table_kind::set, 3);
  const auto other = make_public(table_kind::set);
  const auto says = HasSubstr("a predicate may not use a table");
  const auto touch = [&](const ages& x) {
    return [&](const auto&, int) { return x.member("a"); };
  };
  EXPECT_THAT(error_of([&] { t.select(touch(t)); }), says);
  EXPECT_THAT(error_of([&] { t.select(touch(other)); }), says);
  EXPECT_THAT(error_of([&] { t.select_delete(all_keys{}, touch(t)); }), says);
  EXPECT_THAT(error_of([&] { t.update("10000", [&](int&) { t.clear(); }); }),
              says);
  EXPECT_EQ(t.size(), 3u);
  t.insert("10003", 3);
  EXPECT_EQ(t.size(), 4u) << "and nothing stays locked";
}

TEST_F(table_select_test, a_predicate_may_end_the_owner_of_its_table) {
  const auto t = numbers(table_kind::set, 10);
  in_new([&](process& self) {
    const auto found = t.select([&](const auto&, int) {
      self.exit(owner, exit_reason::kill());
      return true;
    });
    EXPECT_THAT(found, SizeIs(10));
  });
  EXPECT_FALSE(t.ref().exists());
}

TEST_F(table_select_test, a_predicate_that_throws_leaves_the_table_usable) {
  for (const bool parts : {false, true}) {
    const auto t = numbers(table_kind::set, 10, parts);
    const auto bad = [](const auto&, int row) -> bool {
      if (row == 5)
        throw std::runtime_error("five");
      return true;
    };
    EXPECT_THROW(t.select(bad), std::runtime_error);
    EXPECT_THROW(t.select_delete(all_keys{}, bad), std::runtime_error);
    EXPECT_EQ(t.find("10005"), 5);
    t.insert("10005", 6);
    EXPECT_LE(t.size(), 10u);
  }
}

} // namespace
} // namespace bennu::runtime
