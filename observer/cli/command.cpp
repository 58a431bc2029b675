#include "observer/cli/command.hpp"

#include "observer/cli/format.hpp"
#include "observer/cli/snapshot.hpp"
#include "runtime/sheet.hpp"

#include <algorithm>
#include <iostream>

#include <fmt/core.h>

namespace observer_cli {

namespace {

/// Longer than agent_options::dump_timeout.
constexpr std::chrono::seconds dump_timeout{20};

/// Characters of the reason of a dump.
constexpr std::size_t why_max = 300;

void print(const json& x) {
  std::cout << x.dump(2, ' ', false, json::error_handler_t::replace)
            << std::endl;
}

/// An empty table and one that is not there look the same in `rows`.
void require_table(source& node, const std::string& name) {
  const auto page =
    node.ask("read", {{"sheet", "tables"},
                      {"filter", name},
                      {"limit", bennu::runtime::sheet_query::rows_max}});
  for (const auto& row : page.at("rows"))
    if (row[0] == name || row[1].dump() == name)
      return;
  throw cli_error(exit_code::failed,
                  "there is no table \"" + name + "\"; `tables` lists them");
}

void read(source& node, const command& what) {
  const auto page = node.ask("read", what.question);
  if (page.at("rows").empty() && page.at("error") != "")
    throw cli_error(exit_code::failed, page.at("error"));
  if (page.at("rows").empty() && page.at("sheet") == "rows")
    require_table(node, what.question.value("about", ""));
  if (!what.as_json)
    std::cout << as_table(page) << std::flush;
  else if (page.at("sheet") == "process")
    print(as_object(page));
  else
    print(as_objects(page));
}

/// A dump tells why it was made.
void tell_why(const json& about) {
  const auto why = about.value("why", std::string{});
  if (why.empty())
    return;
  const auto line =
    fmt::format("{}, made {}: {}", about.value("node", std::string{}),
                date_shown(about.value("time", std::int64_t{0})), why);
  std::cout << fitted(line, std::min(width(line), why_max), false) << "\n\n";
}

void home(source& node, const command& what, const json& about) {
  auto all = json::object();
  if (what.as_json)
    all["about"] = about;
  else
    tell_why(about);
  const auto there = node.ask("sheets", json::object()).at("sheets");
  for (const auto* sheet : {"node", "figures", "shards", "endpoints"}) {
    // A node without an endpoint is one, too.
    if (std::none_of(there.begin(), there.end(),
                     [sheet](auto& x) { return x.at("name") == sheet; }))
      continue;
    const auto page = node.ask("read", {{"sheet", sheet}, {"limit", 200}});
    if (!what.as_json)
      std::cout << as_table(page) << std::endl;
    all[sheet] = std::string_view{sheet} == "node" ? as_object(page)
                                                   : as_objects(page)["rows"];
  }
  if (what.as_json)
    print(all);
}

void sheets(source& node, const command& what) {
  const auto all = node.ask("sheets", json::object());
  if (what.as_json)
    return print(all.at("sheets"));
  for (const auto& x : all.at("sheets")) {
    std::cout << x.at("name").get<std::string>() << ':';
    for (const auto& column : x.at("columns"))
      std::cout << ' ' << column.at("name").get<std::string>() << ',';
    std::cout << " about: " << x.at("about").get<std::string>() << '\n';
  }
}

void trace(source& node, const command& what) {
  node.ask("trace", {{"pid", what.about},
                     {"limit", what.question.at("limit")},
                     {"seconds", what.seconds}});
  const auto longest = std::chrono::seconds{what.seconds + 2};
  for (;;) {
    const auto got = node.next_push(longest);
    if (!got || got->first == "trace_ended")
      return;
    if (got->first == "trace" && what.as_json)
      std::cout << got->second.dump() << std::endl;
    else if (got->first == "trace")
      std::cout << got->second.at("text").get<std::string>() << std::endl;
  }
}

std::string log_line(const json& x) {
  const auto text = x.at("line").get<std::string>();
  return fmt::format("{} {:7} {}", x.at("time").get<std::string>(),
                     x.at("level").get<std::string>(),
                     fitted(text, width(text), false));
}

/// The lines as they come, the oldest first, until the program is ended.
void follow(source& node, const command& what) {
  auto question = what.question;
  question["sort"] = "no";
  question["reverse"] = true;
  question["limit"] = bennu::runtime::sheet_query::rows_max;
  question["offset"] = 0;
  for (;;) {
    const auto page = node.ask("read", question);
    if (const auto& error = page.at("error"); error != "")
      throw cli_error(exit_code::failed, error);
    const auto objects = as_objects(page);
    for (const auto& x : objects.at("rows")) {
      question["after"] = std::to_string(x.at("no").get<std::uint64_t>());
      std::cout << (what.as_json ? x.dump() : log_line(x)) << std::endl;
    }
    // Nothing is pushed: this is how one waits and sees the node go.
    node.next_push(std::chrono::milliseconds{500});
  }
}

void dump(source& node, const command& what) {
  const auto about = node.connect();
  const auto answer = what.on_node ? node.ask("dump", json::object())
                                   : write_snapshot(node, about, what.about);
  if (what.as_json)
    print(answer);
  else
    std::cout << "dumped to " << answer.at("file").get<std::string>()
              << (what.on_node ? ", on the node's machine" : "")
              << "; bennu-observer open shows it" << std::endl;
}

void act(source& node, const command& what) {
  json payload{{"pid", what.about}};
  if (what.name == "exit")
    payload["reason"] = what.with;
  if (what.name.ends_with("_child"))
    payload = {{"supervisor", what.about}, {"id", what.with}};
  const auto answer = node.ask(what.name, payload);
  if (what.as_json)
    print(answer);
  else
    std::cout << "done" << std::endl;
}

} // namespace

void run(const command& what) {
  auto to = what.to;
  if (what.follow && to.url.starts_with("file:"))
    throw cli_error(exit_code::refused, "nothing follows in a dump");
  // The node waits for its shards first.
  if (what.on_node)
    to.timeout = std::max<std::chrono::milliseconds>(to.timeout, dump_timeout);
  const auto opened = open_source(to);
  auto& node = *opened;
  if (what.name == "dump")
    return dump(node, what);
  const auto about = node.connect();
  if (what.follow)
    follow(node, what);
  else if (what.name == "read")
    read(node, what);
  else if (what.name == "home")
    home(node, what, about);
  else if (what.name == "sheets")
    sheets(node, what);
  else if (what.name == "trace")
    trace(node, what);
  else
    act(node, what);
}

} // namespace observer_cli
