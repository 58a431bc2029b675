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
    "chat@here | Procs by mailbox                                "
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
  EXPECT_NE(text(shown.draw(80, 8)).find("| Procs by memory, reversed "),
            std::string::npos);
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
  EXPECT_EQ(type('y'), screen::wish::act);
  EXPECT_EQ(shown.to_do().event, "kill");
  EXPECT_EQ(shown.to_do().payload["pid"], "<1.1.1>");
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

TEST_F(screen_test, a_sheet_that_pages_by_itself_is_followed) {
  type('4');
  auto page = processes({{"x", 1}});
  page["more"] = "key 7";
  shown.answered({page});
  EXPECT_EQ(type('f'), screen::wish::refresh);
  EXPECT_EQ(shown.questions(24).at(0)["after"], "key 7");
  EXPECT_EQ(shown.questions(24).at(0)["offset"], 0);
  page["more"] = "key 9";
  shown.answered({page});
  EXPECT_NE(text(shown.draw(80, 8)).find("| page 2"), std::string::npos);
  type('f');
  EXPECT_EQ(shown.questions(24).at(0)["after"], "key 9");
  type('b');
  EXPECT_EQ(shown.questions(24).at(0)["after"], "key 7");
  type('b');
  EXPECT_FALSE(shown.questions(24).at(0).contains("after"));
}

TEST_F(screen_test, w_turns_sums_into_rates_and_back) {
  type('2');
  shown.answered({processes({{"a", 0}})});
  EXPECT_EQ(type('w'), screen::wish::refresh);
  auto asked = shown.questions(24).at(0);
  EXPECT_EQ(asked["sheet"], "activity");
  EXPECT_EQ(asked["sort"], "mailbox/s");
  EXPECT_NE(text(shown.draw(80, 8)).find("| Procs, in a second"),
            std::string::npos);
  EXPECT_EQ(type('w'), screen::wish::refresh);
  asked = shown.questions(24).at(0);
  EXPECT_EQ(asked["sheet"], "processes");
  EXPECT_EQ(asked["sort"], "mailbox");
}

TEST_F(screen_test, w_keeps_the_search_and_begins_at_the_first_page) {
  type('2');
  type('/');
  type('x');
  press(key::kind::enter);
  shown.answered(
    {processes(std::vector<std::pair<std::string, int>>(20, {"x", 1}))});
  press(key::kind::page_down);
  type('r');
  EXPECT_EQ(type('w'), screen::wish::refresh);
  const auto asked = shown.questions(24).at(0);
  EXPECT_EQ(asked["filter"], "x");
  EXPECT_EQ(asked["offset"], 0);
  EXPECT_EQ(asked["reverse"], false);
}

TEST_F(screen_test, w_of_any_other_column_is_of_reductions) {
  type('2');
  shown.answered({processes({{"a", 0}})});
  type('s'); // memory, of which there is no rate
  type('w');
  EXPECT_EQ(shown.questions(24).at(0)["sort"], "reductions/s");
  type('w');
  EXPECT_EQ(shown.questions(24).at(0)["sort"], "reductions");
}

TEST_F(screen_test, w_is_of_processes_alone) {
  for (const char view : {'1', '3', '4', '5', '6', '7', '8', '9', '0', 'v'}) {
    type(view);
    const auto before = shown.questions(24);
    EXPECT_EQ(type('w'), screen::wish::nothing) << view;
    EXPECT_EQ(shown.questions(24), before) << view;
  }
}

TEST_F(screen_test, all_views_are_listed_and_walked_into) {
  const auto of = [](const char* name, const char* about) {
    return json{{"name", name},
                {"about", about},
                {"sort", ""},
                {"columns", {{{"name", "limit"}, {"kind", "text"}}}}};
  };
  shown.knows({of("limits", ""), of("process", "a pid"), of("reports", "")});
  EXPECT_EQ(type('v'), screen::wish::refresh);
  EXPECT_TRUE(shown.questions(24).empty());
  shown.answered({});
  const auto drawn = text(shown.draw(80, 10));
  EXPECT_NE(drawn.find("limits  limit"), std::string::npos) << drawn;
  EXPECT_EQ(drawn.find("process"), std::string::npos);
  press(key::kind::down);
  EXPECT_EQ(press(key::kind::enter), screen::wish::refresh);
  EXPECT_EQ(shown.questions(24).at(0)["sheet"], "reports");
  press(key::kind::escape);
  EXPECT_TRUE(shown.questions(24).empty());
}

TEST_F(screen_test, the_log_is_shown_from_a_level_on) {
  type('0');
  shown.answered({processes({})});
  for (const auto* level : {"info", "warning", "error", ""}) {
    EXPECT_EQ(type('l'), screen::wish::refresh);
    EXPECT_EQ(shown.questions(24).at(0)["about"], level);
  }
  type('2');
  EXPECT_EQ(type('l'), screen::wish::nothing);
}

TEST_F(screen_test, a_trace_shows_what_comes_until_one_walks_back) {
  type('2');
  shown.answered({processes({{"a", 0}})});
  EXPECT_EQ(type('t'), screen::wish::act);
  EXPECT_EQ(shown.to_do().event, "trace");
  EXPECT_EQ(shown.to_do().payload["pid"], "<1.1.1>");
  shown.did();
  EXPECT_TRUE(shown.questions(24).empty());
  shown.answered({});
  shown.pushed("trace", {{"text", "<1.1.1> got int"}});
  auto drawn = text(shown.draw(80, 10));
  EXPECT_NE(drawn.find("| trace <1.1.1>"), std::string::npos) << drawn;
  EXPECT_NE(drawn.find("\n1 events\n<1.1.1> got int\n"), std::string::npos)
    << drawn;
  EXPECT_EQ(press(key::kind::escape), screen::wish::act);
  EXPECT_EQ(shown.to_do().event, "untrace");
  EXPECT_EQ(shown.questions(24).at(0)["sheet"], "processes");
}

TEST_F(screen_test, a_trace_keeps_as_many_events_as_told_and_not_one_more) {
  type('2');
  shown.answered({processes({{"a", 0}})});
  type('t');
  shown.did();
  for (std::size_t i = 0; i <= screen::trace_events_max; ++i)
    shown.pushed("trace", {{"text", std::to_string(i)}});
  shown.pushed("trace_ended", json::object());
  const auto drawn = text(shown.draw(80, 10));
  EXPECT_NE(drawn.find("1000 events, and that was all"), std::string::npos);
  EXPECT_NE(drawn.find("\n1000\n"), std::string::npos) << drawn;
  EXPECT_EQ(press(key::kind::escape), screen::wish::refresh) << "it is over";
}

TEST_F(screen_test, an_exit_signal_is_sent_with_the_reason_that_was_typed) {
  shown.connected({{"node", "n"}, {"read_only", false}});
  type('2');
  shown.answered({processes({{"a", 0}})});
  EXPECT_EQ(type('X'), screen::wish::nothing);
  for (int i = 0; i < 8; ++i)
    press(key::kind::backspace);
  for (const char x : std::string{"stop"})
    type(x);
  EXPECT_NE(
    text(shown.draw(80, 8)).find("exit signal to <1.1.1>, the reason: stop_"),
    std::string::npos);
  EXPECT_EQ(press(key::kind::enter), screen::wish::act);
  EXPECT_EQ(shown.to_do().payload,
            (json{{"pid", "<1.1.1>"}, {"reason", "stop"}}));
  type('X');
  press(key::kind::escape);
  EXPECT_EQ(press(key::kind::enter), screen::wish::refresh) << "walks in";
}

json tree_page() {
  return {{"sheet", "tree"},
          {"columns", json::parse(R"([{"name":"depth","kind":"integer"},
             {"name":"id","kind":"text"},{"name":"pid","kind":"pid"},
             {"name":"parent","kind":"pid"}])")},
          {"rows",
           {{0, "top", "<1.1.1>", ""},
            {1, "worker", "<1.2.1>", "<1.1.1>"},
            {1, "", "<1.3.1>", "<1.1.1>"}}},
          {"more", ""},
          {"missing", json::array()},
          {"error", ""}};
}

TEST_F(screen_test, children_are_steered_in_the_tree) {
  shown.connected({{"node", "n"}, {"read_only", false}});
  type('3');
  shown.answered({tree_page()});
  type('T');
  EXPECT_EQ(type('y'), screen::wish::nothing) << "the top has no supervisor";
  press(key::kind::down);
  type('T');
  EXPECT_NE(text(shown.draw(80, 8)).find("terminate_child worker of <1.1.1>?"),
            std::string::npos);
  EXPECT_EQ(type('y'), screen::wish::act);
  EXPECT_EQ(shown.to_do().event, "terminate_child");
  EXPECT_EQ(shown.to_do().payload,
            (json{{"supervisor", "<1.1.1>"}, {"id", "worker"}}));
  press(key::kind::down);
  type('R');
  EXPECT_EQ(type('y'), screen::wish::act);
  EXPECT_EQ(shown.to_do().event, "restart_child");
  EXPECT_EQ(shown.to_do().payload["id"], "<1.3.1>") << "by its pid";
}

TEST_F(screen_test, a_read_only_node_is_asked_for_no_change) {
  type('3');
  shown.answered({tree_page()});
  press(key::kind::down);
  for (const char x : std::string{"KXCTRD"}) {
    EXPECT_EQ(type(x), screen::wish::nothing) << x;
    EXPECT_NE(text(shown.draw(80, 8)).find("read-only: start it with"),
              std::string::npos);
  }
  EXPECT_EQ(type('d'), screen::wish::dump) << "to a file here";
}

TEST_F(screen_test, help_fits_a_small_terminal) {
  type('h');
  const auto drawn = text(shown.draw(80, 24));
  EXPECT_NE(drawn.find("\nq                   quit\n"), std::string::npos)
    << drawn;
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
