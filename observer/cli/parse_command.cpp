#include "observer/cli/command.hpp"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace observer_cli {

namespace {

constexpr auto footer =
  "Exit codes: 0 done, 1 the node could not, 2 bad command line, 3 no node,\n"
  "4 token missing or wrong, 5 not allowed.\n"
  "Without a command: the full screen; h is help there.";

/// A view that is a sheet: its command, and what it is about.
struct view {
  const char* name;
  const char* sheet;
  const char* about;
  const char* help;
};

const view views[] = {
  {"processes", "processes", "", "who runs; --sort mailbox"},
  {"activity", "activity", "", "what they do just now, in a second"},
  {"process", "process", "PID", "all of one process"},
  {"messages", "messages", "PID", "what waits in a mailbox"},
  {"tables", "tables", "", "all tables"},
  {"table", "rows", "NAME", "a table's rows"},
  {"tree", "tree", "", "the supervision tree"},
  {"names", "names", "", "registered names"},
  {"registries", "registries", "", "keys of registries and their owners"},
  {"groups", "groups", "", "groups of processes and their members"},
  {"timers", "shards", "", "timers and run queues, by shard"},
  {"sockets", "sockets", "", "connected clients"},
  {"channels", "channels", "", "joined channels"},
  {"topics", "topics", "", "topics and their subscribers"},
  {"pubsub", "pubsub", "", "the pubsub pools"},
  {"presences", "presences", "", "who is on which topic"},
  {"replicas", "replicas", "", "trackers, and other nodes as they see them"},
  {"figures", "figures", "", "messages, joins and the like, in a second"},
  {"endpoints", "endpoints", "", "what endpoints have counted"},
  {"allocator", "allocator", "", "memory, by the allocator"},
  {"limits", "limits", "", "limits, and what would raise them"},
  {"log", "log", "", "the last lines of the log"},
  {"reports", "reports", "", "restarts, crashes, handlers that ran long"},
  {"sheet", "", "SHEET", "any sheet by its name; see sheets"},
};

/// What the options of a view are written to.
struct question {
  std::string sort, filter, after, about;
  bool reverse = false;
  std::size_t limit = 20, offset = 0;

  json as_json(const view& x) const {
    const bool by_name = std::string{x.sheet}.empty();
    json q{{"sheet", by_name ? about : x.sheet},
           {"limit", limit},
           {"offset", offset},
           {"reverse", reverse}};
    const auto put = [&q](const char* key, const std::string& value) {
      if (!value.empty())
        q[key] = value;
    };
    put("sort", sort);
    put("filter", filter);
    put("after", after);
    if (!by_name && !about.empty())
      q["about"] = about;
    return q;
  }
};

void add_view(CLI::App& app, command& to, const view& x,
              const std::shared_ptr<question>& q) {
  auto* sub = app.add_subcommand(x.name, x.help);
  if (*x.about)
    sub->add_option(x.about, q->about)->required();
  sub->add_option("--sort", q->sort, "column to sort by");
  sub->add_flag("--reverse", q->reverse, "the other way round");
  sub->add_option("--limit", q->limit, "rows, 1000 at most")
    ->check(CLI::Range(1, 1000))
    ->capture_default_str();
  sub->add_option("--offset", q->offset, "rows to leave out before")
    ->check(CLI::Range(0, 999));
  sub->add_option("--filter", q->filter, "rows that contain this text");
  sub->add_option("--after", q->after, "where the page before ended");
  sub->add_flag("--json", to.as_json, "for scripts");
  if (std::string_view{x.name} == "log") {
    sub->add_option("--level", q->about, "lines of this level and above")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    sub->add_flag("--follow", to.follow, "and go on with those that come");
  }
  if (std::string_view{x.name} == "tree"
      || std::string_view{x.name} == "process")
    q->limit = 500;
  sub->callback([&to, x, q] {
    to.name = "read";
    to.question = q->as_json(x);
  });
}

CLI::App* add_act(CLI::App& app, command& to, const char* name,
                  const char* about, const char* help) {
  auto* sub = app.add_subcommand(name, help);
  if (*about)
    sub->add_option(about, to.about)->required();
  sub->add_flag("--json", to.as_json, "for scripts");
  sub->callback([&to, name] { to.name = name; });
  return sub;
}

void add_acts(CLI::App& app, command& to) {
  add_act(app, to, "home", "", "the node at a glance");
  add_act(app, to, "sheets", "", "what there is to see");
  add_act(app, to, "kill", "PID", "end a process that cannot be told");
  add_act(app, to, "exit", "PID", "send an exit signal")
    ->add_option("REASON", to.with, "shutdown, normal, kill or a text");
  add_act(app, to, "close", "PID", "close a client's socket");
  add_act(app, to, "suspend", "PID", "let a process handle no messages");
  add_act(app, to, "resume", "PID", "and let it again");
  for (const auto* name : {"terminate_child", "restart_child"})
    add_act(app, to, name, "SUPERVISOR", "steer a supervisor")
      ->add_option("CHILD", to.with)
      ->required();
  auto* trace = add_act(app, to, "trace", "PID", "what a process does");
  trace->add_option("--seconds", to.seconds, "60 at most")
    ->check(CLI::Range(1, 60))
    ->capture_default_str();
  auto limit = std::make_shared<std::size_t>(100);
  trace->add_option("--limit", *limit, "events, 1000 at most")
    ->check(CLI::Range(1, 1000))
    ->capture_default_str();
  trace->callback([&to, limit] {
    to.name = "trace";
    to.question["limit"] = *limit;
  });
  auto* dump = add_act(app, to, "dump", "", "all views of a node, as a file");
  auto* file = dump->add_option("FILE", to.about, "a new file on this machine");
  dump
    ->add_flag("--on-node", to.on_node,
               "on the node's machine, where its dumps go")
    ->excludes(file);
}

} // namespace

namespace {

/// The words behind the program's name, the last first, as CLI11 wants them.
/// "open FILE" stands for the URL of a dump.
std::vector<std::string> words_of(int argc, const char* const* argv) {
  std::vector<std::string> words{argv + 1, argv + argc};
  const auto open = std::find(words.begin(), words.end(), "open");
  if (open != words.end() && std::next(open) != words.end()) {
    const auto file = words.erase(open);
    file->insert(0, "file:");
  }
  std::reverse(words.begin(), words.end());
  return words;
}

} // namespace

parsed parse_command(int argc, const char* const* argv) {
  command to;
  double timeout = 5;
  CLI::App app{"Looks into a running node."};
  app.name("bennu-observer");
  app.footer(footer);
  app
    .add_option("URL", to.to.url,
                "ws[s]://HOST:PORT of the node's observer, or open DUMP")
    ->required();
  app.add_option("--token-file", to.to.token_file,
                 "the file with the node's token");
  app.add_option("--ca-file", to.to.ca_file,
                 "PEM file with whom to believe, of wss");
  app.add_flag("--insecure", to.to.insecure, "believe whoever answers, of wss");
  app.add_option("--timeout", timeout, "seconds to wait for an answer")
    ->check(CLI::PositiveNumber)
    ->capture_default_str();
  app.require_subcommand(0, 1);
  app.fallthrough();
  std::vector<std::shared_ptr<question>> questions;
  for (const auto& x : views)
    add_view(app, to, x, questions.emplace_back(std::make_shared<question>()));
  add_acts(app, to);
  try {
    app.parse(words_of(argc, argv));
    if (!to.to.url.starts_with("file:"))
      port_of(to.to.url);
  } catch (const CLI::Success& e) {
    return {std::nullopt, app.exit(e)};
  } catch (const std::runtime_error& e) {
    std::cerr << "bennu-observer: " << e.what()
              << " (see bennu-observer --help)\n";
    return {std::nullopt, static_cast<int>(exit_code::usage)};
  }
  to.to.timeout = std::chrono::ceil<std::chrono::milliseconds>(
    std::chrono::duration<double>{timeout});
  return {to, 0};
}

} // namespace observer_cli
