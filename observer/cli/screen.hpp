#pragma once

#include "channels/json.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace observer_cli {

using bennu::channels::json;

/// How a piece of a line looks.
enum class style : std::uint8_t { plain, head, chosen, warm, hot, dim };

struct piece {
  std::string text;
  style how = style::plain;
};

/// One line of a terminal, as wide as it.
using screen_line = std::vector<piece>;

/// What the keyboard can say.
struct key {
  enum class kind {
    text,
    up,
    down,
    left,
    right,
    page_up,
    page_down,
    enter,
    escape,
    backspace,
    none
  };
  kind what = kind::none;
  char text = 0;
};

/// The full screen without a terminal: keys and answers in, lines out, so that
/// a test can play it. Confined to its thread.
class screen {
public:
  enum class wish { nothing, refresh, quit, act, dump };

  /// What the node is to do: an event of its viewers, and what the foot says
  /// once it is done.
  struct deed {
    std::string event{};
    json payload = json::object();
    std::string done{};
  };

  explicit screen(std::string url, std::chrono::milliseconds interval);

  /// What is to be done about a key.
  wish press(const key& x);

  // -- between it and the node --

  /// The questions whose answers it shows.
  std::vector<json> questions(std::size_t height) const;
  void connected(const json& about);
  void knows(json sheets) { sheets_ = std::move(sheets); }
  void answered(std::vector<json> pages);

  /// Whether it shows what the event `history` answers, and that answer.
  bool wants_history() const { return is_home(); }
  void history(json x) { figures_ = std::move(x); }
  static constexpr std::size_t history_points = 60;

  /// Of wish::act: what, and that it is done.
  const deed& to_do() const noexcept { return deed_; }
  void did();

  /// An event that came by itself: a trace's.
  void pushed(const std::string& event, const json& payload);

  /// What a trace ends after.
  static constexpr std::size_t trace_events_max = 1'000;
  static constexpr std::size_t trace_seconds = 60;

  /// A line for the foot: what went wrong, what was done.
  void say(std::string text) { said_ = std::move(text); }
  void lost(const std::string& why);

  bool paused() const noexcept { return paused_; }
  std::chrono::milliseconds interval() const noexcept { return interval_; }

  /// Whom a key is about.
  std::string chosen_pid() const;

  /// Exactly `height` lines of `width` columns; a terminal of less than 40 by
  /// 8 gets one that asks for more.
  std::vector<screen_line> draw(std::size_t width, std::size_t height) const;

  static constexpr std::chrono::milliseconds interval_min{500};
  static constexpr std::chrono::milliseconds interval_max{60'000};

private:
  /// Where one has walked: a view, and what it is about.
  struct place {
    std::string title;
    std::string sheet;
    std::string about{};
    std::string sort{};
    std::string filter{};
    bool reverse = false;
    std::size_t offset = 0;
    std::size_t chosen = 0;

    /// Where the pages before have ended, of sheets that page so.
    std::vector<std::string> afters{};
  };

  enum class typing : std::uint8_t { nothing, filter, reason };

  place& here() { return path_.back(); }
  const place& here() const { return path_.back(); }
  bool is_home() const { return here().sheet == "home"; }

  wish press_text(char x);
  wish press_while_typing(const key& x);
  wish go_to(std::size_t view);
  wish step_view(int by);
  wish show_views();
  wish walk_in();
  wish walk_back();
  wish sort_next(int by);
  wish switch_rates();
  wish turn_page(int by);
  wish next_level();
  wish ask_for(char x);
  wish ask_for_child(const char* event);
  wish confirm(deed x);
  wish trace();
  void choose(int by);
  std::string chosen_text(
    const std::function<bool(const json&, const std::string&)>& fits) const;
  std::string cell_of(const char* kind) const;
  std::string cell_named(const char* column) const;
  bool is_trace() const { return here().sheet == "trace"; }
  json views_page() const;
  void note_history(const std::vector<json>& pages);

  screen_line title_line(std::size_t width) const;
  screen_line views_line(std::size_t width) const;
  screen_line foot_line(std::size_t width) const;
  std::vector<screen_line> help(std::size_t width) const;
  std::vector<screen_line> home(std::size_t width) const;
  std::vector<screen_line> figures(std::size_t width) const;
  std::vector<screen_line> traced(std::size_t width, std::size_t height) const;
  std::vector<screen_line> shards(const json& page, std::size_t width) const;
  std::vector<screen_line> table(const json& page, std::size_t width,
                                 bool choosing) const;

  std::string url_;
  std::chrono::milliseconds interval_;
  std::string node_;
  bool read_only_ = true;
  bool online_ = false;
  bool paused_ = false;
  bool helping_ = false;
  bool confirming_ = false;
  typing typing_ = typing::nothing;
  std::string typed_;
  deed deed_;
  std::string said_;
  std::size_t view_ = 0;
  std::vector<place> path_;
  std::vector<json> pages_;
  json sheets_ = json::array();
  std::deque<std::string> traced_;
  bool trace_over_ = false;
  json figures_ = json::object();

  /// Of each shard: busy percent of the last refreshes, and what it is made of.
  struct shard_past {
    std::int64_t cpu = -1;
    std::int64_t clock = 0;
    std::vector<int> busy;
  };
  std::map<std::int64_t, shard_past> past_;
};

} // namespace observer_cli
