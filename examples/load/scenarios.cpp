#include "examples/load/scenarios.hpp"

#include "examples/load/tsung_xml.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

namespace load {

namespace {

using namespace std::chrono_literals;

/// For what is under way at the end of a phase to arrive.
constexpr duration settle_time = 5s;

// -- steps --------------------------------------------------------------------

step connect(const target& to) {
  return {.what = verb::connect,
          .text = message_text::parse(to.path + "/websocket?vsn=2.0.0")};
}

step join(const std::string& topic) {
  return {.what = verb::send,
          .text = message_text::parse(
            fmt::format(R"(["1","1","{}","phx_join",{{}}])", topic)),
          .await = wait_for::join_reply,
          .is_join = true};
}

step leave(const std::string& topic) {
  return {.what = verb::send,
          .text = message_text::parse(
            fmt::format(R"(["1","2","{}","phx_leave",{{}}])", topic)),
          .await = wait_for::reply};
}

message_text new_msg(const std::string& topic, std::size_t body) {
  const std::string padding(body - std::min(body, marker_size), 'x');
  return message_text::parse(
    fmt::format(R"(["1","%%ref%%","{}","new_msg",{{"body":"%%marker%%{}"}}])",
                topic, padding));
}

step say(const options& x, const std::string& topic) {
  return {
    .what = verb::send, .text = new_msg(topic, x.body), .is_broadcast = true};
}

step think(double mean_s) {
  return {.what = verb::think,
          .length = {.how = pause::kind::exponential, .seconds = mean_s}};
}

step simple(verb what, std::uint32_t times = 0) {
  return {.what = what, .times = times};
}

session linked(std::string name, std::vector<step> steps) {
  session out{.name = std::move(name), .steps = std::move(steps)};
  link_steps(out);
  return out;
}

// -- plans --------------------------------------------------------------------

plan base_plan(const options& x) {
  plan out;
  for (const auto& url : x.targets)
    out.targets.push_back(parse_target(url, x.allow_remote));
  for (const auto& to : out.targets)
    if (to.path != out.targets.front().path)
      throw std::invalid_argument("targets with different paths");
  out.users = x.connections;
  out.arrivals = {{.per_second = x.rate, .users_max = x.connections}};
  out.heartbeat = from_seconds(x.heartbeat_s);
  out.seed = x.seed;
  out.clustered = x.clustered;
  out.say = new_msg(x.topic, x.body);
  out.ping = message_text::parse(
    fmt::format(R"(["1","%%ref%%","{}","ping",{{"n":1}}])", x.topic));
  return out;
}

std::vector<session> talkers(const options& x, const target& to,
                             const std::string& topic) {
  return {
    linked("speaker", {connect(to), join(topic), simple(verb::gate),
                       simple(verb::repeat, x.messages), think(x.think_s),
                       say(x, topic), simple(verb::end), simple(verb::hold)}),
    linked("listener", {connect(to), join(topic), simple(verb::hold)})};
}

session visitor(const options& x, const target& to) {
  return linked("visitor", {simple(verb::repeat), think(x.think_s), connect(to),
                            join(x.topic), simple(verb::repeat, x.messages),
                            think(x.think_s), say(x, x.topic),
                            simple(verb::end), think(x.think_s), leave(x.topic),
                            simple(verb::close), simple(verb::end)});
}

plan plan_tsung(options& x) {
  std::ifstream in(x.file, std::ios::binary);
  if (!in)
    throw std::invalid_argument("cannot read " + x.file);
  std::string xml{std::istreambuf_iterator<char>{in}, {}};
  auto read = parse_tsung(xml, x.file, x.allow_remote);
  x.how.port_min = read.how.port_min;
  x.how.port_max = read.how.port_max;
  if (x.how.sources.empty())
    x.how.sources = read.how.sources;
  if (!x.limit_given)
    x.limit_s = read.length.count() != 0
                  ? std::chrono::duration<double>{read.length}.count()
                  : 300'000;
  if (x.heartbeat_given)
    read.what.heartbeat = from_seconds(x.heartbeat_s);
  read.what.seed = x.seed;
  return std::move(read.what);
}

// -- phases -------------------------------------------------------------------

/// Users who have joined, or of whom it is known that they will not.
std::uint64_t ramped(run& on) {
  auto& users = on.users();
  const auto joined = users.count(counter::joined);
  if (on.planned().reconnects)
    return joined;
  return joined + users.count(counter::connect_failed)
         + users.count(counter::upgrade_refused)
         + users.count(counter::join_refused) + users.count(counter::timed_out)
         + users.count(counter::bad_frame);
}

void ramp(const options& x, run& on) {
  auto& users = on.users();
  on.measure("ramp", "join", [&](phase& p) {
    const auto all = on.planned().users;
    p.expected = all;
    users.begin();
    on.wait([&] { return ramped(on) >= all; }, from_seconds(x.limit_s));
    p.units = users.count(counter::joined);
  });
}

void hold(double seconds, run& on) {
  if (seconds <= 0 || on.is_cut_short())
    return;
  on.measure("hold", "heartbeat", [&](phase& p) {
    const auto before = on.users().count(counter::heartbeats);
    on.wait(
      [&] { return on.users().count(counter::finished) >= on.planned().users; },
      from_seconds(seconds), 100ms);
    p.units = on.users().count(counter::heartbeats) - before;
  });
}

/// Waits until everyone who stayed has heard everything, or no more comes.
void hear_out(run& on, std::uint64_t expected, duration limit) {
  on.wait([&] { return on.users().count(counter::deliveries) >= expected; },
          limit, 5ms);
}

void broadcast(const options& x, run& on) {
  auto& users = on.users();
  const auto targets = on.planned().clustered ? 1 : on.planned().targets.size();
  for (std::size_t i = 0; i < x.rounds && !on.is_cut_short(); ++i) {
    on.measure("broadcast", "delivery", [&](phase& p) {
      const auto before = users.count(counter::deliveries);
      const auto joined = users.look().joined_now();
      std::int64_t first = 0;
      for (std::size_t to = 0; to < targets; ++to) {
        const auto at = users.say(to);
        first = first == 0 ? at : first;
      }
      p.expected = joined;
      hear_out(on, before + joined, from_seconds(x.limit_s));
      p.units = users.count(counter::deliveries) - before;
      if (p.units != 0)
        p.took = duration{users.last_delivery_ns() - first};
      p.more["last_ms"] =
        std::round(std::chrono::duration<double>{p.took}.count() * 1e6) / 1e3;
    });
  }
  users.check_deliveries();
}

void echo(const options& x, run& on) {
  auto& users = on.users();
  on.measure("echo", "reply", [&](phase& p) {
    const auto before = users.count(counter::replies);
    const auto length = from_seconds(x.duration_s);
    users.echo(x.clients, x.outstanding, now_ns() + length.count());
    on.wait([] { return false; }, length);
    p.units = users.count(counter::replies) - before;
    p.took = length;
    p.more = {{"clients", x.clients}, {"outstanding", x.outstanding}};
  });
  on.wait(
    [&] {
      return users.count(counter::replies)
             >= users.count(counter::sent) - users.count(counter::joined);
    },
    settle_time);
}

void churn(const options& x, run& on) {
  auto& users = on.users();
  on.measure(x.scenario, "cycle", [&](phase& p) {
    users.begin();
    const auto length = from_seconds(x.duration_s);
    on.wait([] { return false; }, length);
    p.units = users.count(counter::cycles);
    p.took = length;
  });
  users.wind_down();
  on.wait([&] { return users.look().users() == 0; }, 2 * settle_time);
}

void storm(const options& x, run& on) {
  auto& users = on.users();
  for (std::size_t i = 0; i < x.rounds && !on.is_cut_short(); ++i)
    on.measure("storm", "join", [&](phase& p) {
      const auto before = users.count(counter::joined);
      p.expected = users.look().joined_now();
      users.storm();
      on.wait(
        [&] { return users.count(counter::joined) >= before + p.expected; },
        from_seconds(x.limit_s));
      p.units = users.count(counter::joined) - before;
    });
}

void talk(const options& x, run& on) {
  auto& users = on.users();
  const auto& what = on.planned();
  const auto room = what.per_room == 0 ? what.users : what.per_room;
  std::uint64_t expected = 0;
  for (std::uint64_t first = 0; first < what.users; first += room) {
    const auto size = std::min(room, what.users - first);
    expected += std::min(size, x.senders) * x.messages * size;
  }
  on.measure("talk", "delivery", [&](phase& p) {
    p.expected = expected;
    users.open_gate();
    hear_out(on, expected, from_seconds(x.limit_s));
    p.units = users.count(counter::deliveries);
  });
  users.check_deliveries();
}

/// All come, and stay until their session is over.
void tsung(const options& x, run& on) {
  auto& users = on.users();
  ramp(x, on);
  if (x.hold_s > 0)
    return hold(x.hold_s, on);
  if (!on.is_cut_short())
    on.measure("sessions", "session", [&](phase& p) {
      p.expected = on.planned().users;
      on.wait([&] { return users.count(counter::finished) >= p.expected; },
              from_seconds(x.limit_s));
      p.units = users.count(counter::finished);
    });
}

} // namespace

plan plan_scenario(options& x) {
  if (x.scenario == "tsung")
    return plan_tsung(x);
  auto out = base_plan(x);
  const auto& to = out.targets.front();
  const auto& name = x.scenario;
  if (name == "churn") {
    out.sessions = {linked("churn", {simple(verb::repeat), connect(to),
                                     join(x.topic), leave(x.topic),
                                     simple(verb::close), simple(verb::end)})};
    out.reconnects = true;
  } else if (name == "lobby") {
    out.sessions = {visitor(x, to)};
    out.reconnects = true;
  } else if (name == "chat") {
    out.sessions = talkers(x, to, x.topic);
    out.speakers = x.senders;
  } else if (name == "rooms") {
    out.sessions = talkers(x, to, x.topic + "-%%room%%");
    out.speakers = x.senders;
    out.per_room = x.per_room;
  } else {
    out.sessions = {
      linked(name, {connect(to), join(x.topic), simple(verb::hold)})};
    out.reconnects = name == "storm";
  }
  if ((name == "chat" || name == "rooms") && out.targets.size() > 1
      && !x.clustered)
    throw std::invalid_argument(name + " has one target; see nodes");
  return out;
}

void run_scenario(const options& x, run& on) {
  const auto& name = x.scenario;
  if (name == "churn" || name == "lobby")
    return churn(x, on);
  if (name == "tsung")
    return tsung(x, on);
  ramp(x, on);
  if (on.is_cut_short())
    return;
  if (name == "broadcast" || name == "nodes")
    broadcast(x, on);
  else if (name == "echo")
    echo(x, on);
  else if (name == "storm")
    storm(x, on);
  else if (name == "chat" || name == "rooms")
    talk(x, on);
  hold(x.hold_s, on);
}

} // namespace load
