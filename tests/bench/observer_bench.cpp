// What a viewer costs a chat node, and how long it waits: phases with a viewer
// that refreshes `processes`, `activity` and `sockets`, and without one, in
// turns. In each a client pushes and awaits its reply, one after the other, and
// so measures what others would feel.
//
//   observer_bench --node PATH [--shards N] [--phases N] [--seconds N]
//   observer_bench --port N --observer-port N --token-file FILE ...
//
// The first starts a node that holds nothing else; the second looks at one that
// runs: see observed_million.py.
#include "observer/cli/client.hpp"
#include "tests/bench/process_meter.hpp"
#include "transport/websocket_client.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace bennu::bench;
using namespace std::chrono_literals;
using observer_cli::json;

struct options {
  std::string node;
  std::uint16_t port = 0;
  std::uint16_t observer_port = 0;
  std::string token_file;
  pid_t node_pid = 0;
  std::string json_file;
  std::size_t shards = 2;
  int phases = 3;
  int seconds = 5;
  int interval_ms = 1'500;
};

using samples = std::vector<double>; // milliseconds

double milliseconds(std::chrono::nanoseconds t) {
  return static_cast<double>(t.count()) / 1e6;
}

double quantile(samples x, double q) {
  if (x.empty())
    return 0;
  std::sort(x.begin(), x.end());
  return x[static_cast<std::size_t>(q * static_cast<double>(x.size() - 1))];
}

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

/// Where the node and its observer are.
struct place {
  std::uint16_t port = 0;
  observer_cli::client_options observer{};
  pid_t pid = 0;
};

observer_cli::client_options observer_at(std::uint16_t port,
                                         std::string token_file) {
  return {.url = "ws://127.0.0.1:" + std::to_string(port),
          .token_file = std::move(token_file),
          .timeout = 30s};
}

/// A chat node with an observer, in a process of its own, ended with its
/// object.
class chat_node {
public:
  explicit chat_node(const options& opts)
    : port_(free_port()), observed_at_(free_port()) {
    std::ofstream{token_file_} << "the-token-of-a-benchmark\n";
    std::filesystem::permissions(token_file_,
                                 std::filesystem::perms::owner_read
                                   | std::filesystem::perms::owner_write);
    pid_ = ::fork();
    if (pid_ == 0)
      become(opts);
    // Until it answers.
    for (int i = 0; i < 2'000; ++i) {
      bennu::transport::websocket_client x;
      if (x.connect_tcp("ws://127.0.0.1:" + std::to_string(port_)))
        return;
      ::usleep(10'000);
    }
    throw std::runtime_error("the node did not start");
  }
  chat_node(const chat_node&) = delete;
  chat_node& operator=(const chat_node&) = delete;
  ~chat_node() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    std::filesystem::remove(token_file_);
  }

  place where() const {
    return {port_, observer_at(observed_at_, token_file_), pid_};
  }

private:
  [[noreturn]] void become(const options& opts) const {
    const auto port = std::to_string(port_);
    const auto observed = std::to_string(observed_at_);
    const auto shards = std::to_string(opts.shards);
    ::execl(opts.node.c_str(), opts.node.c_str(), "--port", port.c_str(),
            "--shards", shards.c_str(), "--log-level", "error",
            "--private-files", "--observer-port", observed.c_str(),
            "--observer-token-file", token_file_.c_str(), nullptr);
    std::_Exit(127);
  }

  const std::uint16_t port_;
  const std::uint16_t observed_at_;
  const std::string token_file_ =
    std::filesystem::temp_directory_path().string() + "/bennu-bench-token-"
    + std::to_string(::getpid());
  pid_t pid_ = -1;
};

/// Pushes and awaits the reply, until told to end.
samples push_to_reply(std::uint16_t port, const std::atomic<bool>& over) {
  bennu::transport::websocket_client x;
  if (!x.connect("ws://127.0.0.1:" + std::to_string(port)
                 + "/socket/websocket?vsn=2.0.0"))
    throw std::runtime_error("the prober cannot connect: " + x.error());
  x.send_text(R"(["1","1","rooms:probe","phx_join",{}])");
  x.receive(10s);
  samples took;
  while (!over) {
    const auto began = monotonic_now();
    x.send_text(R"(["1","2","rooms:probe","ping",{}])");
    if (x.receive(10s).what
        != bennu::transport::websocket_client::event::kind::text)
      throw std::runtime_error("no reply within 10 s");
    took.push_back(milliseconds(monotonic_now() - began));
  }
  return took;
}

struct refreshes {
  std::map<std::string, samples> took{};
  std::size_t missing = 0;
};

/// What the full screen asks, as often as it does.
refreshes view(const observer_cli::client_options& to, int interval_ms,
               const std::atomic<bool>& over) {
  observer_cli::client x{to};
  x.connect();
  refreshes out;
  while (!over) {
    for (const auto* sheet : {"processes", "activity", "sockets"}) {
      const auto began = monotonic_now();
      const auto page = x.ask("read", {{"sheet", sheet}, {"limit", 20}});
      out.took[sheet].push_back(milliseconds(monotonic_now() - began));
      out.missing += page.at("missing").size();
    }
    for (int i = 0; i < interval_ms / 10 && !over; ++i)
      ::usleep(10'000);
  }
  return out;
}

struct phase {
  samples replies{};
  refreshes views{};
};

phase run_phase(const place& node, const options& opts, bool watched) {
  std::atomic<bool> over{false};
  phase out;
  std::thread viewer;
  if (watched)
    viewer = std::thread{
      [&] { out.views = view(node.observer, opts.interval_ms, over); }};
  std::thread prober{[&] { out.replies = push_to_reply(node.port, over); }};
  ::sleep(static_cast<unsigned>(opts.seconds));
  over = true;
  prober.join();
  if (viewer.joinable())
    viewer.join();
  return out;
}

void append(samples& to, const samples& from) {
  to.insert(to.end(), from.begin(), from.end());
}

json figures_of(const samples& x) {
  return {{"median", quantile(x, 0.5)},
          {"p99", quantile(x, 0.99)},
          {"most", quantile(x, 1)},
          {"count", x.size()}};
}

void measure(const place& node, const options& opts) {
  samples quiet;
  samples watched;
  refreshes views;
  for (int i = 0; i < opts.phases; ++i) {
    append(quiet, run_phase(node, opts, false).replies);
    const auto x = run_phase(node, opts, true);
    append(watched, x.replies);
    views.missing += x.views.missing;
    for (const auto& [sheet, took] : x.views.took)
      append(views.took[sheet], took);
  }
  std::printf("%-28s %10s %10s %10s %10s\n", "milliseconds", "median", "p99",
              "most", "count");
  const auto row = [](const std::string& what, const samples& x) {
    std::printf("%-28s %10.3f %10.3f %10.3f %10zu\n", what.c_str(),
                quantile(x, 0.5), quantile(x, 0.99), quantile(x, 1), x.size());
  };
  row("push to reply, no viewer", quiet);
  row("push to reply, a viewer", watched);
  for (const auto& [sheet, took] : views.took)
    row("refresh of " + sheet, took);
  const auto bytes = usage_of(node.pid).user_bytes;
  std::printf("shards that were late: %zu; node's memory %zu MiB\n",
              views.missing, bytes >> 20);
  if (opts.json_file.empty())
    return;
  json refreshed;
  for (const auto& [sheet, took] : views.took)
    refreshed[sheet] = figures_of(took);
  std::ofstream{opts.json_file} << json{{"quiet", figures_of(quiet)},
                                        {"watched", figures_of(watched)},
                                        {"refresh", refreshed},
                                        {"missing", views.missing},
                                        {"node_bytes", bytes}};
}

} // namespace

int main(int argc, char** argv) {
  options opts;
  CLI::App app{"What a viewer costs a chat node, and how long it waits."};
  auto* node = app.add_option("--node", opts.node, "the chat node's program");
  auto* port = app.add_option("--port", opts.port, "of a node that runs");
  auto* observer = app.add_option("--observer-port", opts.observer_port);
  auto* token = app.add_option("--token-file", opts.token_file);
  app.add_option("--node-pid", opts.node_pid, "whose memory is told");
  app.add_option("--json", opts.json_file, "the figures, for a program");
  port->excludes(node)->needs(observer)->needs(token);
  app.require_option(1, 0);
  app.add_option("--shards", opts.shards);
  app.add_option("--phases", opts.phases, "with a viewer and without, each");
  app.add_option("--seconds", opts.seconds, "of a phase");
  app.add_option("--interval-ms", opts.interval_ms, "between refreshes");
  CLI11_PARSE(app, argc, argv);
  try {
    if (!opts.node.empty())
      measure(chat_node{opts}.where(), opts);
    else
      measure({opts.port, observer_at(opts.observer_port, opts.token_file),
               opts.node_pid},
              opts);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "observer_bench: %s\n", e.what());
    return 1;
  }
}
