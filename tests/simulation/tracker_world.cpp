#include "tests/simulation/tracker_world.hpp"

#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/core.h>

namespace bennu::channels {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t nodes_min = 3;
constexpr std::size_t nodes_max = 5;
constexpr milliseconds step_max = 400ms;

/// Long enough for a late life to be taken for new, and for the last transfer.
constexpr milliseconds healing_time = 100s;

const tracker_timing timing{.permdown_period = 150s,
                            .max_delta_sizes = {4, 10, 30}};

std::string name_of(std::size_t index) {
  return fmt::format("n{}", index);
}

} // namespace

/// The adapter of a node's pubsub.
class tracker_world::wire final : public adapter {
public:
  wire(tracker_world& world, node_life& of) : world_(world), of_(of) {}

  std::string node_name() const override { return name_of(of_.index); }

  void broadcast(const publication& what) override {
    for (std::size_t i = 0; i < world_.nodes_.size(); ++i)
      direct_broadcast(name_of(i), what);
  }

  void direct_broadcast(std::string_view node,
                        const publication& what) override {
    for (std::size_t i = 0; i < world_.nodes_.size(); ++i)
      if (i != of_.index && name_of(i) == node && !of_.cut)
        world_.transmit(of_.index, i, what);
  }

private:
  tracker_world& world_;
  node_life& of_;
};

/// Adds up the diffs of a node.
class tracker_world::recorder final : public diff_handler {
public:
  recorder(tracker_world& world, node_life& of) : world_(world), of_(of) {}

  void handle_diff(const topic_diff& x) override {
    for (const auto& e : x.leaves)
      world_.note_leave(of_, shown_of(e));
    for (const auto& e : x.joins)
      world_.note_join(of_, shown_of(e));
  }

  static shown shown_of(const tracked_ptr& x) {
    return {x->topic.str(), x->key.str(), *x->meta.value_if<int>()};
  }

private:
  tracker_world& world_;
  node_life& of_;
};

tracker_world::tracker_world(std::uint64_t seed) : random_(seed) {
  pool_size_ = 1 + pick(2);
  nodes_.resize(nodes_min + pick(nodes_max - nodes_min + 1));
  vsns_.resize(nodes_.size(), 100);
  side_.resize(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    start(i);
}

tracker_world::~tracker_world() {
  for (auto& x : nodes_)
    if (x)
      x->cut = true;
}

void tracker_world::run(int steps) {
  for (int i = 0; i < steps; ++i) {
    act();
    for (const auto& x : nodes_)
      if (x)
        check_own(*x);
  }
  note("the network heals");
  std::fill(side_.begin(), side_.end(), 0);
  loss_ = doubling_ = 0;
  delay_max_ = 50ms;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (!nodes_[i] && chance(70))
      start(i);
  pass(healing_time);
  check_all();
}

// -- the network --------------------------------------------------------------

void tracker_world::transmit(std::size_t from, std::size_t to,
                             const publication& what) {
  if (chance(loss_))
    return;
  for (int copies = chance(doubling_) ? 2 : 1; copies > 0; --copies) {
    const milliseconds delay{
      pick(static_cast<std::size_t>(delay_max_.count()) + 1)};
    packets_.push_back({now_ + delay, ++packets_sent_, from, to, what});
  }
}

/// What is under way when the network splits does not arrive.
void tracker_world::deliver() {
  const auto due = std::stable_partition(packets_.begin(), packets_.end(),
                                         [&](auto& x) { return x.due > now_; });
  std::vector<packet> arrived{std::make_move_iterator(due),
                              std::make_move_iterator(packets_.end())};
  packets_.erase(due, packets_.end());
  std::sort(arrived.begin(), arrived.end(), [](auto& a, auto& b) {
    return std::tie(a.due, a.number) < std::tie(b.due, b.number);
  });
  for (const auto& x : arrived) {
    auto& to = nodes_[x.to];
    if (!to || !connected(x.from, x.to))
      continue;
    to->bus.publish_local(x.what);
    to->sim->run();
  }
}

void tracker_world::change_weather() {
  loss_ = chance(50) ? 0 : static_cast<unsigned>(pick(60));
  doubling_ = chance(50) ? 0 : static_cast<unsigned>(pick(40));
  delay_max_ = milliseconds{chance(50) ? 20 : pick(20'000)};
  if (chance(40))
    for (auto& x : side_)
      x = static_cast<int>(pick(2));
  else
    std::fill(side_.begin(), side_.end(), 0);
  std::string sides;
  for (const auto x : side_)
    sides += std::to_string(x);
  note(fmt::format("weather: {}% lost, {}% twice, {} ms, sides {}", loss_,
                   doubling_, delay_max_.count(), sides));
}

// -- happening ----------------------------------------------------------------

void tracker_world::act() {
  switch (pick(20)) {
  case 0:
  case 1:
    return change_weather();
  case 2: {
    const auto at = pick(nodes_.size());
    return nodes_[at] ? lose(at, chance(30)) : start(at);
  }
  case 3:
    return kill_server();
  case 4:
    return pass(milliseconds{pick(chance(20) ? 200'000 : 40'000)});
  case 5:
  case 6:
  case 7:
    return pass(milliseconds{pick(4'000)});
  case 8:
  case 9:
  case 10:
    return change_somebody();
  case 11:
  case 12:
  case 13:
    return end_somebody();
  default:
    return track_somebody();
  }
}

void tracker_world::start(std::size_t index) {
  // Mostly later than its last life; after a reboot the clock may say less.
  const auto last = vsns_[index];
  vsns_[index] = chance(85) || last < 20 ? last + 1 + pick(5) : last - 7;
  auto life = std::make_unique<node_life>();
  auto& x = *life;
  x.index = index;
  x.vsn = vsns_[index];
  x.speed = 0.9 + 0.05 * static_cast<double>(pick(5));
  note(fmt::format("{} starts as {}", name_of(index), x.vsn));
  x.sim = std::make_unique<runtime::sim_node>(
    runtime::sim_options{.shards = 2, .seed = random_()});
  const auto failure = x.sim->start(runtime::rest_for_one(
    "top", {},
    pubsub_spec({.name = "bus",
                 .adapter =
                   [this, &x](runtime::node&) {
                     return std::make_unique<wire>(*this, x);
                   }}),
    tracker_spec({.name = "tracker",
                  .pubsub = "bus",
                  .pool_size = pool_size_,
                  .timing = timing,
                  .permdown_on_shutdown = chance(50),
                  .handler =
                    [this, &x](runtime::process&, std::size_t) {
                      return std::make_unique<recorder>(*this, x);
                    },
                  .vsn = x.vsn})));
  if (failure)
    fault("a node does not start: " + to_string(*failure));
  x.bus = pubsub::find(x.sim->node(), "bus");
  x.who = tracker::find(x.sim->node(), "tracker");
  nodes_[index] = std::move(life);
}

void tracker_world::lose(std::size_t index, bool orderly) {
  note(fmt::format("{} {}", name_of(index), orderly ? "stops" : "crashes"));
  auto& x = *nodes_[index];
  if (orderly && chance(50)) {
    x.who.graceful_permdown();
    x.sim->run();
  }
  x.cut = !orderly;
  x.sim->stop();
  x.cut = true;
  nodes_[index] = nullptr;
}

void tracker_world::track_somebody() {
  auto* at = any_node();
  if (!at)
    return;
  const auto is_new = at->expected.empty() || chance(60);
  const auto who = is_new ? at->sim->node().spawn([](runtime::process&) {
    return runtime::behavior{[](int) {}};
  })
                          : any_process(*at, pick(at->expected.size()));
  const auto topic = fmt::format("room:{}", pick(3));
  const auto key = fmt::format("k{}", pick(4));
  const auto meta = ++metas_;
  auto& has = at->expected[who];
  const auto is_there = std::any_of(has.begin(), has.end(), [&](const auto& y) {
    return std::get<0>(y) == topic && std::get<1>(y) == key;
  });
  const auto got = at->who.track(who, topic, key, runtime::make_message(meta));
  if (is_there != (got == track_error::already_tracked))
    fault(fmt::format("track answers {}", static_cast<int>(got)));
  if (!is_there)
    has.insert({topic, key, meta});
  note(fmt::format("{} tracks {} {} {}", name_of(at->index), topic, key, meta));
  if (chance(70))
    at->sim->run();
}

void tracker_world::change_somebody() {
  auto* at = any_node();
  if (!at || at->expected.empty())
    return;
  auto who = at->expected.find(any_process(*at, pick(at->expected.size())));
  auto& has = who->second;
  if (has.empty())
    return;
  const auto old =
    *std::next(has.begin(), static_cast<std::ptrdiff_t>(pick(has.size())));
  const auto& [topic, key, meta] = old;
  has.erase(old);
  note(
    fmt::format("{} changes {} {} {}", name_of(at->index), topic, key, meta));
  switch (pick(3)) {
  case 0:
    at->who.untrack(who->first, topic, key);
    break;
  case 1:
    at->who.untrack(who->first);
    has.clear();
    break;
  default:
    const auto next = ++metas_;
    at->who.update(who->first, topic, key, [&](const runtime::message&) {
      return runtime::make_message(next);
    });
    has.insert({topic, key, next});
  }
  if (chance(70))
    at->sim->run();
}

void tracker_world::end_somebody() {
  auto* at = any_node();
  if (!at || at->expected.empty())
    return;
  const auto who = any_process(*at, pick(at->expected.size()));
  note(fmt::format("{} loses a process", name_of(at->index)));
  at->sim->node().exit(who, runtime::exit_reason::kill());
  at->sim->run();
  at->expected.erase(who);
}

/// Seldom enough for its supervisor not to give up.
void tracker_world::kill_server() {
  auto* at = any_node();
  if (!at || at->sim->now() - at->killed_server_at < 6s)
    return;
  at->killed_server_at = at->sim->now();
  note(fmt::format("{} loses its tracker", name_of(at->index)));
  at->sim->node().exit(at->sim->node().whereis("tracker.0"),
                       runtime::exit_reason::kill());
  if (chance(50))
    at->sim->run();
}

void tracker_world::pass(milliseconds time) {
  const auto end = now_ + time;
  while (now_ < end) {
    const auto step = std::min(end - now_, step_max);
    now_ += step;
    for (auto& x : nodes_)
      if (x)
        x->sim->advance(
          std::chrono::duration_cast<runtime::duration>(step * x->speed));
    deliver();
  }
}

// -- what must hold -----------------------------------------------------------

std::set<tracker_world::shown>
tracker_world::shown_by(const node_life& x) const {
  std::set<shown> all;
  for (int i = 0; i < 3; ++i)
    for (const auto& e : x.who.list(fmt::format("room:{}", i)))
      all.insert(recorder::shown_of(e));
  return all;
}

/// A node's own presences are in its lists, whatever the network does.
void tracker_world::check_own(const node_life& x) {
  const auto all = shown_by(x);
  for (const auto& [who, own] : x.expected)
    if (!std::includes(all.begin(), all.end(), own.begin(), own.end()))
      fault(fmt::format("{} does not show its own", name_of(x.index)));
}

void tracker_world::check_all() {
  std::set<shown> expected;
  std::size_t up = 0;
  for (const auto& x : nodes_) {
    if (!x)
      continue;
    ++up;
    for (const auto& [who, own] : x->expected)
      expected.insert(own.begin(), own.end());
  }
  for (const auto& x : nodes_) {
    if (!x)
      continue;
    const auto all = shown_by(*x);
    const auto name = name_of(x->index);
    if (all != expected)
      fault(fmt::format("{} shows {} presences, not the {} there are", name,
                        all.size(), expected.size()));
    if (x->told != all)
      fault(fmt::format("{} has been told of {} presences, and shows {}", name,
                        x->told.size(), all.size()));
    const auto replicas = x->who.replicas();
    const auto seen = std::count_if(replicas.begin(), replicas.end(),
                                    [](const auto& r) { return r.up; });
    if (static_cast<std::size_t>(seen) != up)
      fault(fmt::format("{} takes {} replicas for up, not {}", name, seen, up));
  }
}

void tracker_world::note_join(node_life& x, const shown& e) {
  if (!x.told.insert(e).second)
    fault(fmt::format("{} is told twice that {} joins", name_of(x.index),
                      std::get<2>(e)));
}

/// Also of one whose join was not told, since it went at once.
void tracker_world::note_leave(node_life& x, const shown& e) {
  x.told.erase(e);
}

// -- choosing -----------------------------------------------------------------

tracker_world::node_life* tracker_world::any_node() {
  return nodes_[pick(nodes_.size())].get();
}

runtime::pid tracker_world::any_process(node_life& x, std::size_t nth) {
  return std::next(x.expected.begin(), static_cast<std::ptrdiff_t>(nth))->first;
}

void tracker_world::note(std::string line) {
  trace_.push_back(fmt::format("{} ms: {}", now_.count(), line));
}

void tracker_world::fault(const std::string& what) {
  faults_.push_back(fmt::format("after {} ms: {}", now_.count(), what));
}

} // namespace bennu::channels
