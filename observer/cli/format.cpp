#include "observer/cli/format.hpp"

#include <algorithm>
#include <ctime>
#include <vector>

#include <fmt/core.h>

namespace observer_cli {

namespace {

std::string bytes_shown(double x) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  std::size_t i = 0;
  for (; x >= 1024 && i + 1 < std::size(units); ++i)
    x /= 1024;
  return i == 0 ? fmt::format("{:.0f} B", x)
                : fmt::format("{:.1f} {}", x, units[i]);
}

std::string time_shown(std::int64_t ms) {
  if (ms < 0)
    return "-";
  if (ms < 1000)
    return fmt::format("{} ms", ms);
  const auto s = ms / 1000;
  if (s < 60)
    return fmt::format("{}.{}s", s, ms % 1000 / 100);
  if (s < 3600)
    return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400)
    return fmt::format("{}h{:02}m", s / 3600, s % 3600 / 60);
  return fmt::format("{}d{:02}h", s / 86400, s % 86400 / 3600);
}

bool begins_character(char x) {
  return (static_cast<unsigned char>(x) & 0xC0) != 0x80;
}

/// No escape sequence of a stranger reaches a terminal.
std::string harmless(std::string_view text) {
  std::string x{text};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto c = static_cast<unsigned char>(x[i]);
    if (c < 0x20 || c == 0x7F)
      x[i] = '.';
    // The control characters of Latin 1, as UTF-8 writes them.
    else if (c == 0xC2 && i + 1 < x.size()
             && static_cast<unsigned char>(x[i + 1]) < 0xA0)
      x[i] = x[i + 1] = '.';
  }
  return x;
}

} // namespace

std::string date_shown(std::int64_t seconds) {
  const std::time_t when = seconds;
  std::tm parts{};
  ::localtime_r(&when, &parts);
  char text[24] = "";
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

bool is_number(std::string_view kind) {
  return kind == "integer" || kind == "bytes" || kind == "percent"
         || kind == "duration";
}

std::string shown(const json& cell, std::string_view kind) {
  if (!cell.is_number())
    return cell.is_string() ? cell.get<std::string>() : cell.dump();
  const auto x = cell.get<std::int64_t>();
  if (kind == "bytes")
    return bytes_shown(static_cast<double>(x));
  if (kind == "duration")
    return time_shown(x);
  return kind == "percent" ? fmt::format("{}%", x) : std::to_string(x);
}

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), begins_character));
}

std::string fitted(std::string_view text, std::size_t columns, bool right) {
  auto x = harmless(text);
  const auto has = width(x);
  if (has <= columns) {
    const std::string space(columns - has, ' ');
    return right ? space + x : x + space;
  }
  std::size_t end = 0;
  for (std::size_t seen = 0; end < x.size(); ++end)
    if (begins_character(x[end]) && seen++ == columns)
      break;
  return x.substr(0, end);
}

std::string as_table(const json& page) {
  constexpr std::size_t cell_max = 60;
  const auto& columns = page.at("columns");
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& x : columns)
    lines[0].push_back(x.at("name"));
  for (const auto& row : page.at("rows")) {
    auto& line = lines.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i)
      line.push_back(shown(row[i], columns[i].at("kind").get<std::string>()));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::min(std::max(widths[i], width(line[i])), cell_max);
  std::string out;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool last = i + 1 == line.size();
      const bool right = is_number(columns[i].at("kind").get<std::string>());
      const auto room = last && !right ? width(line[i]) : widths[i];
      out += fitted(line[i], room, right) + (last ? "" : "  ");
    }
    out += '\n';
  }
  for (const auto& x : page.at("missing"))
    out += fmt::format("shard {} has not answered: it is held up\n",
                       x.get<std::size_t>());
  if (const auto note = page.value("note", ""); !note.empty())
    out += note + "\n";
  if (const auto& more = page.at("more"); more != "")
    out += fmt::format("more: --after {}\n", more.get<std::string>());
  if (const auto& error = page.at("error"); error != "")
    out += fmt::format("{}\n", error.get<std::string>());
  return out;
}

json as_objects(const json& page) {
  auto rows = json::array();
  for (const auto& row : page.at("rows")) {
    auto x = json::object();
    for (std::size_t i = 0; i < row.size(); ++i)
      x[page.at("columns")[i].at("name").get<std::string>()] = row[i];
    rows.push_back(std::move(x));
  }
  return {{"sheet", page.at("sheet")},      {"rows", std::move(rows)},
          {"seen", page.at("seen")},        {"more", page.at("more")},
          {"note", page.value("note", "")}, {"missing", page.at("missing")},
          {"error", page.at("error")}};
}

json as_object(const json& page) {
  auto x = json::object();
  for (const auto& row : page.at("rows")) {
    const auto key = row[0].get<std::string>();
    auto& at = x[key];
    if (at.is_null())
      at = row[1];
    else if (at.is_array())
      at.push_back(row[1]);
    else
      at = json{at, row[1]};
  }
  return x;
}

} // namespace observer_cli
