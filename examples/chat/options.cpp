#include "examples/chat/options.hpp"

#include <iostream>

#include <CLI/CLI.hpp>

namespace chat {

namespace {

/// Refuses what parse_log_level does not know, with its text.
std::string check_log_level(const std::string& name) {
  try {
    bennu::runtime::parse_log_level(name);
    return {};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
}

} // namespace

/// The options of the observer's agent, which only runs when given a port.
void add_observer(CLI::App& app, options& opts,
                  bennu::observer::agent_options& agent) {
  agent.static_dir = BENNU_OBSERVER_PAGE;
  app.add_option_function<std::uint16_t>(
    "--observer-port",
    [&](std::uint16_t port) {
      agent.port = port;
      opts.observer = agent;
    },
    "port for observers; 0: any free one; without: none can look in");
  app
    .add_option("--observer-host", agent.host,
                "address for observers; without TLS: a loopback one")
    ->capture_default_str();
  app.add_option("--observer-token-file", agent.token_file,
                 "file with the observers' token; without: one is made");
  app.add_option("--observer-certificate", agent.certificate_file,
                 "PEM file: observers come by TLS, from anywhere");
  app.add_option("--observer-key", agent.key_file, "and its key");
  app.add_option("--dump-dir", agent.dump_dir,
                 "folder for the dump that SIGUSR1 makes with an observer");
  app.add_flag("--allow-destructive", agent.allow_destructive,
               "let observers kill processes and steer supervisors");
}

parsed parse_options(int argc, char** argv) {
  options opts;
  opts.static_dir = BENNU_CHAT_PAGE;
  std::string level = "info";
  double timeout = 60;
  double drain_time = 30;
  CLI::App app{"A chat node: Phoenix Channels in C++."};
  app.name("bennu-chat");
  app.add_option("--port", opts.port, "port to listen on; 0: any free one")
    ->envname("PORT")
    ->capture_default_str();
  app.add_option("--host", opts.host, "address to listen on")
    ->capture_default_str();
  app.add_option("--shards", opts.shards, "threads; 0: one a core")
    ->check(CLI::Range(0, 1024))
    ->capture_default_str();
  app
    .add_option("--connections", opts.connections,
                "connections the file limit should allow")
    ->capture_default_str();
  app.add_flag("--private-files", opts.private_files,
               "give each thread a file table of its own: shards x limit");
  bool no_check_origin = false;
  app.add_flag("--no-check-origin", no_check_origin,
               "let pages of any site connect");
  app.add_option("--static-dir", opts.static_dir, "folder of the chat page")
    ->capture_default_str();
  app
    .add_option("--timeout", timeout,
                "seconds of silence before a client is closed")
    ->check(CLI::PositiveNumber)
    ->capture_default_str();
  app
    .add_option("--drain-time", drain_time,
                "seconds clients may take to leave when the node stops")
    ->check(CLI::PositiveNumber)
    ->capture_default_str();
  app.add_option("--log-level", level, "debug, info, warning, error or off")
    ->check(check_log_level, "")
    ->capture_default_str();
  bennu::observer::agent_options agent;
  add_observer(app, opts, agent);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return {std::nullopt, app.exit(e)};
  } catch (const CLI::ParseError& e) {
    std::cerr << "bennu-chat: " << e.what() << " (see bennu-chat --help)\n";
    return {std::nullopt, 2};
  }
  using seconds = std::chrono::duration<double>;
  const auto ms = [](double s) {
    return std::chrono::ceil<std::chrono::milliseconds>(seconds{s});
  };
  if (opts.observer) {
    agent.port = opts.observer->port;
    opts.observer = agent;
  }
  opts.timeout = ms(timeout);
  opts.drain_time = ms(drain_time);
  opts.check_origin = !no_check_origin;
  opts.log_level = bennu::runtime::parse_log_level(level);
  return {opts, 0};
}

} // namespace chat
