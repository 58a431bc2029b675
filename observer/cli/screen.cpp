// What keys and answers do to the full screen.
#include "observer/cli/screen.hpp"

#include "observer/cli/screen_views.hpp"

#include <algorithm>
#include <utility>

namespace observer_cli {

screen::screen(std::string url, std::chrono::milliseconds interval)
  : url_(std::move(url)),
    interval_(std::clamp(interval, interval_min, interval_max)) {
  go_to(0);
}

// -- keys ---------------------------------------------------------------------

screen::wish screen::press(const key& x) {
  if (typing_ != typing::nothing)
    return press_while_typing(x);
  if (confirming_) {
    if (x.what == key::kind::none)
      return wish::nothing;
    confirming_ = false;
    said_.clear();
    return x.text == 'y' ? wish::act : wish::nothing;
  }
  if (helping_ && x.what != key::kind::none && x.text != 'q') {
    helping_ = false;
    return wish::nothing;
  }
  switch (x.what) {
  case key::kind::up:
    choose(-1);
    return wish::nothing;
  case key::kind::down:
    choose(1);
    return wish::nothing;
  case key::kind::left:
    return step_view(-1);
  case key::kind::right:
    return step_view(1);
  case key::kind::page_up:
    return turn_page(-1);
  case key::kind::page_down:
    return turn_page(1);
  case key::kind::enter:
    return walk_in();
  case key::kind::escape:
  case key::kind::backspace:
    return walk_back();
  case key::kind::text:
    return press_text(x.text);
  case key::kind::none:
    break;
  }
  return wish::nothing;
}

screen::wish screen::press_text(char x) {
  using std::chrono::milliseconds;
  switch (x) {
  case 'q':
    return wish::quit;
  case 'h':
  case '?':
    helping_ = true;
    return wish::nothing;
  case 'p':
    paused_ = !paused_;
    return wish::refresh;
  case '/':
    typing_ = typing::filter;
    typed_ = here().filter;
    return wish::nothing;
  case 's':
    return sort_next(1);
  case 'S':
    return sort_next(-1);
  case 'r':
    here().reverse = !here().reverse;
    return wish::refresh;
  case 'w':
    return switch_rates();
  case '+':
    interval_ = std::min<milliseconds>(interval_ * 2, interval_max);
    return wish::nothing;
  case '-':
    interval_ = std::max<milliseconds>(interval_ / 2, interval_min);
    return wish::nothing;
  case 'f':
  case ' ':
    return turn_page(1);
  case 'b':
    return turn_page(-1);
  case 'v':
    return show_views();
  case 'l':
    return next_level();
  case 't':
    return trace();
  case 'd':
    return wish::dump;
  case 'K':
  case 'X':
  case 'C':
  case 'T':
  case 'R':
  case 'D':
    return ask_for(x);
  default:
    break;
  }
  if (x >= '0' && x <= '9')
    return go_to(x == '0' ? 9 : static_cast<std::size_t>(x - '1'));
  return wish::nothing;
}

screen::wish screen::press_while_typing(const key& x) {
  constexpr std::size_t typed_max = 60;
  if (x.what == key::kind::text && typed_.size() < typed_max)
    typed_ += x.text;
  else if (x.what == key::kind::backspace && !typed_.empty())
    typed_.pop_back();
  else if (x.what == key::kind::escape)
    typing_ = typing::nothing;
  if (x.what != key::kind::enter)
    return wish::nothing;
  if (std::exchange(typing_, typing::nothing) == typing::reason) {
    deed_.payload["reason"] = typed_;
    return wish::act;
  }
  here().filter = typed_;
  here().offset = 0;
  here().chosen = 0;
  here().afters.clear();
  return wish::refresh;
}

// -- walking ------------------------------------------------------------------

screen::wish screen::go_to(std::size_t view) {
  if (view >= std::size(screen_views))
    return wish::nothing;
  view_ = view;
  const auto& x = screen_views[view];
  path_ = {{.title = x.title, .sheet = x.sheet, .sort = x.sort}};
  pages_.clear();
  said_.clear();
  return wish::refresh;
}

screen::wish screen::step_view(int by) {
  constexpr auto count = static_cast<int>(std::size(screen_views));
  if (view_ == std::size(screen_views)) // all views: beside the first and last
    return go_to(by > 0 ? 0 : view_ - 1);
  return go_to(
    static_cast<std::size_t>((static_cast<int>(view_) + by + count) % count));
}

void screen::choose(int by) {
  if (pages_.empty())
    return;
  const auto rows = static_cast<int>(pages_.back().at("rows").size());
  const auto to = static_cast<int>(here().chosen) + by;
  here().chosen =
    static_cast<std::size_t>(std::clamp(to, 0, std::max(0, rows - 1)));
}

/// The first text in the chosen row that `fits`, which is told its column, too;
/// empty when there is none.
std::string screen::chosen_text(
  const std::function<bool(const json&, const std::string&)>& fits) const {
  if (pages_.empty() || is_home())
    return "";
  const auto& page = pages_.back();
  if (here().chosen >= page.at("rows").size())
    return "";
  const auto& row = page.at("rows")[here().chosen];
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!row[i].is_string())
      continue;
    auto text = row[i].get<std::string>();
    if (fits(page.at("columns")[i], text))
      return text;
  }
  return "";
}

std::string screen::cell_named(const char* column) const {
  return chosen_text([column](const json& of, const std::string&) {
    return of.at("name") == column;
  });
}

std::string screen::cell_of(const char* kind) const {
  const bool wants_pid = std::string_view{kind} == "pid";
  return chosen_text([&](const json& of, const std::string& text) {
    return wants_pid ? text.starts_with("<") && text.ends_with(">")
                     : of.at("kind") == kind;
  });
}

std::string screen::chosen_pid() const {
  return here().sheet == "process" ? here().about : cell_of("pid");
}

/// All that the node has, also what no digit stands for.
screen::wish screen::show_views() {
  path_ = {{.title = "All views", .sheet = "views"}};
  pages_.clear();
  said_.clear();
  view_ = std::size(screen_views);
  return wish::refresh;
}

screen::wish screen::walk_in() {
  if (here().sheet == "tables") {
    const auto name = cell_of("text");
    if (name.empty())
      return wish::nothing;
    path_.push_back({.title = "table " + name, .sheet = "rows", .about = name});
  } else if (here().sheet == "views") {
    const auto name = cell_of("text");
    if (name.empty())
      return wish::nothing;
    path_.push_back({.title = name, .sheet = name});
  } else {
    const auto pid = cell_of("pid");
    if (pid.empty() || pid == here().about)
      return wish::nothing;
    path_.push_back(
      {.title = "process " + pid, .sheet = "process", .about = pid});
  }
  pages_.clear();
  return wish::refresh;
}

screen::wish screen::walk_back() {
  said_.clear();
  if (path_.size() == 1)
    return wish::nothing;
  const bool untrace = is_trace() && !trace_over_;
  path_.pop_back();
  pages_.clear();
  if (!untrace)
    return wish::refresh;
  deed_ = {.event = "untrace"};
  return wish::act;
}

/// Of the log: lines of at least this level.
screen::wish screen::next_level() {
  constexpr const char* levels[] = {"", "info", "warning", "error"};
  auto& x = here();
  if (x.sheet != "log")
    return wish::nothing;
  const auto* at = std::find(std::begin(levels), std::end(levels), x.about);
  x.about = at == std::end(levels) || std::next(at) == std::end(levels)
              ? levels[0]
              : *std::next(at);
  x.title = x.about.empty() ? "Log" : "Log, " + x.about + " and above";
  x.offset = 0;
  return wish::refresh;
}

screen::wish screen::sort_next(int by) {
  if (pages_.empty() || is_home())
    return wish::nothing;
  const auto& columns = pages_.back().at("columns");
  const auto count = static_cast<int>(columns.size());
  int at = by > 0 ? -1 : 0;
  for (int i = 0; i < count; ++i)
    if (columns[static_cast<std::size_t>(i)].at("name") == here().sort)
      at = i;
  const auto next = static_cast<std::size_t>((at + by + count) % count);
  here().sort = columns[next].at("name").get<std::string>();
  here().reverse = false;
  here().offset = 0;
  here().afters.clear();
  return wish::refresh;
}

/// All since they were born, or in a second just now; as observer_cli's r and
/// rr.
screen::wish screen::switch_rates() {
  auto& x = here();
  const bool rates = x.sheet == "activity";
  if (!rates && x.sheet != "processes")
    return wish::nothing;
  x.sheet = rates ? "processes" : "activity";
  const std::string rate =
    x.sort == "mailbox" || x.sort == "mailbox/s" ? "mailbox" : "reductions";
  x.sort = rates ? rate : rate + "/s";
  x.title = rates ? "Procs" : "Procs, in a second";
  x.offset = 0;
  x.reverse = false;
  pages_.clear();
  return wish::refresh;
}

screen::wish screen::turn_page(int by) {
  if (pages_.empty() || is_home())
    return wish::nothing;
  auto& afters = here().afters;
  const auto rows = pages_.back().at("rows").size();
  const auto more = pages_.back().value("more", std::string{});
  if (by > 0 && !more.empty())
    afters.push_back(more);
  else if (by < 0 && !afters.empty())
    afters.pop_back();
  else if (by > 0 && afters.empty() && rows > 0
           && here().offset + 2 * rows <= rows_max)
    here().offset += rows;
  else if (by < 0)
    here().offset -= std::min(here().offset, std::max<std::size_t>(rows, 10));
  here().chosen = 0;
  return wish::refresh;
}

// -- answers ------------------------------------------------------------------

std::vector<json> screen::questions(std::size_t height) const {
  if (is_home()) {
    std::vector<json> all{{{"sheet", "node"}, {"limit", 50}},
                          {{"sheet", "shards"},
                           {"limit", 64},
                           {"sort", "shard"},
                           {"reverse", true}}};
    // A node without an endpoint is one, too.
    if (std::any_of(sheets_.begin(), sheets_.end(),
                    [](auto& x) { return x.at("name") == "endpoints"; }))
      all.push_back({{"sheet", "endpoints"}, {"limit", 16}});
    return all;
  }
  const auto& x = here();
  if (is_trace() || x.sheet == "views")
    return {};
  json q{{"sheet", x.sheet},
         {"about", x.about},
         {"filter", x.filter},
         {"reverse", x.reverse},
         {"offset", x.offset},
         {"limit",
          std::clamp<std::size_t>(height, frame_lines + 1, 200) - frame_lines}};
  if (!x.sort.empty())
    q["sort"] = x.sort;
  if (!x.afters.empty())
    q["after"] = x.afters.back();
  return {q};
}

void screen::connected(const json& about) {
  online_ = true;
  node_ = about.value("node", "");
  read_only_ = about.value("read_only", true);
  said_ = about.value("why", std::string{});
}

void screen::lost(const std::string& why) {
  online_ = false;
  said_ = why;
}

void screen::answered(std::vector<json> pages) {
  if (is_home())
    note_history(pages);
  if (here().sheet == "views")
    pages = {views_page()};
  pages_ = std::move(pages);
  const auto rows = pages_.empty() ? 0 : pages_.back().at("rows").size();
  here().chosen = std::min(here().chosen, rows > 0 ? rows - 1 : 0);
}

/// The sheets that are about nothing in particular, as one of them.
json screen::views_page() const {
  auto rows = json::array();
  for (const auto& x : sheets_) {
    if (x.at("about") != "")
      continue;
    std::string columns;
    for (const auto& y : x.at("columns"))
      columns +=
        (columns.empty() ? "" : ", ") + y.at("name").get<std::string>();
    const auto name = x.at("name").get<std::string>();
    if (here().filter.empty() || name.find(here().filter) != std::string::npos)
      rows.push_back({name, columns});
  }
  return {{"sheet", "views"},
          {"columns",
           {{{"name", "view"}, {"kind", "text"}},
            {{"name", "what it shows"}, {"kind", "text"}}}},
          {"rows", std::move(rows)},
          {"more", ""},
          {"missing", json::array()},
          {"error", ""}};
}

void screen::note_history(const std::vector<json>& pages) {
  constexpr std::size_t past_max = 60;
  if (pages.size() < 2)
    return;
  for (const auto& row : pages[1].at("rows")) {
    auto& x = past_[row[0].get<std::int64_t>()];
    const auto cpu = row[5].get<std::int64_t>();
    const auto clock = row[6].get<std::int64_t>();
    if (x.cpu >= 0 && clock > x.clock)
      x.busy.push_back(static_cast<int>(std::clamp<std::int64_t>(
        (cpu - x.cpu) * 100 / (clock - x.clock), 0, 100)));
    if (x.busy.size() > past_max)
      x.busy.erase(x.busy.begin());
    x.cpu = cpu;
    x.clock = clock;
  }
}

} // namespace observer_cli
