#include "observer/cli/full_screen.hpp"

#include "observer/cli/client.hpp"
#include "observer/cli/screen.hpp"
#include "observer/cli/snapshot.hpp"
#include "runtime/clock.hpp"

#include <atomic>
#include <clocale>
#include <csignal>
#include <memory>
#include <vector>

#include <curses.h>
#include <unistd.h>

namespace observer_cli {

namespace {

std::atomic<bool> told_to_end{false};

void on_signal(int) {
  told_to_end = true;
}

/// How long one look at the keyboard waits.
constexpr int key_wait_ms = 50;

/// The terminal while it is ours. One at a time.
class terminal {
public:
  terminal() {
    std::setlocale(LC_ALL, "");
    for (const int x : {SIGTERM, SIGINT, SIGHUP})
      std::signal(x, on_signal);
    ::initscr();
    ::cbreak();
    ::noecho();
    ::keypad(stdscr, TRUE);
    // What terminals send, whether or not their description knows of it.
    ::define_key("\033[5~", KEY_PPAGE);
    ::define_key("\033[6~", KEY_NPAGE);
    ::set_escdelay(25);
    ::wtimeout(stdscr, key_wait_ms);
    ::curs_set(0);
    if (::has_colors()) {
      ::start_color();
      ::use_default_colors();
      ::init_pair(1, COLOR_YELLOW, -1);
      ::init_pair(2, COLOR_RED, -1);
    }
  }
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;
  ~terminal() { ::endwin(); }

  static std::size_t width() { return static_cast<std::size_t>(COLS); }
  static std::size_t height() { return static_cast<std::size_t>(LINES); }

  static void show(const std::vector<screen_line>& lines) {
    ::werase(stdscr);
    int y = 0;
    for (const auto& line : lines) {
      ::wmove(stdscr, y++, 0);
      for (const auto& x : line) {
        ::wattrset(stdscr, static_cast<int>(attribute(x.how)));
        ::waddnstr(stdscr, x.text.c_str(), static_cast<int>(x.text.size()));
      }
    }
    // In the last cell, whatever was painted: so who reads along knows that
    // the frame is whole.
    ::wmove(stdscr, LINES - 1, COLS - 1);
    ::wrefresh(stdscr);
  }

  static key read_key() {
    using kind = key::kind;
    const int x = ::wgetch(stdscr);
    switch (x) {
    case ERR:
    case KEY_RESIZE:
      return {};
    case KEY_UP:
      return {kind::up};
    case KEY_DOWN:
      return {kind::down};
    case KEY_LEFT:
      return {kind::left};
    case KEY_RIGHT:
      return {kind::right};
    case KEY_PPAGE:
      return {kind::page_up};
    case KEY_NPAGE:
      return {kind::page_down};
    case KEY_ENTER:
    case '\n':
    case '\r':
      return {kind::enter};
    case KEY_BACKSPACE:
    case 127:
    case 8:
      return {kind::backspace};
    case 27:
      return {kind::escape};
    default:
      return x >= ' ' && x < 127 ? key{kind::text, static_cast<char>(x)}
                                 : key{};
    }
  }

private:
  static attr_t attribute(style x) {
    switch (x) {
    case style::head:
      return A_BOLD;
    case style::chosen:
      return A_REVERSE;
    case style::warm:
      return static_cast<attr_t>(COLOR_PAIR(1));
    case style::hot:
      return static_cast<attr_t>(COLOR_PAIR(2)) | A_BOLD;
    case style::dim:
      return A_DIM;
    case style::plain:
      break;
    }
    return A_NORMAL;
  }
};

/// One terminal, one node.
class session {
public:
  explicit session(const command& what)
    : node_(open_source(what.to)), screen_(what.to.url, what.interval) {}

  void run() {
    while (!told_to_end) {
      if (now() >= due_)
        refresh();
      take_pushes();
      terminal::show(screen_.draw(terminal::width(), terminal::height()));
      switch (screen_.press(terminal::read_key())) {
      case screen::wish::quit:
        return;
      case screen::wish::refresh:
        due_ = now();
        break;
      case screen::wish::act:
        act();
        break;
      case screen::wish::dump:
        dump();
        break;
      case screen::wish::nothing:
        break;
      }
    }
  }

private:
  static bennu::runtime::time_point now() {
    return bennu::runtime::real_clock().now();
  }

  void refresh() {
    due_ = screen_.paused() ? bennu::runtime::time_point::max()
                            : now() + screen_.interval();
    try {
      if (!connected_) {
        about_ = node_->connect();
        screen_.connected(about_);
        connected_ = true;
        screen_.knows(node_->ask("sheets", json::object()).at("sheets"));
      }
      std::vector<json> pages;
      for (const auto& x : screen_.questions(terminal::height()))
        pages.push_back(node_->ask("read", x));
      if (screen_.wants_history())
        screen_.history(
          node_->ask("history", {{"points", screen::history_points}}));
      screen_.answered(std::move(pages));
    } catch (const cli_error& e) {
      told(e);
    }
  }

  /// What came by itself: a trace's events.
  void take_pushes() {
    if (!connected_)
      return;
    try {
      while (const auto x = node_->next_push(std::chrono::milliseconds{0}))
        screen_.pushed(x->first, x->second);
    } catch (const cli_error& e) {
      told(e);
    }
  }

  void act() {
    try {
      const auto what = screen_.to_do();
      // One at a time is traced for a viewer.
      if (what.event == "trace")
        node_->ask("untrace", json::object());
      const auto answer = node_->ask(what.event, what.payload);
      screen_.did();
      if (answer.contains("file"))
        screen_.say("dumped there to " + answer["file"].get<std::string>());
      due_ = now();
    } catch (const cli_error& e) {
      told(e);
    }
  }

  void dump() {
    try {
      const auto answer = write_snapshot(*node_, about_, "");
      screen_.say("dumped to " + answer.at("file").get<std::string>());
    } catch (const cli_error& e) {
      told(e);
    }
  }

  void told(const cli_error& e) {
    if (e.code() == exit_code::failed || e.code() == exit_code::refused)
      return screen_.say(e.what());
    connected_ = false;
    screen_.lost(e.what());
    due_ = now() + screen_.interval();
  }

  std::unique_ptr<source> node_;
  screen screen_;
  json about_ = json::object();
  bool connected_ = false;
  bennu::runtime::time_point due_{};
};

} // namespace

int full_screen(const command& what) {
  if (!::isatty(STDIN_FILENO) || !::isatty(STDOUT_FILENO))
    throw cli_error(exit_code::usage,
                    "the full screen needs a terminal; give a command, for "
                    "example home --json");
  // What is wrong from the start is told without a screen.
  open_source(what.to)->connect();
  const terminal ours;
  session{what}.run();
  return 0;
}

} // namespace observer_cli
