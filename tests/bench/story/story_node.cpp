// The chat node of 2015, in which each thing that was changed on the road to
// two million can be switched back: story.py runs it in pairs.
//
//   story_node --port N [--shards N] [--table bag|duplicate_bag] [--pool N]
//              [--heartbeats process|wheel] [--broadcast whole|sharded]
//
// Differs from our own chat node, and has to: here a join calls a pubsub server
// and waits for it, its table has a kind, broadcasts go to channel processes
// and timers to a process of their own, if told so. Twice a second it prints
// who has joined, and how many messages waited at most for the timer process
// and for a pubsub server.
#include "channels/custom_channel.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/socket_spec.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/table.hpp"
#include "transport/endpoint.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace {

using namespace bennu;
using namespace std::chrono_literals;
using channels::json;
using runtime::pid;
using runtime::process;
using subscribers = runtime::table<pid, std::string>;

struct options {
  std::uint16_t port = 0;
  std::size_t shards = 2;
  runtime::table_kind table = runtime::table_kind::duplicate_bag;
  std::size_t pool = 1;
  bool timer_process = false;
  bool sharded = false;
  runtime::duration heartbeat = 1s;
};

struct subscribe {
  std::string topic;
  pid who;
};
struct publish {
  std::string topic;
  json what;
  std::size_t tables = 1;
};
struct told {
  json what;
};
struct arm {
  pid who;
  runtime::duration after;
};
struct beat {};
struct look {};

constexpr auto timer_name = "story.timer";
constexpr auto timer_tick = 10ms;

std::string server_name(std::size_t i) {
  return fmt::format("story.local.{}", i);
}

/// Owns the table number `index`. A publish serves it and the tables behind it:
/// one is its own, more are the ones nobody else looks after.
runtime::behavior pubsub_server(process& self, options opts,
                                std::size_t index) {
  const auto own =
    subscribers::create(self, {.name = server_name(index), .kind = opts.table});
  return {
    [own](const subscribe& x) {
      own.insert(x.topic, x.who);
      return true;
    },
    [&self, index](const publish& x) {
      const told message{x.what};
      for (auto i = index; i < index + x.tables; ++i)
        for (const auto& who :
             subscribers::whereis(self.node(), server_name(i)).lookup(x.topic))
          self.send(who, message);
    },
  };
}

/// Erlang's `timer` module of 2015: one process, a table ordered by time.
runtime::behavior timer_process(process& self) {
  struct state {
    std::multimap<runtime::time_point, pid> due;
  };
  auto all = std::make_shared<state>();
  self.send_after(timer_tick, beat{});
  return {
    [&self, all](const arm& x) {
      all->due.emplace(self.home().now() + x.after, x.who);
    },
    [&self, all](beat) {
      const auto end = all->due.upper_bound(self.home().now());
      for (auto i = all->due.begin(); i != end; ++i)
        self.send(i->second, beat{});
      all->due.erase(all->due.begin(), end);
      self.send_after(timer_tick, beat{});
    },
  };
}

/// A client's channel process.
class story_channel {
public:
  story_channel(process& self, channels::custom_join at, options opts)
    : self_(self), at_(std::move(at)), opts_(opts),
      timer_(self.node().whereis(timer_name)) {}

  void join() {
    // The pool is sharded by the subscriber's pid.
    const auto to =
      self_.node().whereis(server_name(self_.self().slot % opts_.pool));
    self_.request(to, 5s, subscribe{at_.topic_name().str(), self_.self()})
      .then(
        [this](bool) {
          at_.accept(self_);
          rearm();
        },
        [this](const runtime::exit_reason& why) {
          at_.refuse(self_, {{"reason", to_string(why)}});
        });
  }

  void rearm() {
    if (timer_)
      self_.send(timer_, arm{self_.self(), opts_.heartbeat});
    else
      self_.send_after(opts_.heartbeat, beat{});
  }

  void pushed(const channels::message& x) {
    if (x.event == "phx_leave") {
      at_.close(self_);
      return self_.stop();
    }
    const auto servers = opts_.sharded ? opts_.pool : 1;
    for (std::size_t i = 0; i < servers; ++i)
      self_.send(self_.node().whereis(server_name(i)),
                 publish{x.topic, x.payload.as_json(), opts_.pool / servers});
  }

  void hear(const told& x) { at_.push(self_, "new_msg", x.what); }

private:
  process& self_;
  const channels::custom_join at_;
  const options opts_;
  const pid timer_;
};

runtime::behavior run_channel(process& self, channels::custom_join at,
                              options opts) {
  auto me = std::make_shared<story_channel>(self, std::move(at), opts);
  me->join();
  return {
    [me](const channels::client_push& x) { me->pushed(x.what); },
    [me](const told& x) { me->hear(x); },
    [me](beat) { me->rearm(); },
  };
}

/// Looks at the mailboxes the story is about.
runtime::behavior watcher(process& self, options opts) {
  struct state {
    std::size_t timer = 0;
    std::size_t server = 0;
    int looks = 0;
  };
  auto seen = std::make_shared<state>();
  const auto ask = [&self](const std::string& name, std::size_t& max) {
    const auto who = self.node().whereis(name);
    if (!who)
      return;
    self.info(who, 60s).then(
      [&max](const runtime::process_info& x) {
        max = std::max(max, x.message_queue_len);
      },
      [](const runtime::exit_reason&) {});
  };
  self.send_after(20ms, look{});
  return {[&self, opts, seen, ask](look) {
    ask(timer_name, seen->timer);
    for (std::size_t i = 0; i < opts.pool; ++i)
      ask(server_name(i), seen->server);
    if (++seen->looks % 25 == 0) {
      std::size_t joined = 0;
      for (std::size_t i = 0; i < opts.pool; ++i)
        if (const auto x = subscribers::whereis(self.node(), server_name(i)))
          joined += x.info().size;
      std::printf("{\"joined\": %zu, \"timer_queue_max\": %zu, "
                  "\"pubsub_queue_max\": %zu}\n",
                  joined, seen->timer, seen->server);
      std::fflush(stdout);
    }
    self.send_after(20ms, look{});
  }};
}

runtime::supervisor_spec tree(const options& opts) {
  auto top = runtime::rest_for_one(
    "story", {}, channels::pubsub_spec({.name = "story.pubsub"}));
  for (std::size_t i = 0; i < opts.pool; ++i)
    top.children.push_back(
      runtime::worker(server_name(i), pubsub_server, opts, i));
  if (opts.timer_process)
    top.children.push_back(runtime::worker(timer_name, timer_process));
  top.children.push_back(runtime::worker("story.watcher", watcher, opts));
  const channels::socket_spec sockets{
    .channels = {channels::route_process(
      "rooms:*", [opts](process& self, channels::custom_join at) {
        return run_channel(self, std::move(at), opts);
      })}};
  top.children.push_back(transport::endpoint({.name = "story.endpoint",
                                              .port = opts.port,
                                              .host = "127.0.0.1",
                                              .pubsub = "story.pubsub",
                                              .sockets = {{"/socket", sockets}},
                                              .connections_expected = 100}));
  return top;
}

} // namespace

int main(int argc, char** argv) {
  options opts;
  CLI::App app{"The chat node of 2015."};
  app.add_option("--port", opts.port)->required();
  app.add_option("--shards", opts.shards)->check(CLI::Range(1, 64));
  app.add_option("--pool", opts.pool, "pubsub servers")
    ->check(CLI::Range(1, 64));
  app.add_option("--table", opts.table)
    ->transform(
      CLI::CheckedTransformer(std::map<std::string, runtime::table_kind>{
        {"bag", runtime::table_kind::bag},
        {"duplicate_bag", runtime::table_kind::duplicate_bag}}));
  app.add_option("--heartbeats", opts.timer_process)
    ->transform(CLI::CheckedTransformer(
      std::map<std::string, bool>{{"process", true}, {"wheel", false}}));
  app.add_option("--broadcast", opts.sharded)
    ->transform(CLI::CheckedTransformer(
      std::map<std::string, bool>{{"sharded", true}, {"whole", false}}));
  CLI11_PARSE(app, argc, argv);
  runtime::log_threshold(runtime::log_level::error);
  runtime::node node{
    {.name = "story@127.0.0.1", .shards = opts.shards, .private_files = true}};
  return node.run(tree(opts));
}
