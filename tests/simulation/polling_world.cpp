#include "tests/simulation/polling_world.hpp"

#include "channels/broadcast.hpp"
#include "channels/channel.hpp"
#include "channels/pool_supervisor.hpp"
#include "channels/socket_spec.hpp"
#include "transport/long_poll_session.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::transport {

namespace {

using namespace std::chrono_literals;
using channels::json;

constexpr auto window = 10s;
constexpr std::size_t shards = 3;
constexpr std::size_t pollers_max = 8;

class room_channel final : public channels::channel {
public:
  static auto events() {
    return channels::event_map<room_channel>{{"boom", &room_channel::boom}};
  }
  channels::join_result join(const channels::topic&, const json&) override {
    return channels::accept();
  }

private:
  channels::result boom() { throw std::runtime_error("boom"); }
};

std::string message(const char* topic, const char* event, int ref) {
  return json::array({"1", std::to_string(ref), topic, event, json::object()})
    .dump();
}

} // namespace

/// A request's process, without the request.
class polling_world::asker final : public runtime::process {
public:
  asker(runtime::pid session, std::vector<std::string> lines,
        std::shared_ptr<outcome> to)
    : session_(session), lines_(std::move(lines)), to_(std::move(to)) {}

protected:
  void init() override {
    const auto failed = [this](const auto&) { done(true); };
    if (to_->is_poll)
      return request(session_, 1min, long_poll{})
        .then(
          [this](const long_polled& x) {
            for (const auto& frame : x.messages)
              to_->messages.emplace_back(frame->payload());
            done(false);
          },
          failed);
    long_push x;
    for (auto& line : lines_)
      x.parts.push_back({channels::opcode::text, std::move(line)});
    request(session_, 1min, std::move(x))
      .then([this](const long_push_done&) { done(false); }, failed);
  }
  void handle_message(runtime::message&) override {}

private:
  void done(bool failed) {
    to_->done = true;
    to_->failed = failed;
    stop();
  }

  runtime::pid session_;
  std::vector<std::string> lines_;
  std::shared_ptr<outcome> to_;
};

polling_world::polling_world(std::uint64_t seed)
  : random_(seed), counters_(shards),
    at_({.channels = {channels::route<room_channel>("room:*")}},
        {.shards = shards, .seed = seed}) {
  for (std::size_t i = 0; i < shards; ++i)
    at_.node().run_on(i, [&, i] {
      shared_.emplace_back(
        new detail::shard_transport(at_.node().shard_at(i), {}, counters_[i]));
    });
  at_.sim().run();
  empty_ = at_.sim().live();
}

polling_world::~polling_world() {
  at_.sim().stop();
  for (std::size_t i = 0; i < shards; ++i)
    at_.node().run_on(i, [&, i] { shared_[i].reset(); });
}

void polling_world::run(int steps) {
  for (int i = 0; i < steps && faults_.empty(); ++i) {
    act();
    if (pick(3) == 0)
      settle();
  }
  finish();
}

// -- happening ----------------------------------------------------------------

void polling_world::open() {
  auto& x = pollers_.emplace_back();
  x.id = ++opened_;
  const auto shard = pick(shards);
  at_.node().run_on(shard, [&] {
    auto started = at_.negotiate({{"vsn", "2.0.0"}});
    started.accepted->id = "user:" + std::to_string(x.id);
    x.session = channels::start_socket<long_poll_session>(
      *at_.spec(), shard, std::move(*started.accepted),
      long_poll_session::opening{shared_[shard], window, 2000});
  });
  x.last_poll = x.last_arrived = at_.sim().now();
  trace_.push_back(fmt::format("{} opens on {}", x.id, shard));
}

void polling_world::act() {
  if (pollers_.size() < pollers_max && pick(4) == 0)
    return open();
  if (pollers_.empty())
    return;
  auto& x = pollers_[pick(pollers_.size())];
  switch (pick(16)) {
  case 0:
  case 1:
    return ask(x, {message("room:1", "phx_join", 1)});
  case 2:
  case 3: {
    std::vector<std::string> beats;
    for (auto n = 1 + pick(3); n > 0; --n)
      beats.push_back(message("phoenix", "heartbeat", ++x.beats_sent));
    return ask(x, std::move(beats));
  }
  case 4:
  case 5:
  case 6:
    return say();
  case 7:
    return ask(x, {message("room:1", "boom", 0)});
  case 8:
    return lose_a_poll(x);
  case 9:
    return pass(std::chrono::milliseconds{pick(20'000)});
  case 10:
    return pass(std::chrono::milliseconds{pick(2'000)});
  case 11:
    if (pick(4) == 0) {
      x.dismissed = true;
      channels::broadcast(at_.bus(), "user:" + std::to_string(x.id),
                          "disconnect", json::object());
    }
    return;
  case 12:
    return pick(8) == 0 ? drain(pick(shards)) : say();
  default:
    return ask(x, {});
  }
}

void polling_world::say() {
  channels::broadcast(at_.bus(), "room:1", "said", json{{"n", ++said_}});
}

/// Pushes the lines; without any, polls.
void polling_world::ask(poller& x, std::vector<std::string> lines) {
  auto to = std::make_shared<outcome>();
  to->is_poll = lines.empty();
  to->asked_at = at_.sim().now();
  if (to->is_poll)
    x.last_poll = to->asked_at;
  to->process =
    at_.node().spawn({.shard = pick(shards)}, std::in_place_type<asker>,
                     x.session, std::move(lines), to);
  x.asked.push_back(std::move(to));
}

/// The connection of a poll that waits breaks.
void polling_world::lose_a_poll(poller& x) {
  // A push is carried out or not: its answer tells the client nothing here.
  auto polls = x.asked;
  std::erase_if(polls,
                [](const auto& each) { return !each->is_poll || each->done; });
  if (polls.empty())
    return;
  const bool quiet = pick(2) == 0;
  x.lost = x.lost || !quiet;
  trace_.push_back(fmt::format("{} loses a poll", x.id));
  // From here on `x` may be gone: it ends when its session has.
  if (quiet)
    settle();
  for (const auto& each : polls)
    if (!each->done) {
      each->lost = true;
      at_.node().exit(each->process, runtime::exit_reason::kill());
    }
  if (quiet)
    settle();
}

void polling_world::drain(std::size_t shard) {
  settle();
  for (auto& x : pollers_)
    x.dismissed = true; // or not: it says only that its end is no surprise
  at_.node().run_on(shard, [&] {
    shared_[shard]->begin_drain([] {});
    for (int i = 0; i < 3; ++i)
      shared_[shard]->drain_batch(3);
    shared_[shard]->end_drain();
  });
  trace_.push_back(fmt::format("{} is drained", shard));
}

void polling_world::pass(std::chrono::milliseconds time) {
  settle();
  at_.sim().advance(time);
  settle();
}

// -- what must hold -----------------------------------------------------------

void polling_world::settle() {
  at_.sim().run();
  for (auto& x : pollers_)
    gather(x);
  for (auto& x : pollers_)
    check_life(x);
  std::uint64_t slow = 0;
  for (const auto& each : counters_)
    slow += each.read().slow_consumers;
  slow_ = slow;
  std::erase_if(pollers_, [](const poller& x) { return x.over; });
}

void polling_world::gather(poller& x) {
  std::vector<int> said;
  for (const auto& each : x.asked) {
    if (each->is_poll && !each->lost)
      x.last_arrived = std::max(x.last_arrived, each->asked_at);
    if (!each->done || !each->is_poll)
      continue;
    const auto from = static_cast<std::ptrdiff_t>(said.size());
    for (const auto& text : each->messages)
      hear(x, text, said);
    if (!std::is_sorted(said.begin() + from, said.end()))
      fault(x, "hears one answer out of order");
  }
  std::erase_if(x.asked, [](const auto& each) { return each->done; });
  check_said(x, std::move(said));
}

void polling_world::hear(poller& x, const std::string& text,
                         std::vector<int>& said) {
  ++told_;
  trace_.push_back(fmt::format("{} hears {}", x.id, text));
  const auto heard = json::parse(text);
  const auto& event = heard.at(3);
  if (event == "said")
    return said.push_back(heard.at(4).at("n"));
  if (heard.at(2) == "phoenix") {
    if (!x.beats_told.insert(std::stoi(heard.at(1).get<std::string>())).second)
      fault(x, "is told of a heartbeat twice");
  } else {
    x.rejoined = x.rejoins = true;
  }
}

/// Answers to several polls may overtake each other, as on the network; what
/// is in them may not. What was said between two memberships is not heard.
void polling_world::check_said(poller& x, std::vector<int> said) {
  std::sort(said.begin(), said.end());
  for (const int n : said) {
    if (x.last_said && n <= *x.last_said)
      fault(x, fmt::format("hears {} again", n));
    else if (x.last_said && n != *x.last_said + 1 && !x.lost && !x.rejoined)
      fault(x, fmt::format("hears {} after {}", n, *x.last_said));
    x.last_said = n;
  }
  if (!said.empty())
    x.rejoined = std::exchange(x.rejoins, false);
}

void polling_world::check_life(poller& x) {
  if (at_.node().is_alive(x.session)) {
    if (at_.sim().now() - x.last_poll > window * 3)
      fault(x, "lives on without a poll");
    return;
  }
  std::uint64_t slow = 0;
  for (const auto& each : counters_)
    slow += each.read().slow_consumers;
  const auto silence = at_.sim().now() - x.last_arrived;
  if (!x.dismissed && slow == slow_ && silence <= window * 3 / 2)
    fault(x, "ends without a reason");
  for (const auto& each : x.asked)
    if (!at_.node().is_alive(each->process))
      continue;
    else
      fault(x, "is not told that its session has ended");
  x.over = true;
}

/// Everyone polls all there is, then is silent, and leaves nothing.
void polling_world::finish() {
  settle();
  for (auto& x : pollers_)
    ask(x, {});
  settle();
  for (auto& x : pollers_)
    if (!x.lost && x.beats_told.size() != static_cast<unsigned>(x.beats_sent))
      fault(x, fmt::format("is told of {} heartbeats of {}",
                           x.beats_told.size(), x.beats_sent));
  pass(window * 3 + 1s);
  pass(1min + 1s); // of the requests that nobody answered
  if (!pollers_.empty())
    fault(pollers_.front(), "is still there");
  for (const auto& each : counters_)
    if (each.read().open != 0 || each.read().long_polls != 0)
      faults_.emplace_back("a session is counted as open");
  const auto now = at_.sim().live();
  if (now.processes != empty_.processes || now.names != empty_.names
      || now.tables != empty_.tables || now.timers != empty_.timers)
    faults_.push_back(fmt::format("{} processes and {} timers instead of {} "
                                  "and {}",
                                  now.processes, now.timers, empty_.processes,
                                  empty_.timers));
}

void polling_world::fault(const poller& x, const std::string& what) {
  faults_.push_back(fmt::format("client {} {}", x.id, what));
}

} // namespace bennu::transport
