#include "channels/tracker/server.hpp"

#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"

#include <exception>
#include <random>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::channels {

namespace {

/// The way to peers over a pubsub: its adapter is what connects nodes.
class pubsub_peers final : public tracker_peers {
public:
  pubsub_peers(runtime::process& self, pubsub bus, topic on)
    : self_(self.self()), bus_(std::move(bus)), on_(std::move(on)) {
    bus_.subscribe(self, on_);
  }

  void broadcast(const tracker_gossip& x) override {
    bus_.broadcast_from(self_, on_, x);
  }
  void send(const replica& to, const tracker_gossip& x) override {
    bus_.direct_broadcast(to.name, on_, x);
  }

private:
  runtime::pid self_;
  pubsub bus_;
  topic on_;
};

/// At most a quarter of a period.
runtime::duration first_delay(const tracker_options& options,
                              const replica& self, std::size_t index) {
  const auto seed = options.seed != 0
                      ? options.seed
                      : std::hash<std::string>{}(self.name) ^ self.vsn;
  std::mt19937_64 random{seed + index};
  const runtime::duration most = options.timing.broadcast_period / 4;
  return runtime::duration{static_cast<std::int64_t>(
    random() % static_cast<std::uint64_t>(most.count() + 1))};
}

} // namespace

tracker_server::tracker_server(std::shared_ptr<tracker_hub> hub,
                               std::size_t index)
  : hub_(std::move(hub)), index_(index) {}

void tracker_server::init() {
  trap_exit(true);
  peers_ = options().peers
             ? options().peers(*this, index_)
             : std::make_unique<pubsub_peers>(
               *this, hub_->bus(),
               "bennu.tracker:" + tracker_server_name(options().name, index_));
  if (options().handler)
    handler_ = options().handler(*this, index_);
  for (const auto& who : mine().server_started(self()))
    watch(who);
  send_after(first_delay(options(), mine().self(), index_), tick{});
  // Whatever a killed predecessor had left.
  send(self(), tracker_work{});
}

void tracker_server::handle_message(runtime::message& msg) {
  if (msg.holds<tracker_work>()) {
    tell_soon();
  } else if (msg.holds<tick>()) {
    on_tick();
  } else if (msg.holds<diffs_due>()) {
    waiting_ = false;
    tell(true);
  } else if (const auto* w = msg.value_if<tracker_watch>()) {
    watch(w->who);
  } else if (const auto* x = msg.value_if<tracker_gossip>()) {
    send_out(mine().receive(*x, home().now()));
    tell_soon();
  } else if (const auto* down = msg.value_if<runtime::down_message>()) {
    watched_.erase(down->from);
    if (mine().untrack(down->from).wake)
      tell_soon();
  } else if (msg.holds<tracker_retire>()) {
    send_out(mine().retire());
  }
}

void tracker_server::on_tick() {
  send_after(options().timing.broadcast_period, tick{});
  send_out(mine().tick(home().now()));
  tell_soon();
}

void tracker_server::terminate(const runtime::exit_reason& why) {
  if (options().permdown_on_shutdown && why.is_orderly())
    send_out(mine().retire());
}

/// Watches whoever is tracked, and nobody else.
void tracker_server::watch(const runtime::pid& who) {
  const auto found = watched_.find(who);
  if (mine().is_tracked(who)) {
    if (found == watched_.end())
      watched_.emplace(who, monitor(who));
  } else if (found != watched_.end()) {
    demonitor(found->second);
    watched_.erase(found);
  }
}

/// What cannot be sent is lost, as on any network: the next heartbeats tell.
void tracker_server::send_out(const std::vector<outgoing_gossip>& xs) {
  for (const auto& x : xs) {
    try {
      if (x.to)
        peers_->send(*x.to, x.what);
      else
        peers_->broadcast(x.what);
    } catch (const std::exception& e) {
      runtime::log(runtime::log_level::warning, "{}: gossip is lost: {}",
                   label(), e.what());
    }
  }
}

// -- telling ------------------------------------------------------------------

void tracker_server::tell_soon() {
  if (waiting_)
    return;
  if (options().diff_interval.count() == 0)
    tell(false);
  else if (mine().has_diffs())
    tell_later(options().diff_interval);
}

void tracker_server::tell(bool all) {
  for (std::size_t i = 0; i < diffs_at_once; ++i) {
    auto x = mine().next_diff(all);
    if (!x)
      return;
    if (!tell_one(std::move(*x)))
      return tell_later(options().retry_period);
  }
  // Not a message to itself: the mailbox would be worked off within this turn.
  home().post([&node = node(), id = self()] { node.send(id, tracker_work{}); });
}

/// Topic by topic. False, and what is left comes again, when there was no room
/// for one.
bool tracker_server::tell_one(tracker_diff x) {
  if (!handler_)
    return true;
  auto at = x.begin();
  const auto put_back_the_rest = [&](auto from) {
    x.erase(x.begin(), from);
    if (!x.empty())
      mine().put_back(std::move(x));
  };
  try {
    for (; at != x.end(); ++at)
      handler_->handle_diff(*at);
    return true;
  } catch (const std::length_error&) {
    put_back_the_rest(at);
    return false;
  } catch (...) {
    put_back_the_rest(at + 1);
    throw;
  }
}

void tracker_server::tell_later(runtime::duration after) {
  waiting_ = true;
  send_after(after, diffs_due{});
}

std::string tracker_server::label() const {
  return "tracker " + tracker_server_name(options().name, index_);
}

} // namespace bennu::channels
