#include "tests/simulation/presence_world.hpp"

#include "channels/channel.hpp"
#include "runtime/node.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace bennu::channels {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t shards = 2;
constexpr std::size_t members_max = 6;

/// Longer than a diff may wait.
constexpr auto until_told = 1s;

/// Restarts are counted: one that is killed more often is not restarted.
constexpr auto between_kills = 10s;

const std::vector<std::string> rooms{"room:1", "room:2"};
const std::vector<std::string> keys{"ann", "bob", "eve"};

class present_channel final : public channel {
public:
  static auto events() {
    return event_map<present_channel>{
      {"track", &present_channel::track},
      {"update", &present_channel::update},
      {"untrack", &present_channel::untrack},
      {"boom", &present_channel::boom},
    };
  }

  join_result join(const topic&, const json& x) override {
    send(self(), after_join{x});
    return accept();
  }

  result handle_info(runtime::message& msg) override {
    if (const auto* x = msg.value_if<after_join>()) {
      track(x->params);
      push("presence_state", here().state(*this));
      return no_reply;
    }
    return channel::handle_info(msg);
  }

private:
  struct after_join {
    json params;
  };

  presence here() const { return presence::find(node(), "presence"); }
  static std::string key_of(const json& x) { return x.at("key"); }

  result track(const json& x) {
    here().track(*this, key_of(x), {{"n", x.at("n")}});
    return no_reply;
  }
  result update(const json& x) {
    here().update(*this, key_of(x), {{"n", x.at("n")}});
    return no_reply;
  }
  result untrack(const json& x) {
    here().untrack(*this, key_of(x));
    return no_reply;
  }
  result boom() { throw std::runtime_error("boom"); }
};

runtime::child_spec spec_of(std::uint64_t seed, std::size_t trackers) {
  presence_options x{.name = "presence", .pubsub = "test.pubsub"};
  x.tracking.pool_size = trackers;
  x.tracking.diff_interval = std::chrono::milliseconds{seed % 3 * 200};
  return presence_spec(std::move(x));
}

/// "ann:1 ann:3 bob:2", whatever the order of the metas.
std::string summary(const json& presences) {
  std::vector<std::string> all;
  for (const auto& [key, x] : presences.items())
    for (const auto& meta : x.at("metas"))
      all.push_back(fmt::format("{}:{}", key, meta.at("n").get<int>()));
  std::sort(all.begin(), all.end());
  return fmt::format("{}", fmt::join(all, " "));
}

} // namespace

/// Phoenix's client, in its own words: presence.js.
class presence_world::sync {
public:
  /// The state of another join is awaited; what is shown stays.
  void joining() { pending_ = true; }

  void state(const json& x) {
    shown_ = x;
    pending_ = false;
    for (const auto& diff : std::exchange(waiting_, {}))
      apply(diff);
  }

  void diff(const json& x) {
    if (pending_)
      waiting_.push_back(x);
    else
      apply(x);
  }

  void forget() { *this = {}; }
  const json& shown() const noexcept { return shown_; }

private:
  static bool has(const json& metas, const json& ref) {
    return std::any_of(metas.begin(), metas.end(),
                       [&](const json& x) { return x.at("phx_ref") == ref; });
  }

  /// Those of `metas` that are not in `others`.
  static json without(const json& metas, const json& others) {
    auto left = json::array();
    for (const auto& x : metas)
      if (!has(others, x.at("phx_ref")))
        left.push_back(x);
    return left;
  }

  void apply(const json& diff) {
    for (const auto& [key, x] : diff.at("joins").items()) {
      const auto joined = x.at("metas");
      auto metas = shown_.contains(key)
                     ? without(shown_[key].at("metas"), joined)
                     : json::array();
      metas.insert(metas.end(), joined.begin(), joined.end());
      shown_[key] = {{"metas", std::move(metas)}};
    }
    for (const auto& [key, x] : diff.at("leaves").items()) {
      if (!shown_.contains(key))
        continue;
      auto left = without(shown_[key].at("metas"), x.at("metas"));
      if (left.empty())
        shown_.erase(key);
      else
        shown_[key]["metas"] = std::move(left);
    }
  }

  json shown_ = json::object();
  std::vector<json> waiting_;
  bool pending_ = true;
};

/// A client in a room.
struct presence_world::member {
  int id = 0;
  testing::raw_client raw;
  std::string room;

  /// What it says of itself, by key; empty while it is not in the room.
  std::map<std::string, int> says{};
  bool joined = false;

  /// Its channel ends, whatever it says from now on.
  bool ending = false;
  sync list{};
};

presence_world::presence_world(std::uint64_t seed)
  : random_(seed), trackers_(1 + seed % 2),
    at_(
      {.channels = {route<present_channel>("room:*")}},
      {.shards = shards, .seed = seed, .workers = {spec_of(seed, trackers_)}}),
    here_(presence::find(at_.node(), "presence")), killed_at_(at_.sim().now()),
    empty_(at_.sim().live()) {}

presence_world::~presence_world() = default;

void presence_world::run(int steps) {
  for (int i = 0; i < steps && faults_.empty(); ++i) {
    act();
    if (pick(3) == 0)
      settle();
    if (pick(8) == 0)
      check();
  }
  finish();
}

// -- happening ----------------------------------------------------------------

void presence_world::open() {
  auto raw = at_.connect({{"vsn", pick(3) == 0 ? "1.0.0" : "2.0.0"}});
  auto& x = members_.emplace_back(member{.id = ++opened_,
                                         .raw = std::move(*raw),
                                         .room = rooms[pick(rooms.size())]});
  join(x);
}

void presence_world::join(member& x) {
  x.says = {{keys[pick(keys.size())], ++said_}};
  const auto& [key, n] = *x.says.begin();
  trace_.push_back(fmt::format("{} joins {} as {}:{}", x.id, x.room, key, n));
  x.list.joining();
  x.joined = true;
  x.ending = false;
  x.raw.send(x.room, "phx_join", json{{"key", key}, {"n", n}});
}

/// By itself: phoenix.js takes a diff that it still hears by its first join for
/// one behind its second, and might miss the one that takes it back.
void presence_world::join_again(member& x) {
  settle();
  if (x.joined)
    join(x);
  settle();
}

void presence_world::act() {
  if (members_.size() < members_max && pick(4) == 0)
    return open();
  if (members_.empty())
    return;
  auto& x = members_[pick(members_.size())];
  switch (pick(12)) {
  case 0:
    return x.ending ? void() : x.joined ? join_again(x) : join(x);
  case 1:
    return end(x, "boom");
  case 2:
    return end(x, "phx_leave");
  case 3:
    trace_.push_back(fmt::format("{} is gone", x.id));
    x.raw.drop();
    std::erase_if(members_, [id = x.id](const auto& y) { return y.id == id; });
    return;
  case 4:
    return kill_a_server();
  case 5:
    return at_.sim().advance(std::chrono::milliseconds{pick(5'000)});
  default:
    return x.joined && !x.ending ? change(x) : void();
  }
}

void presence_world::end(member& x, const char* how) {
  if (!x.joined || x.ending)
    return;
  trace_.push_back(fmt::format("{} ends by {}", x.id, how));
  x.raw.send(x.room, how, json::object());
  x.ending = true;
  x.says.clear();
}

void presence_world::change(member& x) {
  const auto& key = keys[pick(keys.size())];
  const auto n = ++said_;
  const bool is_there = x.says.contains(key);
  const bool goes = is_there && pick(2) == 0;
  const auto* verb = goes ? "untrack" : is_there ? "update" : "track";
  trace_.push_back(fmt::format("{} {}s {}:{}", x.id, verb, key, n));
  x.raw.send(x.room, verb, json{{"key", key}, {"n", n}});
  if (goes)
    x.says.erase(key);
  else
    x.says[key] = n;
}

void presence_world::kill_a_server() {
  const auto now = at_.sim().now();
  if (now - killed_at_ < between_kills)
    return;
  killed_at_ = now;
  const auto name = pick(2) == 0 ? fmt::format("presence.{}", pick(trackers_))
                                 : fmt::format("test.pubsub.{}", pick(shards));
  trace_.push_back(fmt::format("{} is killed", name));
  at_.node().exit(at_.node().whereis(name), runtime::exit_reason::kill());
}

// -- what must hold -----------------------------------------------------------

void presence_world::settle() {
  at_.sim().run();
  for (auto& x : members_)
    hear(x);
}

void presence_world::hear(member& x) {
  auto& box = x.raw.inbox().messages;
  for (; !box.empty(); box.pop_front()) {
    const auto& heard = box.front();
    const bool stale =
      !heard.join_ref.is_null() && heard.join_ref != x.raw.join_ref(x.room);
    if (stale)
      continue;
    if (heard.event == "presence_state")
      x.list.state(heard.payload.as_json());
    if (heard.event == "presence_diff") {
      ++told_;
      x.list.diff(heard.payload.as_json());
    }
    const bool over = heard.event == "phx_error" || heard.event == "phx_close";
    if (!over || !x.ending)
      continue;
    x.joined = x.ending = false;
    x.list.forget();
  }
}

void presence_world::check() {
  settle();
  at_.sim().advance(until_told);
  settle();
  for (const auto& room : rooms) {
    const auto all = here_.list(topic{room});
    if (here_.state(topic{room}).text() != all.dump())
      fault(fmt::format("the state of {} is not its list", room));
    if (const auto said = expected(room); summary(all) != said)
      fault(fmt::format("{} lists {} instead of {}", room, summary(all), said));
    for (const auto& x : members_)
      if (x.room == room && x.joined && summary(x.list.shown()) != summary(all))
        fault(fmt::format("client {} shows {} instead of {}", x.id,
                          summary(x.list.shown()), summary(all)));
  }
}

std::string presence_world::expected(const std::string& room) const {
  std::vector<std::string> all;
  for (const auto& x : members_)
    if (x.room == room)
      for (const auto& [key, n] : x.says)
        all.push_back(fmt::format("{}:{}", key, n));
  std::sort(all.begin(), all.end());
  return fmt::format("{}", fmt::join(all, " "));
}

/// All go, and leave nothing.
void presence_world::finish() {
  check();
  for (auto& x : members_)
    x.raw.drop();
  members_.clear();
  at_.sim().advance(between_kills);
  check();
  const auto now = at_.sim().live();
  if (now.processes != empty_.processes || now.names != empty_.names
      || now.tables != empty_.tables || now.timers != empty_.timers)
    fault(fmt::format("{} processes and {} timers instead of {} and {}",
                      now.processes, now.timers, empty_.processes,
                      empty_.timers));
}

} // namespace bennu::channels
