// What one unit of each hot path costs in instructions of our own: run under
// callgrind by hot_paths.py, which divides and compares. Alone it only checks
// that every path works.
#include "channels/channel.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/socket_spec.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/table.hpp"
#include "runtime/testing/sim_node.hpp"
#include "tests/transport/client_frames.hpp"
#include "transport/endpoint.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

namespace {

using namespace bennu;
using namespace std::chrono_literals;

/// Counts what all threads do that collect while `f` runs.
template <class F>
void counted(const char* name, F f) {
  CALLGRIND_ZERO_STATS;
  f();
  CALLGRIND_DUMP_STATS_AT(name);
}

void require(bool holds, const char* what) {
  if (holds)
    return;
  std::fprintf(stderr, "hot_paths: %s\n", what);
  std::exit(1);
}

// -- connections --------------------------------------------------------------

class room final : public channels::channel {
public:
  static auto events() {
    return channels::event_map<room>{{"echo", &room::on_echo},
                                     {"tell", &room::on_tell}};
  }
  channels::join_result join(const channels::topic&,
                             const channels::json&) override {
    return channels::accept();
  }

private:
  channels::result on_echo(const channels::json& x) { return channels::ok(x); }
  channels::result on_tell(const channels::json& x) {
    broadcast("told", x);
    return channels::no_reply;
  }
};

runtime::supervisor_spec tree() {
  return runtime::rest_for_one(
    "hot", {}, channels::pubsub_spec({.name = "hot.pubsub"}),
    transport::endpoint(
      {.name = "hot.endpoint",
       .port = 0,
       .host = "127.0.0.1",
       .pubsub = "hot.pubsub",
       .sockets = {
         {"/socket", channels::socket_spec{
                       .channels = {channels::route<room>("room:*")}}}}}));
}

constexpr std::string_view upgrade =
  "GET /socket/websocket?vsn=2.0.0&token=abc HTTP/1.1\r\n"
  "Host: 127.0.0.1:4000\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
  "Sec-WebSocket-Version: 13\r\n"
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A client as plain as can be: it writes bytes it has ready and reads until
/// as many frames as it waits for have begun.
class client {
public:
  explicit client(std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0,
            "no connection");
  }
  client(client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  client& operator=(client&&) = delete;
  ~client() { close(); }

  void say(std::string_view bytes) {
    require(::write(fd_, bytes.data(), bytes.size())
              == static_cast<ssize_t>(bytes.size()),
            "a write failed");
  }

  void hear(std::string_view what, int times = 1) {
    std::string all;
    char buffer[4096];
    for (int seen = 0; seen < times;) {
      const auto n = ::read(fd_, buffer, sizeof buffer);
      require(n > 0, "the server has closed");
      all.append(buffer, static_cast<std::size_t>(n));
      seen = 0;
      for (auto at = all.find(what); at != std::string::npos;
           at = all.find(what, at + 1))
        ++seen;
    }
  }

  void ask(std::string_view bytes, int answers = 1) {
    say(bytes);
    hear("\"ok\"", answers);
  }

  void close() {
    if (fd_ >= 0)
      ::close(std::exchange(fd_, -1));
  }

private:
  int fd_;
};

std::string frame(std::string_view text) {
  return transport::testing::client_frame(transport::testing::text, text);
}

void connections(int units) {
  // This thread plays the clients, who are not what we count.
  CALLGRIND_TOGGLE_COLLECT;
  runtime::node node{{.shards = 1}};
  require(!node.start(tree()), "the tree does not start");
  const auto port = transport::bound_port(node, "hot.endpoint");
  const auto join = frame(R"(["1","1","room:lobby","phx_join",{}])");
  const auto leave = frame(R"(["1","5","room:lobby","phx_leave",{}])");
  const auto echo =
    frame(R"(["1","2","room:lobby","echo",{"body":"hello, all of you"}])");
  const auto tell =
    frame(R"(["1","3","room:lobby","tell",{"body":"hello, all of you"}])");
  const auto heartbeat = frame(R"([null,"4","phoenix","heartbeat",{}])");
  std::string eight;
  for (int i = 0; i < 8; ++i)
    eight += echo;

  std::vector<client> all;
  const auto open_all = [&] {
    for (int i = 0; i < units; ++i) {
      auto& x = all.emplace_back(port);
      x.say(upgrade);
      x.hear("101 Switching");
      x.ask(join);
    }
  };
  open_all(); // whatever is made once is made
  all.clear();
  counted("join", open_all);
  auto& one = all.front();
  one.ask(echo);
  counted("reply", [&] {
    for (int i = 0; i < units; ++i)
      one.ask(echo);
  });
  counted("reply_of_8", [&] {
    for (int i = 0; i < units / 8; ++i)
      one.ask(eight, 8);
  });
  counted("heartbeat", [&] {
    for (int i = 0; i < units; ++i)
      one.ask(heartbeat);
  });
  const auto tell_all = [&] {
    one.say(tell);
    for (auto& x : all)
      x.hear("told");
  };
  tell_all();
  counted("delivery", tell_all);
  counted("leave", [&] {
    for (auto& x : all) {
      x.say(leave);
      x.hear("phx_close");
    }
  });
  CALLGRIND_TOGGLE_COLLECT;
}

// -- processes ----------------------------------------------------------------

struct tick {};
struct ask {};

runtime::behavior server(runtime::process& self) {
  return {[](tick) {}, [](ask) { return 1; },
          [&self](const std::string&) { self.stop(); }};
}

void processes(int units) {
  runtime::sim_node sim;
  auto& node = sim.node();
  const auto to = node.spawn(server);
  const auto each = [units](const char* name, auto f) {
    f();
    counted(name, [&] {
      for (int i = 0; i < units; ++i)
        f();
    });
  };
  each("hundred_messages", [&] {
    for (int i = 0; i < 100; ++i)
      node.send(to, tick{});
    sim.run();
  });
  each("call",
       [&] { require(sim.call<int>(to, ask{}) == 1, "a call failed"); });
  each("spawn_exit", [&] {
    node.send(node.spawn(server), std::string{});
    sim.run();
  });
  node.spawn([&](runtime::process& self) -> runtime::behavior {
    each("timer", [&] {
      require(self.cancel_timer(self.send_after(1s, tick{})).has_value(),
              "a timer was not there");
    });
    return {[](tick) {}};
  });
  sim.run();
}

} // namespace

int main(int argc, char** argv) {
  const int units = argc > 1 ? std::atoi(argv[1]) : 8;
  require(units >= 8, "hot_paths UNITS, at least 8");
  runtime::log_threshold(runtime::log_level::error);
  connections(units);
  processes(units);
}
