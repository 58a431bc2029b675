#include "examples/load/options.hpp"

#include "examples/load/crew.hpp"

#include <cmath>
#include <iostream>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>

namespace load {

namespace {

constexpr auto footer =
  "Exit codes: 0 all well, 1 something went wrong (see the figures), 2 bad\n"
  "command line or file, 3 nobody listens at the target, 4 cut short.";

/// A run's longest: the story held its users 30,000 s; this is ten times that.
constexpr double seconds_max = 300'000;

/// A message's longest body: what a server takes is ten million.
constexpr std::size_t body_max = 1'000'000;

/// Seconds, as "30", "30s", "500ms" or "5m".
std::string to_seconds(std::string text) {
  std::size_t used = 0;
  double x = 0;
  try {
    x = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  const auto unit = text.substr(used);
  if (unit == "ms")
    x /= 1000;
  else if (unit == "m")
    x *= 60;
  else if (unit == "h")
    x *= 3600;
  else if (!unit.empty() && unit != "s")
    used = 0;
  if (used == 0 || !std::isfinite(x))
    throw CLI::ValidationError(text + " is no time; write 30s, 500ms or 5m");
  return std::to_string(x);
}

CLI::Option* add_time(CLI::App& app, const char* name, double& to,
                      const char* help) {
  return app.add_option(name, to, help)
    ->transform(to_seconds)
    ->check(CLI::Range(0.0, seconds_max))
    ->capture_default_str()
    ->type_name("TIME");
}

void add_common(CLI::App& app, options& to) {
  app
    .add_option("--target", to.targets,
                "the server's socket; several: users are spread over them")
    ->allow_extra_args(false)
    ->capture_default_str();
  app.add_flag("--allow-remote", to.allow_remote,
               "let the target be another machine");
  app.add_option("--connections", to.connections, "users")
    ->check(CLI::Range(std::uint64_t{1}, users_max))
    ->capture_default_str();
  app
    .add_option("--rate", to.rate, "arrivals a second; 0: as fast as they can")
    ->check(CLI::Range(0.0, 10'000'000.0))
    ->capture_default_str();
  add_time(app, "--duration", to.duration_s, "how long echo, churn, lobby go");
  add_time(app, "--hold", to.hold_s, "how long all stay once all are there");
  add_time(app, "--heartbeat", to.heartbeat_s, "a user's; 0: none");
  add_time(app, "--limit", to.limit_s, "longest that one phase may take");
  app
    .add_option("--topic", to.topic,
                "what users join; rooms scenarios add a number")
    ->check([](const std::string& x) {
      return x.empty() || x.find_first_of("\"\\%") != std::string::npos
               ? "a topic without quotes, \\ and %"
               : "";
    })
    ->capture_default_str();
  app
    .add_option("--threads", to.how.threads,
                "0: as many as file tables are needed")
    ->check(CLI::Range(std::size_t{0}, threads_max))
    ->capture_default_str();
  app
    .add_option("--in-flight", to.how.in_flight_max,
                "users on their way to joined at once")
    ->check(CLI::Range(1, 1'000'000))
    ->capture_default_str();
  app.add_option("--seed", to.seed, "same seed, same load")
    ->capture_default_str();
}

void add_sources(CLI::App& app, options& to) {
  app
    .add_option_function<std::vector<std::string>>(
      "--source",
      [&to](const std::vector<std::string>& all) {
        for (const auto& x : all) {
          in_addr address{};
          if (::inet_pton(AF_INET, x.c_str(), &address) != 1)
            throw CLI::ValidationError("--source: " + x
                                       + " is no IPv4 address");
          to.how.sources.push_back(address);
        }
      },
      "addresses to connect from; default: of 127.0.0.0/8")
    ->allow_extra_args(false)
    ->type_name("ADDRESS");
}

void add_output(CLI::App& app, options& to) {
  app.add_option("--json", to.json_file, "write the result; -: to stdout")
    ->type_name("FILE");
  app.add_option("--report", to.report_file, "write a report as a page")
    ->type_name("FILE.html");
  app.add_option("--page-port", to.page_port, "live page; 0: none")
    ->capture_default_str();
  app
    .add_option("--server-pid", to.watch.server_pid,
                "the server's process; default: who listens on the port")
    ->check(CLI::PositiveNumber);
  app
    .add_option_function<double>(
      "--memory-free-min",
      [&to](double mib) {
        to.watch.memory_free_min = static_cast<std::size_t>(mib * 1024 * 1024);
      },
      "MiB of MemFree below which the run ends")
    ->check(CLI::Range(0.0, 1e7))
    ->default_str("1024");
  app.add_flag("--quiet", to.watch.quiet, "no progress lines");
}

void add_crew(CLI::App& app, options& to) {
  auto* first = app.add_option("--processes", to.processes,
                               "wait for others, so that we are so many");
  first->check(CLI::Range(std::size_t{1}, processes_max))
    ->capture_default_str();
  app.add_option("--crew-port", to.crew_port, "where others join us")
    ->check(CLI::Range(1, 65535))
    ->capture_default_str();
  app
    .add_option("--join", to.join,
                "share the load of the process that waits there")
    ->type_name("HOST:PORT")
    ->excludes(first);
}

struct scenario_help {
  const char* name;
  const char* help;
};
const scenario_help scenarios[] = {
  {"ramp", "all connect and join, then stay with heartbeats"},
  {"broadcast", "one sends to all, --rounds times"},
  {"echo", "--clients push and await replies, --outstanding at once"},
  {"churn", "connect, join, leave, close, over and over"},
  {"storm", "all lose their connection at once and come back"},
  {"chat", "one room, --senders of its users send --messages each"},
  {"rooms", "rooms of --per-room users, of whom --senders send"},
  {"nodes", "users spread over several targets; one sends at each"},
  {"lobby", "users arrive, talk, leave and come back at random"},
};

void add_scenario(CLI::App& app, options& to, const scenario_help& x) {
  auto* sub = app.add_subcommand(x.name, x.help);
  sub->callback([&to, x] { to.scenario = x.name; });
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), x.name) != names.end();
  };
  const auto count = [&](const char* name, auto& where, const char* help) {
    sub->add_option(name, where, help)
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  };
  if (is({"broadcast", "nodes", "storm"}))
    count("--rounds", to.rounds, "how often");
  if (is({"broadcast", "nodes", "chat", "rooms", "lobby"}))
    sub->add_option("--body", to.body, "bytes of a message's body")
      ->check(CLI::Range(std::size_t{34}, body_max))
      ->capture_default_str();
  if (is({"echo"})) {
    count("--clients", to.clients, "users who push");
    count("--outstanding", to.outstanding, "pushes of a user at once");
  }
  if (is({"rooms"}))
    count("--per-room", to.per_room, "users of a room");
  if (is({"chat", "rooms"}))
    count("--senders", to.senders, "users of a room who send");
  if (is({"chat", "rooms", "lobby"})) {
    count("--messages", to.messages, "messages of each who sends");
    add_time(*sub, "--think", to.think_s, "between two of them, on average");
  }
  if (is({"nodes"}))
    sub->add_flag("--clustered", to.clustered,
                  "the targets pass broadcasts on to each other");
}

} // namespace

parsed parse_options(int argc, const char* const* argv) {
  options to;
  to.page_dir = BENNU_LOAD_PAGE;
  CLI::App app{"Loads a Phoenix Channels server with users."};
  app.name("bennu-load");
  app.footer(footer);
  app.require_subcommand(1);
  app.fallthrough();
  add_common(app, to);
  add_sources(app, to);
  add_output(app, to);
  add_crew(app, to);
  for (const auto& x : scenarios)
    add_scenario(app, to, x);
  auto* tsung = app.add_subcommand("tsung", "what a Tsung file asks for");
  tsung->add_option("FILE", to.file, "Tsung's XML")->required();
  tsung->callback([&to] { to.scenario = "tsung"; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return {std::nullopt, app.exit(e)};
  } catch (const CLI::ParseError& e) {
    std::cerr << "bennu-load: " << e.what() << " (see bennu-load --help)\n";
    return {std::nullopt, static_cast<int>(exit_code::usage)};
  }
  to.heartbeat_given = app.count("--heartbeat") != 0;
  to.limit_given = app.count("--limit") != 0;
  to.watch.scenario = to.scenario;
  to.watch.quiet = to.watch.quiet || to.json_file == "-";
  return {to, 0};
}

} // namespace load
