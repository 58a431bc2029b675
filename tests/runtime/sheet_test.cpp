#include "runtime/sheet.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bennu::runtime {
namespace {

sheet_row row(std::string name, std::int64_t size) {
  return {std::move(name), size};
}

std::vector<std::string> names_of(const row_picker& x) {
  std::vector<std::string> all;
  for (const auto& one : x.sorted())
    all.push_back(std::get<std::string>(one[0]));
  return all;
}

using words = std::vector<std::string>;

TEST(row_picker, the_greatest_rows_are_kept_in_order) {
  row_picker x{1, true, 3, ""};
  for (std::int64_t i = 0; i < 100; ++i)
    x.offer(row("n" + std::to_string(i * 37 % 100), i * 37 % 100));
  EXPECT_EQ(names_of(x), (words{"n99", "n98", "n97"}));
  EXPECT_EQ(x.seen(), 100u);
}

TEST(row_picker, texts_come_in_their_order) {
  row_picker x{0, false, 2, ""};
  for (const auto* name : {"joe", "ann", "bob"})
    x.offer(row(name, 1));
  EXPECT_EQ(names_of(x), (words{"ann", "bob"}));
}

TEST(row_picker, without_a_sort_the_first_rows_stay) {
  row_picker x{row_picker::no_column, false, 2, ""};
  for (const auto* name : {"joe", "ann"}) {
    EXPECT_FALSE(x.full());
    x.offer(row(name, 1));
  }
  EXPECT_TRUE(x.full());
  x.offer(row("bob", 1));
  EXPECT_EQ(names_of(x), (words{"joe", "ann"}));
}

TEST(row_picker, a_row_that_would_not_be_kept_is_not_made) {
  row_picker x{1, true, 1, ""};
  x.offer(row("big", 9));
  int made = 0;
  x.offer(std::int64_t{1}, [&] { return ++made, row("small", 1); });
  EXPECT_EQ(made, 0);
  x.offer(std::int64_t{10}, [&] { return ++made, row("bigger", 10); });
  EXPECT_EQ(made, 1);
  EXPECT_EQ(names_of(x), words{"bigger"});
}

TEST(row_picker, none_are_kept_when_none_are_wanted) {
  row_picker x{1, true, 0, ""};
  x.offer(row("big", 9));
  EXPECT_TRUE(x.sorted().empty());
  EXPECT_EQ(x.seen(), 1u);
}

TEST(row_picker, a_filter_finds_text_in_any_cell_whatever_its_case) {
  row_picker x{0, false, 9, "LOB"};
  x.offer(row("room:lobby", 1));
  x.offer(row("room:attic", 2));
  EXPECT_EQ(names_of(x), words{"room:lobby"});
  row_picker numbers{0, false, 9, "42"};
  numbers.offer(row("a", 1423));
  EXPECT_EQ(names_of(numbers), words{"a"});
}

TEST(row_picker, two_shards_picks_merge_into_the_best_of_both) {
  row_picker a{1, true, 2, ""};
  row_picker b{1, true, 2, ""};
  a.offer(row("a1", 1));
  a.offer(row("a5", 5));
  b.offer(row("b3", 3));
  b.offer(row("b4", 4));
  a.merge(b);
  EXPECT_EQ(names_of(a), (words{"a5", "b4"}));
  EXPECT_EQ(a.seen(), 4u);
}

TEST(row_picker, rows_of_one_size_come_in_the_same_order_each_time) {
  row_picker x{1, true, 3, ""};
  for (const auto* name : {"c", "a", "b"})
    x.offer(row(name, 7));
  EXPECT_EQ(names_of(x), (words{"a", "b", "c"}));
}

TEST(sheet, a_long_text_is_cut) {
  EXPECT_EQ(std::get<std::string>(text_cell(std::string(cell_text_max, 'x'))),
            std::string(cell_text_max, 'x'));
  const auto cut =
    std::get<std::string>(text_cell(std::string(cell_text_max + 1, 'x')));
  EXPECT_EQ(cut.size(), cell_text_max);
  EXPECT_TRUE(cut.ends_with("x..."));
}

} // namespace
} // namespace bennu::runtime
