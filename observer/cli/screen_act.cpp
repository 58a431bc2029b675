// What keys of the full screen do to the node.
#include "observer/cli/screen.hpp"

#include <utility>

namespace observer_cli {

/// A key that changes the node.
screen::wish screen::ask_for(char x) {
  if (read_only_) {
    said_ = "this node is read-only: start it with --allow-destructive";
    return wish::nothing;
  }
  if (x == 'D')
    return confirm({.event = "dump", .done = "dumped on the node's machine"});
  if (x == 'T' || x == 'R')
    return ask_for_child(x == 'T' ? "terminate_child" : "restart_child");
  const auto pid = chosen_pid();
  if (pid.empty())
    return wish::nothing;
  if (x == 'K')
    return confirm(
      {.event = "kill", .payload = {{"pid", pid}}, .done = "killed " + pid});
  if (x == 'C')
    return confirm(
      {.event = "close", .payload = {{"pid", pid}}, .done = "closed " + pid});
  deed_ = {.event = "exit",
           .payload = {{"pid", pid}},
           .done = "sent an exit signal to " + pid};
  typing_ = typing::reason;
  typed_ = "shutdown";
  return wish::nothing;
}

screen::wish screen::ask_for_child(const char* event) {
  const auto parent = cell_named("parent");
  auto id = cell_named("id");
  // The children of a dynamic supervisor have no id but their pid.
  if (id.empty())
    id = cell_of("pid");
  if (here().sheet != "tree" || parent.empty() || id.empty()) {
    said_ = "choose a child in the tree";
    return wish::nothing;
  }
  return confirm({.event = event,
                  .payload = {{"supervisor", parent}, {"id", id}},
                  .done = std::string{"done: "} + event + " " + id});
}

screen::wish screen::confirm(deed x) {
  deed_ = std::move(x);
  confirming_ = true;
  return wish::nothing;
}

/// Looking is allowed on every node.
screen::wish screen::trace() {
  const auto pid = chosen_pid();
  if (pid.empty())
    return wish::nothing;
  deed_ = {.event = "trace",
           .payload = {{"pid", pid},
                       {"limit", trace_events_max},
                       {"seconds", trace_seconds}}};
  return wish::act;
}

void screen::did() {
  said_ = deed_.done;
  if (deed_.event != "trace")
    return;
  const auto pid = deed_.payload.at("pid").get<std::string>();
  path_.push_back({.title = "trace " + pid, .sheet = "trace", .about = pid});
  pages_.clear();
  traced_.clear();
  trace_over_ = false;
}

void screen::pushed(const std::string& event, const json& payload) {
  if (event == "trace_ended")
    trace_over_ = true;
  if (event != "trace")
    return;
  traced_.push_back(payload.value("text", std::string{}));
  if (traced_.size() > trace_events_max)
    traced_.pop_front();
}

} // namespace observer_cli
