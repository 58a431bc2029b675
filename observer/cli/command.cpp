#include "observer/cli/command.hpp"

#include "observer/cli/format.hpp"
#include "observer/cli/snapshot.hpp"
#include "runtime/sheet.hpp"

#include <fstream>
#include <iostream>
#include <stdexcept>

#include <sys/stat.h>

namespace observer_cli {

namespace {

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

void home(source& node, const command& what) {
  auto all = json::object();
  for (const auto* sheet : {"node", "figures", "shards", "endpoints"}) {
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

void dump(source& node, const command& what) {
  const auto content = take_snapshot(node).dump();
  // What a node shows is for its user alone.
  ::umask(S_IRWXG | S_IRWXO);
  std::ofstream file{what.about};
  file << content << '\n';
  if (!file.flush())
    throw cli_error(exit_code::failed, what.about + " cannot be written");
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
  const auto opened = open_source(what.to);
  auto& node = *opened;
  if (what.name == "dump")
    return dump(node, what);
  node.connect();
  if (what.name == "read")
    read(node, what);
  else if (what.name == "home")
    home(node, what);
  else if (what.name == "sheets")
    sheets(node, what);
  else if (what.name == "trace")
    trace(node, what);
  else
    act(node, what);
}

} // namespace observer_cli
