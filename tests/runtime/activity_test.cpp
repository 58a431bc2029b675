#include "runtime/detail/activity_book.hpp"
#include "tests/runtime/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace bennu::runtime {
namespace {

using activity_test = probe_test;

TEST_F(activity_test, who_works_just_now_comes_before_who_has_worked) {
  auto& node = sim.node();
  const auto retired = node.spawn(idle);
  const auto busy = node.spawn(idle);
  for (int i = 0; i < 1000; ++i)
    node.send(retired, note{});
  sim.run();
  read({.sheet = "activity"});
  sim.advance(1s);
  for (int i = 0; i < 50; ++i)
    node.send(busy, note{});
  sim.run();
  const auto page = read({.sheet = "activity", .limit = 2});
  EXPECT_EQ(cell_at(page, 0, "pid"), to_string(busy));
  EXPECT_EQ(cell_at(page, 0, "reductions/s"), "50");
  const auto all = read({.sheet = "activity", .sort = "reductions"});
  EXPECT_EQ(cell_at(all, 0, "pid"), to_string(retired));
  EXPECT_EQ(cell_at(all, 0, "reductions/s"), "0");
}

TEST_F(activity_test, the_first_look_takes_as_long_as_a_window) {
  sim.node().spawn(idle);
  sim.run();
  const auto reading = probe::of(sim.node()).read({.sheet = "activity"});
  sim.advance(detail::activity_book::window_min - 10ms);
  EXPECT_FALSE(reading->done());
  sim.advance(20ms);
  EXPECT_TRUE(reading->done());
  EXPECT_FALSE(reading->page().rows.empty());
}

TEST_F(activity_test, looks_that_follow_closely_are_over_the_same_window) {
  auto& node = sim.node();
  const auto busy = node.spawn(idle);
  read({.sheet = "activity"});
  sim.advance(1s);
  for (int i = 0; i < 10; ++i)
    node.send(busy, note{});
  sim.run();
  EXPECT_EQ(cell_at(read({.sheet = "activity"}), 0, "reductions/s"), "10");
  sim.advance(10ms);
  EXPECT_EQ(cell_at(read({.sheet = "activity"}), 0, "reductions/s"), "10");
}

TEST_F(activity_test, more_processes_than_a_slice_are_all_seen) {
  for (std::size_t i = 0; i < 3 * probe::slice; ++i)
    sim.node().spawn(idle);
  sim.run();
  EXPECT_GE(read({.sheet = "activity", .limit = 1}).seen, 3 * probe::slice);
}

TEST_F(activity_test, nobody_looks_any_more_and_the_memory_goes_back) {
  detail::activity_book book;
  const time_point start{};
  const auto snapshot = std::make_shared<detail::activity_snapshot>(start);
  EXPECT_TRUE(book.is_due(start));
  book.keep(snapshot);
  EXPECT_FALSE(book.is_due(start));
  EXPECT_EQ(book.base(start), nullptr);
  const auto later = start + detail::activity_book::window_min;
  EXPECT_EQ(book.base(later), snapshot);
  EXPECT_TRUE(book.drop_old(start + detail::activity_book::kept_for - 1ns));
  EXPECT_FALSE(book.drop_old(start + detail::activity_book::kept_for));
  EXPECT_EQ(snapshot.use_count(), 1);
}

TEST(per_second, what_is_not_nothing_is_at_least_one) {
  EXPECT_EQ(detail::per_second(0, 1s), 0);
  EXPECT_EQ(detail::per_second(1, 5s), 1);
  EXPECT_EQ(detail::per_second(-1, 5s), -1);
  EXPECT_EQ(detail::per_second(100, 500ms), 200);
  EXPECT_EQ(detail::per_second(7, 0ns), 7000);
}

TEST_F(activity_test, figures_of_one_name_are_added_up) {
  auto& all = probe::of(sim.node());
  for (const auto* source : {"a", "b"})
    EXPECT_TRUE(all.publish(figure{.name = "apples",
                                   .source = source,
                                   .what = figure::kind::count,
                                   .read = [] { return 2; }}));
  const auto apples = [&] {
    for (const auto& x : all.figures())
      if (x.name == "apples")
        return x.value;
    return std::int64_t{-1};
  };
  EXPECT_EQ(apples(), 4);
  all.publish(
    figure{.name = "apples", .source = "b", .read = [] { return 5; }});
  EXPECT_EQ(apples(), 7);
}

TEST_F(activity_test, as_many_figures_as_allowed_and_not_one_more) {
  auto& all = probe::of(sim.node());
  std::size_t taken = 0;
  while (all.publish(figure{
    .name = "f", .source = std::to_string(taken), .read = [] { return 1; }}))
    ++taken;
  EXPECT_LE(taken, probe::figures_max);
  EXPECT_GT(taken, probe::figures_max - 10);
}

TEST_F(activity_test, the_runtime_counts_its_processes) {
  const auto count = [&] {
    for (const auto& x : probe::of(sim.node()).figures())
      if (x.name == "processes")
        return x.value;
    return std::int64_t{-1};
  };
  const auto before = count();
  const auto one = sim.node().spawn(idle);
  sim.run();
  EXPECT_EQ(count(), before + 1);
  sim.node().exit(one, exit_reason::kill());
  sim.run();
  EXPECT_EQ(count(), before);
}

} // namespace
} // namespace bennu::runtime
