#include "observer/cli/format.hpp"
#include "observer/cli/screen.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace observer_cli {
namespace {

using namespace std::chrono_literals;

json processes(std::vector<std::pair<std::string, int>> rows) {
  json page{{"sheet", "processes"}, {"rows", json::array()},    {"seen", 9},
            {"more", ""},           {"missing", json::array()}, {"error", ""}};
  page["columns"] = json::parse(R"([{"name":"pid","kind":"pid"},
    {"name":"name","kind":"text"},{"name":"mailbox","kind":"integer"},
    {"name":"memory","kind":"bytes"}])");
  int number = 0;
  for (const auto& [name, mailbox] : rows)
    page["rows"].push_back(
      {"<1." + std::to_string(++number) + ".1>", name, mailbox, 2048});
  return page;
}

std::string text(const std::vector<screen_line>& lines) {
  std::string x;
  for (const auto& line : lines) {
    for (const auto& piece : line)
      x += piece.text;
    while (x.ends_with(' '))
      x.pop_back();
    x += '\n';
  }
  return x;
}

class screen_test : public testing::Test {
protected:
  screen_test() {
    shown.connected({{"node", "chat@here"}, {"read_only", true}});
  }

  screen::wish type(char x) { return shown.press({key::kind::text, x}); }
  screen::wish press(key::kind x) { return shown.press({x}); }

  screen shown{"ws://127.0.0.1:4001", 1500ms};
};

TEST_F(screen_test, processes_in_eighty_columns) {
  type('2');
  shown.answered({processes({{"history", 40'000}, {"room:lobby", 3}})});
  EXPECT_EQ(
    text(shown.draw(80, 8)),
    "chat@here | Procs                                           "
    "read-only every 1.5s\n"
    "1Home 2Procs 3Tree 4Tables 5Names 6Sockets 7Topics 8Channels "
    "9Pubsub 0Log\n"
    "pid     name       mailbox memory\n"
    "<1.1.1> history      40000 2.0 kB\n"
    "<1.2.1> room:lobby       3 2.0 kB\n"
    "\n\n"
    "h help  q quit  p pause  / search  s sort  Enter walk in  Esc back\n");
}

TEST_F(screen_test, every_line_is_as_wide_as_the_terminal) {
  shown.answered({});
  for (const auto view : "1234567890")
    for (const std::size_t width : {40u, 80u, 81u, 200u}) {
      type(view);
      shown.answered({processes({{std::string(300, 'x'), 1}})});
      const auto lines = shown.draw(width, 24);
      EXPECT_EQ(lines.size(), 24u);
      for (const auto& line : lines) {
        std::size_t sum = 0;
        for (const auto& piece : line)
          sum += observer_cli::width(piece.text);
        EXPECT_EQ(sum, width);
      }
    }
}

TEST_F(screen_test, a_terminal_too_small_asks_for_more) {
  EXPECT_EQ(text(shown.draw(20, 2)), "at least 40x8, pleas\n"
                                     "at least 40x8, pleas\n");
}

TEST_F(screen_test, a_full_mailbox_is_hot) {
  type('2');
  shown.answered({processes({{"idle", 0}, {"busy", 100}, {"full", 1000}})});
  const auto lines = shown.draw(80, 10);
  EXPECT_EQ(lines[4][2].how, style::warm);
  EXPECT_EQ(lines[5][2].how, style::hot);
}

TEST_F(screen_test, enter_walks_into_a_process_and_escape_back) {
  type('2');
  shown.answered({processes({{"a", 0}, {"b", 0}})});
  press(key::kind::down);
  EXPECT_EQ(press(key::kind::enter), screen::wish::refresh);
  auto asked = shown.questions(24).at(0);
  EXPECT_EQ(asked["sheet"], "process");
  EXPECT_EQ(asked["about"], "<1.2.1>");
  EXPECT_EQ(press(key::kind::escape), screen::wish::refresh);
  EXPECT_EQ(shown.questions(24).at(0)["sheet"], "processes");
}

TEST_F(screen_test, a_search_is_sent_once_entered) {
  type('2');
  type('/');
  for (const char x : std::string{"lobq"})
    type(x);
  press(key::kind::backspace);
  EXPECT_EQ(press(key::kind::enter), screen::wish::refresh);
  EXPECT_EQ(shown.questions(24).at(0)["filter"], "lob");
}

TEST_F(screen_test, sorting_goes_from_column_to_column) {
  type('2');
  shown.answered({processes({{"a", 0}})});
  EXPECT_EQ(shown.questions(24).at(0)["sort"], "mailbox");
  type('s');
  EXPECT_EQ(shown.questions(24).at(0)["sort"], "memory");
  type('s');
  EXPECT_EQ(shown.questions(24).at(0)["sort"], "pid");
  type('S');
  EXPECT_EQ(shown.questions(24).at(0)["sort"], "memory");
  type('r');
  EXPECT_EQ(shown.questions(24).at(0)["reverse"], true);
}

TEST_F(screen_test, a_read_only_node_kills_nobody) {
  type('2');
  shown.answered({processes({{"a", 0}})});
  EXPECT_EQ(type('K'), screen::wish::nothing);
  EXPECT_EQ(type('y'), screen::wish::nothing);
}

TEST_F(screen_test, a_kill_is_asked_for_twice) {
  shown.connected({{"node", "n"}, {"read_only", false}});
  type('2');
  shown.answered({processes({{"a", 0}})});
  type('K');
  EXPECT_EQ(type('n'), screen::wish::nothing);
  type('K');
  EXPECT_EQ(type('y'), screen::wish::kill);
  EXPECT_EQ(shown.chosen_pid(), "<1.1.1>");
}

TEST_F(screen_test, pages_end_where_the_node_ends_them) {
  type('2');
  shown.answered(
    {processes(std::vector<std::pair<std::string, int>>(400, {"x", 1}))});
  press(key::kind::page_down);
  EXPECT_EQ(shown.questions(24).at(0)["offset"], 400);
  press(key::kind::page_down);
  EXPECT_EQ(shown.questions(24).at(0)["offset"], 400);
  press(key::kind::page_up);
  EXPECT_EQ(shown.questions(24).at(0)["offset"], 0);
}

TEST_F(screen_test, a_lost_node_is_said_to_be) {
  shown.lost("no answer from ws://127.0.0.1:4001: the connection is closed");
  const auto drawn = text(shown.draw(120, 8));
  EXPECT_NE(drawn.find("the connection is closed - trying again"),
            std::string::npos);
}

TEST(format, units_are_those_people_read) {
  EXPECT_EQ(shown(1536, "bytes"), "1.5 kB");
  EXPECT_EQ(shown(12, "bytes"), "12 B");
  EXPECT_EQ(shown(61'000, "duration"), "1m01s");
  EXPECT_EQ(shown(-1, "duration"), "-");
  EXPECT_EQ(shown(40, "integer"), "40");
}

TEST(format, no_escape_sequence_of_a_stranger_reaches_the_terminal) {
  EXPECT_EQ(fitted("\x1b[31mred\n", 9, false), ".[31mred.");
  EXPECT_EQ(fitted("\xc2\x9b"
                   "31m",
                   5, false),
            "..31m");
}

TEST(format, keys_that_repeat_become_arrays) {
  const auto page = json::parse(R"({"rows": [["pid", "<1.1.1>"],
    ["link", "<1.2.1>"], ["link", "<1.3.1>"], ["link", "<1.4.1>"]]})");
  EXPECT_EQ(
    as_object(page),
    (json{{"pid", "<1.1.1>"}, {"link", {"<1.2.1>", "<1.3.1>", "<1.4.1>"}}}));
}

} // namespace
} // namespace observer_cli
