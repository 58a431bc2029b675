// A chat node beside the floor, in one run: bytes and microseconds per
// connection, per delivery and per reply.
//
//   connection_bench [--connections N] [--shards N] [--rounds N] [--node PATH]
//
// With more connections than one file table holds, both servers and the driver
// give each thread a table of its own.
#include "tests/bench/floor_server.hpp"
#include "tests/bench/load_driver.hpp"
#include "tests/bench/process_meter.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace bennu::bench;
using namespace std::chrono_literals;

struct options {
  std::size_t connections = 19'000;
  std::size_t shards = 2;
  int rounds = 5;
  std::string node;
};

/// The figures of one server; microseconds are of its own CPU.
struct figures {
  double user_bytes = 0;
  double kernel_bytes = 0;
  double joins_per_second = 0;
  double join_us = 0;
  double delivery_us = 0;
  double last_ms = 0;
  double echo_per_second = 0;
  double echo_us = 0;
  double echo8_per_second = 0;
  double echo8_us = 0;
  std::size_t failed = 0;
};

double median(std::vector<double> xs) {
  std::sort(xs.begin(), xs.end());
  return xs[xs.size() / 2];
}

double microseconds(std::chrono::nanoseconds t) {
  return static_cast<double>(t.count()) / 1000;
}

double per_second(std::size_t count, std::chrono::nanoseconds t) {
  return static_cast<double>(count) / (microseconds(t) / 1e6);
}

/// A port nobody listens on just now.
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

bool answers(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool open =
    ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return open;
}

/// A server in a process of its own, ended with its object.
class server {
public:
  server(std::uint16_t port, const std::function<void()>& body) {
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      body();
      std::_Exit(127);
    }
    const auto until = monotonic_now() + 20s;
    while (!answers(port)) {
      if (monotonic_now() > until || ::waitpid(pid_, nullptr, WNOHANG) != 0)
        throw std::runtime_error("a server did not start");
      ::usleep(20'000);
    }
  }
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  ~server() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }

private:
  pid_t pid_ = -1;
};

/// Server CPU per unit of `work`, in microseconds.
template <class F>
double cpu_per(pid_t pid, F work) {
  const auto before = usage_of(pid).cpu;
  const std::size_t units = work();
  return microseconds(usage_of(pid).cpu - before)
         / static_cast<double>(std::max<std::size_t>(units, 1));
}

figures measure(std::uint16_t port, pid_t pid, const options& opts) {
  figures out;
  load_driver driver{{.port = port, .connections = opts.connections}};
  const auto n = static_cast<double>(opts.connections);
  const auto user = usage_of(pid).user_bytes;
  const auto kernel = kernel_slab_bytes();
  out.join_us = cpu_per(pid, [&] {
    const auto x = driver.ramp(180s);
    out.joins_per_second = per_second(x.done, x.took);
    out.failed += x.failed;
    return x.done;
  });
  out.user_bytes =
    (static_cast<double>(usage_of(pid).user_bytes) - static_cast<double>(user))
    / n;
  out.kernel_bytes =
    (static_cast<double>(kernel_slab_bytes()) - static_cast<double>(kernel))
    / n;
  std::vector<double> delivery;
  std::vector<double> last;
  for (int i = 0; i < opts.rounds; ++i)
    delivery.push_back(cpu_per(pid, [&] {
      const auto x = driver.broadcast(30s);
      out.failed += x.failed;
      last.push_back(microseconds(x.took) / 1000);
      return x.done;
    }));
  out.delivery_us = median(delivery);
  out.last_ms = median(last);
  const auto echo = [&](std::size_t outstanding, double& us, double& rate) {
    us = cpu_per(pid, [&] {
      const auto x = driver.echo(100, outstanding, 2000ms);
      rate = per_second(x.done, x.took);
      return x.done;
    });
  };
  echo(1, out.echo_us, out.echo_per_second);
  echo(8, out.echo8_us, out.echo8_per_second);
  return out;
}

void print(const figures& floor, const figures& node, const options& opts) {
  std::printf("%zu connections, %zu server threads, one machine for all\n",
              opts.connections, opts.shards);
  std::printf("%-44s %12s %12s %8s\n", "", "floor", "node", "ratio");
  const auto row = [](const char* what, double a, double b) {
    std::printf("%-44s %12.1f %12.1f %8.2f\n", what, a, b, b / a);
  };
  row("user bytes a connection", floor.user_bytes, node.user_bytes);
  row("kernel bytes a connection, both ends", floor.kernel_bytes,
      node.kernel_bytes);
  row("joins a second", floor.joins_per_second, node.joins_per_second);
  row("server us a join", floor.join_us, node.join_us);
  row("broadcast: server us a delivery", floor.delivery_us, node.delivery_us);
  row("broadcast: last receiver, ms", floor.last_ms, node.last_ms);
  row("push to reply, 100 clients: a second", floor.echo_per_second,
      node.echo_per_second);
  row("push to reply, 100 clients: server us", floor.echo_us, node.echo_us);
  row("the same, 8 outstanding: a second", floor.echo8_per_second,
      node.echo8_per_second);
  row("the same, 8 outstanding: server us", floor.echo8_us, node.echo8_us);
  std::printf("failed: floor %zu, node %zu\n", floor.failed, node.failed);
}

figures measure_floor(const options& opts) {
  const auto port = free_port();
  const server floor{port, [&] { run_floor_server(port, opts.shards); }};
  return measure(port, floor.pid(), opts);
}

figures measure_node(const options& opts) {
  const auto port = free_port();
  const server node{port, [&] {
                      const auto p = std::to_string(port);
                      const auto s = std::to_string(opts.shards);
                      ::execl(opts.node.c_str(), opts.node.c_str(), "--port",
                              p.c_str(), "--shards", s.c_str(), "--log-level",
                              "error", "--private-files", nullptr);
                    }};
  return measure(port, node.pid(), opts);
}

int run(const options& opts) {
  const auto floor = measure_floor(opts);
  const auto node = opts.node.empty() ? figures{} : measure_node(opts);
  print(floor, node, opts);
  return floor.failed + node.failed == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  options opts;
  CLI::App app{"A chat node beside the floor, in one run."};
  app.add_option("--connections", opts.connections);
  app.add_option("--shards", opts.shards, "server threads");
  app.add_option("--rounds", opts.rounds, "broadcasts, of which the median");
  app.add_option("--node", opts.node,
                 "the chat node's program; without it the floor alone");
  CLI11_PARSE(app, argc, argv);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const auto per_thread = opts.connections / opts.shards;
  if (per_thread + per_thread / 20 + 100 > files.rlim_max) {
    std::printf("skipped: %zu connections on %zu threads need `ulimit -n %zu` "
                "or --shards %zu\n",
                opts.connections, opts.shards,
                per_thread + per_thread / 20 + 100,
                opts.connections / (files.rlim_max * 9 / 10) + 1);
    return 0;
  }
  try {
    return run(opts);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "connection_bench: %s\n", e.what());
    return 1;
  }
}
