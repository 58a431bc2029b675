#include "runtime/node.hpp"
#include "runtime/probe.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/sys.hpp"
#include "runtime/table.hpp"
#include "tests/runtime/probe_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <string>
#include <thread>

namespace bennu::runtime {
namespace {

using namespace std::chrono_literals;

TEST_F(probe_test, the_fullest_mailbox_of_all_shards_comes_first) {
  auto& node = sim.node();
  for (int i = 0; i < 10; ++i)
    node.spawn(idle);
  const auto full = node.spawn(idle);
  sim.run();
  node.inspect(full, sys::suspend());
  for (int i = 0; i < 40; ++i)
    node.send(full, note{});
  sim.run();
  const auto page = read({.sheet = "processes", .sort = "mailbox", .limit = 3});
  ASSERT_EQ(page.rows.size(), 3u);
  EXPECT_EQ(cell_at(page, 0, "pid"), to_string(full));
  EXPECT_EQ(cell_at(page, 0, "mailbox"), "40");
  EXPECT_EQ(cell_at(page, 0, "status"), "suspended");
  EXPECT_EQ(page.seen, 11u);
}

TEST_F(probe_test, pages_follow_each_other) {
  for (int i = 0; i < 7; ++i)
    sim.node().spawn(idle);
  sim.run();
  sheet_query what{.sheet = "processes", .sort = "pid", .limit = 4};
  auto all = read(what).rows;
  what.offset = 4;
  const auto rest = read(what).rows;
  EXPECT_EQ(rest.size(), 3u);
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
}

TEST_F(probe_test, as_many_rows_as_allowed_and_not_one_more) {
  EXPECT_NO_THROW(read({.sheet = "processes", .limit = sheet_query::rows_max}));
  EXPECT_NO_THROW(
    read({.sheet = "processes", .limit = 0, .offset = sheet_query::rows_max}));
  using numbers = std::pair<std::size_t, std::size_t>;
  for (const auto& [limit, offset] :
       {numbers{sheet_query::rows_max + 1, 0},
        numbers{sheet_query::rows_max, 1}, numbers{1, ~std::size_t{0}}})
    EXPECT_THROW(read({.sheet = "processes", .limit = limit, .offset = offset}),
                 std::invalid_argument);
}

TEST_F(probe_test, a_text_as_long_as_allowed_and_not_one_byte_more) {
  EXPECT_NO_THROW(read(
    {.sheet = "processes", .filter = std::string(sheet_query::text_max, 'x')}));
  EXPECT_THROW(read({.sheet = "processes",
                     .filter = std::string(sheet_query::text_max + 1, 'x')}),
               std::invalid_argument);
}

TEST_F(probe_test, a_sheet_or_column_that_is_not_there_is_named) {
  try {
    read({.sheet = "planets"});
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "there is no sheet \"planets\"");
  }
  try {
    read({.sheet = "names", .sort = "age"});
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(), "sheet \"names\" has no column \"age\", but name, "
                           "pid");
  }
}

TEST_F(probe_test, more_processes_than_a_slice_are_all_seen) {
  const auto count = 3 * probe::slice + 1;
  for (std::size_t i = 0; i < count; ++i)
    sim.node().spawn({.shard = 0}, std::in_place_type<function_process>,
                     detail::bind_body(&idle));
  sim.run();
  EXPECT_EQ(read({.sheet = "processes"}).seen, count);
}

TEST_F(probe_test, one_process_is_shown_by_its_pid) {
  const auto id = sim.node().spawn([](process& self) -> behavior {
    self.register_name("joe");
    self.put("colour", make_message("blue"));
    return idle(self);
  });
  sim.run();
  const auto page =
    read({.sheet = "process", .about = to_string(id), .limit = 100});
  EXPECT_EQ(value_of(page, "name"), "joe");
  EXPECT_EQ(value_of(page, "dictionary colour"), "\"blue\"");
  auto other = id;
  ++other.serial;
  EXPECT_EQ(read({.sheet = "process", .about = to_string(other)}).error,
            "no process " + to_string(other) + " is alive");
  EXPECT_THROW(read({.sheet = "process", .about = "joe"}),
               std::invalid_argument);
}

TEST_F(probe_test, messages_come_the_oldest_first_and_no_more_than_asked) {
  auto& node = sim.node();
  const auto id = node.spawn(idle);
  sim.run();
  node.inspect(id, sys::suspend());
  for (int i = 0; i < 30; ++i)
    node.send(id, i);
  sim.run();
  const auto page =
    read({.sheet = "messages", .about = to_string(id), .limit = 5});
  ASSERT_EQ(page.rows.size(), 5u);
  EXPECT_EQ(cell_at(page, 0, "message"), "0");
  EXPECT_EQ(cell_at(page, 4, "message"), "4");
}

TEST_F(probe_test, a_tables_rows_come_page_by_page) {
  sim.node().spawn([](process& self) -> behavior {
    auto made = table<int, int>::create(
      self, {.name = "squares", .kind = table_kind::ordered_set});
    for (int i = 0; i < 5; ++i)
      made.insert(i, i * i);
    return {[made](note) {}};
  });
  sim.run();
  const auto tables = read({.sheet = "tables"});
  ASSERT_EQ(tables.rows.size(), 1u);
  EXPECT_EQ(cell_at(tables, 0, "name"), "squares");
  EXPECT_EQ(cell_at(tables, 0, "objects"), "5");
  sheet_query what{.sheet = "rows", .about = "squares", .limit = 3};
  auto page = read(what);
  ASSERT_EQ(page.rows.size(), 3u);
  ASSERT_NE(page.more, "");
  what.after = page.more;
  page = read(what);
  ASSERT_EQ(page.rows.size(), 2u);
  EXPECT_EQ(cell_at(page, 1, "row"), "16");
  EXPECT_EQ(page.more, "");
  what.after = "12345";
  EXPECT_EQ(read(what).error, "this page is forgotten; begin with the first");
}

TEST_F(probe_test, the_tree_is_walked_depth_first_with_restarts) {
  auto inner = one_for_one("inner", {}, worker("b", idle));
  ASSERT_FALSE(sim.node().start(
    one_for_one("top", {}, worker("a", idle), inner, worker("c", idle))));
  sim.node().exit(sim.node().whereis("b"), exit_reason::kill());
  sim.run();
  const auto page = read({.sheet = "tree"});
  std::string drawn;
  for (std::size_t i = 0; i < page.rows.size(); ++i)
    drawn += std::string(std::stoul(cell_at(page, i, "depth")), ' ')
             + cell_at(page, i, "id") + "/" + cell_at(page, i, "restarts")
             + "\n";
  EXPECT_EQ(drawn, "top/0\n a/0\n inner/0\n  b/1\n c/0\n");
  sim.node().stop();
}

TEST_F(probe_test, a_process_answers_a_request_and_an_inspector) {
  const auto id = sim.node().spawn(
    [](process&) -> behavior { return {[](int x) { return x + 1; }}; });
  sim.run();
  const auto answer = probe::of(sim.node()).request(id, 1s, make_message(41));
  EXPECT_FALSE(answer->done());
  sim.run();
  ASSERT_TRUE(answer->done());
  EXPECT_EQ(*answer->value().value_if<int>(), 42);
  const auto dead = probe::of(sim.node()).inspect({}, sys::get_state());
  EXPECT_TRUE(dead->done());
  EXPECT_NE(dead->error(), "");
}

TEST_F(probe_test, two_sources_of_a_sheet_are_one_and_others_are_refused) {
  const sheet one{.name = "pets",
                  .source = "cats",
                  .columns = {{"name"}},
                  .scope = sheet_scope::node,
                  .scan = [](shard*, const sheet_query&) {
                    return scan_once([](row_picker& to) { to.offer({"tom"}); });
                  }};
  auto& probe = probe::of(sim.node());
  EXPECT_TRUE(probe.publish(one));
  EXPECT_TRUE(probe.publish(one));
  auto other = one;
  other.source = "dogs";
  EXPECT_TRUE(probe.publish(other));
  EXPECT_EQ(read({.sheet = "pets"}).rows.size(), 2u);
  other.columns.push_back({"age", cell_kind::integer});
  EXPECT_FALSE(probe.publish(other));
}

TEST_F(probe_test, as_many_sheets_and_sources_as_allowed_and_not_one_more) {
  auto& probe = probe::of(sim.node());
  sheet x{.name = "", .source = "", .columns = {{"a"}}};
  for (auto i = probe.sheets().size(); i < probe::sheets_max; ++i) {
    x.name = "s" + std::to_string(i);
    EXPECT_TRUE(probe.publish(x));
  }
  for (std::size_t i = 1; i < probe::sources_max; ++i) {
    x.source = std::to_string(i);
    EXPECT_TRUE(probe.publish(x));
  }
  x.source = "one more";
  EXPECT_FALSE(probe.publish(x));
  x.name = "one more";
  EXPECT_FALSE(probe.publish(x));
}

TEST_F(probe_test, every_column_can_be_sorted_by) {
  sim.node().spawn(idle);
  sim.run();
  for (const auto& x : probe::of(sim.node()).sheets()) {
    if (!x.about.empty())
      continue;
    for (const auto& column : x.columns)
      EXPECT_EQ(read({.sheet = x.name, .sort = column.name}).error, "")
        << x.name << " by " << column.name;
  }
}

TEST(probe, a_shard_that_is_held_up_is_missing_and_the_others_answer) {
  node node{{.shards = 2, .long_handler = 0ms}};
  std::promise<void> entered;
  std::promise<void> go_on;
  node.spawn({.shard = 0}, std::in_place_type<function_process>,
             detail::bind_body(&idle));
  node.spawn({.shard = 1}, std::in_place_type<function_process>,
             detail::bind_body([&](process& self) -> behavior {
               entered.set_value();
               go_on.get_future().wait();
               return idle(self);
             }));
  entered.get_future().wait();
  const auto reading = probe::of(node).read({.sheet = "processes"});
  while (reading->page().missing.size() > 1)
    std::this_thread::yield();
  auto page = reading->page();
  EXPECT_FALSE(reading->done());
  EXPECT_EQ(page.missing, std::vector<std::size_t>{1});
  EXPECT_EQ(page.rows.size(), 1u);
  go_on.set_value();
  while (!reading->done())
    std::this_thread::yield();
  EXPECT_EQ(reading->page().rows.size(), 2u);
}

TEST(probe, a_pid_is_read_as_it_is_written) {
  EXPECT_EQ(parse_pid("<1.2.3>"), (pid{1, 2, 3}));
  for (const auto* wrong :
       {"", "<>", "<1.2>", "<1.2.3", "1.2.3", "<1.2.3.4>", "<a.2.3>",
        "<1.2.99999999999>", "<1..3>", "<-1.2.3>", "<1.2.3>x"})
    EXPECT_FALSE(parse_pid(wrong)) << wrong;
}

} // namespace
} // namespace bennu::runtime
