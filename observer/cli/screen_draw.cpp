// What the full screen looks like.
#include "observer/cli/format.hpp"
#include "observer/cli/screen.hpp"
#include "observer/cli/screen_views.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace observer_cli {

namespace {

constexpr std::size_t width_min = 40;
constexpr std::size_t height_min = 8;

screen_line whole(std::string_view text, std::size_t width,
                  style how = style::plain) {
  return {{fitted(text, width, false), how}};
}

/// Where a number begins to worry, by the name of its column.
style worry(std::string_view column, const json& cell) {
  if (!cell.is_number())
    return cell == "suspended" || cell == "restarting" || cell == "stopped"
             ? style::hot
             : style::plain;
  const auto x = cell.get<std::int64_t>();
  struct threshold {
    std::string_view column;
    std::int64_t warm;
    std::int64_t hot;
  };
  constexpr threshold all[] = {
    {"mailbox", 100, 1'000},
    {"run queue", 100, 10'000},
    {"queued", 64 * 1024, 512 * 1024},
    {"waiting", 100, 10'000},
    {"restarts", 1, 3},
    {"slow consumers", 1, 100},
    {"refused", 1, 100},
  };
  for (const auto& t : all)
    if (t.column == column)
      return x >= t.hot ? style::hot : x >= t.warm ? style::warm : style::plain;
  return style::plain;
}

/// How wide each column is, so that all fit. Long texts give way first, then
/// the last columns are left out, then what is left is squeezed.
std::vector<std::size_t> widths_of(const json& page, std::size_t width) {
  constexpr std::size_t long_text = 24;
  constexpr std::size_t columns_min = 3;
  constexpr std::size_t least = 6;
  const auto& columns = page.at("columns");
  std::vector<std::size_t> all;
  for (const auto& x : columns)
    all.push_back(observer_cli::width(x.at("name").get<std::string>()));
  for (const auto& row : page.at("rows"))
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] =
        std::max(all[i], observer_cli::width(shown(
                           row[i], columns[i].at("kind").get<std::string>())));
  auto total = all.size();
  for (const auto x : all)
    total += x;
  const auto squeeze = [&](std::size_t down_to) {
    for (; total > width; --total) {
      const auto widest = std::max_element(all.begin(), all.end());
      if (*widest <= down_to)
        return;
      --*widest;
    }
  };
  squeeze(long_text);
  while (total > width && all.size() > columns_min) {
    total -= all.back() + 1;
    all.pop_back();
  }
  squeeze(least);
  return all;
}

std::string sparkline(const std::vector<int>& percents) {
  const char* bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string x;
  for (const auto one : percents)
    x += bars[std::clamp(one * 8 / 101, 0, 7)];
  return x;
}

/// What a confirmation asks.
std::string question_of(const std::string& event, const json& payload) {
  if (event == "dump")
    return "dump to a file of the node's machine?";
  if (payload.contains("pid"))
    return fmt::format("{} {}?", event, payload["pid"].get<std::string>());
  return fmt::format("{} {} of {}?", event, payload["id"].get<std::string>(),
                     payload["supervisor"].get<std::string>());
}

/// The last `count` values, in percent of the greatest.
std::vector<int> of_late(const json& values, std::size_t count) {
  std::int64_t most = 1;
  const auto first = values.size() - std::min(values.size(), count);
  for (auto i = first; i < values.size(); ++i)
    most = std::max(most, values[i].get<std::int64_t>());
  std::vector<int> percents;
  for (auto i = first; i < values.size(); ++i)
    percents.push_back(
      static_cast<int>(static_cast<double>(values[i].get<std::int64_t>())
                       / static_cast<double>(most) * 100));
  return percents;
}

style busy_style(int percent) {
  return percent > 85 ? style::hot : percent > 60 ? style::warm : style::plain;
}

} // namespace

std::vector<screen_line> screen::draw(std::size_t width,
                                      std::size_t height) const {
  if (width < width_min || height < height_min)
    return std::vector<screen_line>(std::max<std::size_t>(height, 1),
                                    whole("at least 40x8, please", width));
  std::vector<screen_line> lines{title_line(width), views_line(width)};
  auto body = helping_         ? help(width)
              : is_trace()     ? traced(width, height)
              : pages_.empty() ? std::vector<screen_line>{}
              : is_home()      ? home(width)
                               : table(pages_.back(), width, true);
  for (auto& x : body)
    if (lines.size() + 1 < height)
      lines.push_back(std::move(x));
  while (lines.size() + 1 < height)
    lines.push_back(whole("", width));
  lines.push_back(foot_line(width));
  return lines;
}

screen_line screen::title_line(std::size_t width) const {
  auto text =
    fmt::format("{} | {}", node_.empty() ? url_ : node_, here().title);
  if (!here().sort.empty())
    text += " by " + here().sort;
  if (here().reverse)
    text += ", reversed";
  if (!here().filter.empty())
    text += fmt::format(" | /{}", here().filter);
  if (here().offset > 0)
    text += fmt::format(" | from row {}", here().offset + 1);
  if (!here().afters.empty())
    text += fmt::format(" | page {}", here().afters.size() + 1);
  const auto right = fmt::format("{}{} every {:.1f}s", paused_ ? "PAUSED " : "",
                                 read_only_ ? "read-only" : "may kill",
                                 static_cast<double>(interval_.count()) / 1000);
  const auto room = width - std::min(width, right.size() + 1);
  return {{fitted(text, room, false) + " " + right, style::head}};
}

screen_line screen::views_line(std::size_t width) const {
  screen_line line;
  std::size_t used = 0;
  for (std::size_t i = 0; i < std::size(screen_views); ++i) {
    const auto text = fmt::format("{}{} ", (i + 1) % 10, screen_views[i].title);
    if (used + text.size() > width)
      break;
    used += text.size();
    line.push_back({text, i == view_ ? style::chosen : style::dim});
  }
  line.push_back({std::string(width - used, ' '), style::plain});
  return line;
}

screen_line screen::foot_line(std::size_t width) const {
  if (typing_ == typing::filter)
    return whole("/" + typed_ + "_", width, style::head);
  if (typing_ == typing::reason)
    return whole("exit signal to " + deed_.payload.at("pid").get<std::string>()
                   + ", the reason: " + typed_ + "_",
                 width, style::hot);
  if (confirming_)
    return whole(question_of(deed_.event, deed_.payload) + " y/n", width,
                 style::hot);
  if (!online_)
    return whole((said_.empty() ? "connecting" : said_) + " - trying again",
                 width, style::hot);
  if (!said_.empty())
    return whole(said_, width, style::warm);
  return whole("h help  q quit  p pause  / search  s sort  Enter walk in  "
               "Esc back",
               width, style::dim);
}

std::vector<screen_line> screen::help(std::size_t width) const {
  const char* lines[] = {
    "1-9 0, left right   choose a view",
    ("v                   all views: registries, presences, limits, reports, "
     "..."),
    "up down             choose a row",
    "PgUp PgDn, b f      turn pages",
    "Enter               walk into a process, a table, a link, a view",
    "Esc, Backspace      back",
    "s S                 sort by the next column, the one before",
    "r                   the other way round",
    "w                   of processes: since they began, in a second",
    "/                   search: only rows with that text",
    "l                   of the log: lines of a higher level only",
    "t                   trace the chosen process",
    "p                   pause",
    "+ -                 refresh half as often, twice as often",
    "d                   dump all views to a file here",
    "When the node lets you:",
    "K X                 kill the chosen process, send it an exit signal",
    "C                   close the chosen client",
    "T R                 of the tree: terminate a child, restart it",
    "D                   dump all views to a file of the node's machine",
    "q                   quit",
  };
  std::vector<screen_line> all;
  for (const auto* x : lines)
    all.push_back(whole(x, width));
  return all;
}

std::vector<screen_line> screen::home(std::size_t width) const {
  std::vector<screen_line> lines;
  const auto& facts = pages_.front();
  const auto half = width / 2;
  screen_line line;
  for (const auto& row : facts.at("rows")) {
    const auto key = row[0].get<std::string>();
    const bool is_time = key.ends_with(" ms");
    const auto* kind = key.starts_with("memory") ? "bytes"
                       : is_time                 ? "duration"
                                                 : "any";
    const auto name = is_time ? key.substr(0, key.size() - 3) : key;
    line.push_back({fitted(name, 18, false), style::dim});
    line.push_back(
      {fitted(shown(row[1], kind), half - 18, false), style::plain});
    if (line.size() == 4) {
      line.push_back({std::string(width - 2 * half, ' '), style::plain});
      lines.push_back(std::exchange(line, {}));
    }
  }
  if (!line.empty()) {
    line.push_back({std::string(width - half, ' '), style::plain});
    lines.push_back(std::move(line));
  }
  for (auto& x : figures(width))
    lines.push_back(std::move(x));
  if (pages_.size() < 2)
    return lines;
  for (auto& x : shards(pages_[1], width))
    lines.push_back(std::move(x));
  if (pages_.size() < 3)
    return lines;
  lines.push_back(whole("", width));
  for (auto& x : table(pages_[2], width, false))
    lines.push_back(std::move(x));
  return lines;
}

/// What a process has done since somebody asked, the last of it.
std::vector<screen_line> screen::traced(std::size_t width,
                                        std::size_t height) const {
  std::vector<screen_line> lines{
    whole(fmt::format("{} events{}", traced_.size(),
                      trace_over_ ? ", and that was all" : ""),
          width, style::head)};
  const auto room = height - std::min(height, frame_lines);
  const auto from = traced_.size() - std::min(traced_.size(), room);
  for (auto i = from; i < traced_.size(); ++i)
    lines.push_back(whole(traced_[i], width));
  return lines;
}

/// In two columns: a name, what it is now, and how it was of late.
std::vector<screen_line> screen::figures(std::size_t width) const {
  constexpr std::size_t name_width = 16;
  constexpr std::size_t value_width = 11;
  const auto half = width / 2;
  std::vector<screen_line> lines;
  screen_line line;
  for (const auto& x : figures_.value("figures", json::array())) {
    const auto& values = x.at("values");
    const bool rate = x.at("rate").get<bool>();
    const auto unit = x.at("unit").get<std::string>();
    auto now = shown(values.empty() ? json(0) : values.back(), unit);
    // Processor time in a second is a share of one core.
    if (rate && unit == "duration" && !values.empty())
      now = fmt::format("{}%", values.back().get<std::int64_t>() / 10);
    else if (rate)
      now += "/s";
    const auto room = half - std::min(half, name_width + value_width + 1);
    line.push_back(
      {fitted(x.at("name").get<std::string>(), name_width, false), style::dim});
    line.push_back({fitted(now, value_width, true) + " ", style::plain});
    line.push_back(
      {fitted(sparkline(of_late(values, room)), room, false), style::dim});
    if (line.size() == 6) {
      line.push_back({std::string(width - 2 * half, ' '), style::plain});
      lines.push_back(std::exchange(line, {}));
    }
  }
  if (!line.empty()) {
    line.push_back({std::string(width - half, ' '), style::plain});
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<screen_line> screen::shards(const json& page,
                                        std::size_t width) const {
  std::vector<screen_line> lines{whole("", width)};
  lines.push_back(
    whole(fmt::format("{:>5} {:>10} {:>9} {:>9} {:>5}  {}", "shard",
                      "processes", "run queue", "timers", "busy", "of late"),
          width, style::head));
  for (const auto& row : page.at("rows")) {
    const auto known = past_.find(row[0].get<std::int64_t>());
    const auto busy =
      known == past_.end() ? std::vector<int>{} : known->second.busy;
    const auto now = busy.empty() ? 0 : busy.back();
    const auto counts =
      fmt::format("{:>5} {:>10} {:>9} {:>9} ", row[0].get<std::int64_t>(),
                  row[1].get<std::int64_t>(), row[2].get<std::int64_t>(),
                  row[3].get<std::int64_t>());
    const auto text = fmt::format("{:>4}%  ", now);
    const auto room = width - std::min(width, counts.size() + text.size());
    lines.push_back({{counts, style::plain},
                     {text, busy_style(now)},
                     {fitted(sparkline(busy), room, false), style::dim}});
  }
  for (const auto& x : page.at("missing"))
    lines.push_back(whole(
      fmt::format("{:>5} does not answer: held up", x.get<std::int64_t>()),
      width, style::hot));
  return lines;
}

std::vector<screen_line> screen::table(const json& page, std::size_t width,
                                       bool choosing) const {
  const auto& columns = page.at("columns");
  const auto widths = widths_of(page, width);
  std::vector<screen_line> lines;
  const auto line_of = [&](auto text_at, auto style_at) {
    screen_line line;
    std::size_t used = 0;
    for (std::size_t i = 0; i < widths.size() && used < width; ++i) {
      const bool right = is_number(columns[i].at("kind").get<std::string>());
      const auto room = std::min(widths[i], width - used);
      auto text = fitted(text_at(i), room, right);
      used += room;
      if (used < width)
        text += ' ', ++used;
      line.push_back({std::move(text), style_at(i)});
    }
    line.push_back({std::string(width - used, ' '), style::plain});
    return line;
  };
  lines.push_back(line_of(
    [&](std::size_t i) { return columns[i].at("name").get<std::string>(); },
    [&](std::size_t i) {
      return choosing && columns[i].at("name") == here().sort ? style::chosen
                                                              : style::head;
    }));
  std::size_t number = 0;
  for (const auto& row : page.at("rows")) {
    const bool chosen = choosing && number++ == here().chosen;
    const auto indent =
      page.at("sheet") == "tree" ? 2 * row[0].get<std::size_t>() : 0;
    lines.push_back(line_of(
      [&](std::size_t i) {
        return (i == 1 ? std::string(indent, ' ') : std::string{})
               + shown(row[i], columns[i].at("kind").get<std::string>());
      },
      [&](std::size_t i) {
        return chosen ? style::chosen
                      : worry(columns[i].at("name").get<std::string>(), row[i]);
      }));
  }
  for (const auto& x : page.at("missing"))
    lines.push_back(whole(
      fmt::format("shard {} does not answer: held up", x.get<std::int64_t>()),
      width, style::hot));
  if (const auto note = page.value("note", ""); !note.empty())
    lines.push_back(whole(note, width, style::warm));
  if (const auto error = page.at("error").get<std::string>(); !error.empty())
    lines.push_back(whole(error, width, style::hot));
  return lines;
}

} // namespace observer_cli
