#include "observer/cli/snapshot.hpp"

#include "observer/agent.hpp"
#include "observer/cli/client.hpp"
#include "observer/cli/format.hpp"
#include "observer/dump_file.hpp"
#include "observer/page_json.hpp"
#include "runtime/sheet.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/core.h>

namespace observer_cli {

namespace {

constexpr auto mark = "bennu_dump";

[[noreturn]] void fail(const std::string& text) {
  throw cli_error(exit_code::failed, text);
}

bool contains(const json& row, const std::string& text) {
  return std::any_of(row.begin(), row.end(), [&](const json& cell) {
    return shown(cell, "any").find(text) != std::string::npos;
  });
}

/// As a node sorts: numbers the greatest first, texts the smallest.
void sort_rows(json& page, const std::string& column, bool reverse) {
  const auto& columns = page.at("columns");
  const auto at = std::find_if(columns.begin(), columns.end(),
                               [&](auto& x) { return x.at("name") == column; });
  if (at == columns.end())
    fail(fmt::format("the dump has no column \"{}\" there", column));
  const auto i = static_cast<std::size_t>(at - columns.begin());
  const bool descending =
    is_number(at->at("kind").get<std::string>()) != reverse;
  auto& rows = page.at("rows").get_ref<json::array_t&>();
  std::stable_sort(rows.begin(), rows.end(), [&](const json& a, const json& b) {
    return descending ? b[i] < a[i] : a[i] < b[i];
  });
}

} // namespace

json write_snapshot(source& node, json about, std::string path) {
  if (path.empty())
    path = bennu::observer::dump_name(about.value("node", std::string{}), 1);
  about["why"] = "asked for";
  about["time"] = std::time(nullptr);
  bennu::observer::dump_content content{
    .about = std::move(about),
    .sheets = node.ask("sheets", json::object()).at("sheets"),
    .history = node.ask("history", json::object())};
  for (const auto& x : content.sheets) {
    if (x.at("about") != "")
      continue;
    const auto name = x.at("name").get<std::string>();
    content.pages.emplace_back(
      name,
      node.ask("read", {{"sheet", name},
                        {"limit", bennu::runtime::sheet_query::rows_max}}));
  }
  // As large as one that the node writes itself.
  const auto text = bennu::observer::dump_text(
    std::move(content), bennu::observer::agent_options{}.dump_bytes_max);
  try {
    bennu::observer::write_private_file(path, text);
  } catch (const std::runtime_error& e) {
    fail(e.what());
  }
  return {{"file", std::filesystem::absolute(path).lexically_normal().string()},
          {"bytes", text.size()}};
}

json snapshot::connect() {
  std::error_code error;
  const auto size = std::filesystem::file_size(path_, error);
  if (error)
    fail(fmt::format("{}: {}", path_, error.message()));
  std::ifstream file{path_};
  if (size <= bytes_max)
    content_ = json::parse(file, nullptr, false);
  if (!content_.is_object() || content_.value(mark, 0) != 1)
    fail(fmt::format("{} is no dump of a node", path_));
  auto about = content_.at("about");
  about["read_only"] = true;
  about["node"] = "dump of " + about.value("node", std::string{});
  return about;
}

json snapshot::ask(const std::string& event, const json& payload) {
  if (event == "sheets")
    return {{"sheets", content_.at("sheets")}};
  if (event == "history")
    return content_.value("history", json{{"figures", json::array()}});
  if (event != "read")
    throw cli_error(exit_code::refused, "a dump can only be looked at");
  try {
    return read(payload);
  } catch (const json::exception& e) {
    fail(fmt::format("{} is damaged: {}", path_, e.what()));
  }
}

json snapshot::read(const json& question) const {
  const auto q = bennu::observer::query_of(question);
  const auto at = content_.at("pages").find(q.sheet);
  if (at == content_.at("pages").end())
    fail(fmt::format("the dump has no sheet \"{}\"", q.sheet));
  auto page = *at;
  if (!q.sort.empty())
    sort_rows(page, q.sort, q.reverse);
  auto rows = json::array();
  std::size_t skipped = 0;
  for (const auto& x : page.at("rows")) {
    if (!q.filter.empty() && !contains(x, q.filter))
      continue;
    if (skipped++ >= q.offset && rows.size() < q.limit)
      rows.push_back(x);
  }
  page["rows"] = std::move(rows);
  return page;
}

std::unique_ptr<source> open_source(const client_options& options) {
  constexpr std::string_view scheme = "file:";
  if (options.url.starts_with(scheme))
    return std::make_unique<snapshot>(options.url.substr(scheme.size()));
  return std::make_unique<client>(options);
}

} // namespace observer_cli
