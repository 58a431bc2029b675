#include "channels/tracker/engine.hpp"
#include "runtime/log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace bennu::fuzz {
namespace {

using namespace channels;

constexpr runtime::pid somebody{.node = 1, .slot = 1, .serial = 1};

/// Three engines whose gossip the input drops, doubles, holds back and forges.
class peers {
public:
  peers() {
    for (const auto* name : {"a", "b", "c"})
      engines_.try_emplace(name, replica{name, 1}, timing_);
  }

  void apply(std::uint8_t code, std::uint8_t x) {
    auto& [name, at] = *std::next(engines_.begin(), x % 3);
    const auto key = std::string{"k"} + static_cast<char>('0' + x / 3 % 8);
    const auto found = at.state().find(somebody, "room", key);
    switch (code % 8) {
    case 0:
      if (!found)
        show(name, {.joins = {at.state().join(somebody, "room", key, {})}});
      return;
    case 1:
      if (found) {
        at.state().leave(found);
        show(name, {.leaves = {found}});
      }
      return;
    case 2:
      return tick(name, at, std::chrono::milliseconds{1500});
    case 3:
      return arrive(x, true);
    case 4:
      return arrive(x, false);
    case 5:
      return arrive(x, true, true);
    case 6:
      return forge(at, x);
    case 7:
      return tick(name, at, std::chrono::milliseconds{100} * x);
    }
  }

  /// Lets all gossip through, until all have had time for a transfer. The
  /// forged replica stays silent: its presences must go.
  void heal() {
    under_way_.clear();
    for (int i = 0; i < 60; ++i) {
      now_ += timing_.broadcast_period;
      for (auto& [name, at] : engines_)
        tick(name, at, {});
      while (!under_way_.empty())
        arrive(0, true);
    }
  }

  void check() const {
    std::set<const tracked*> live;
    for (const auto& [name, at] : engines_)
      for (const auto& x : at.state().online())
        if (x->who == somebody)
          live.insert(x.get());
    for (const auto& [name, at] : engines_)
      if (at.state().online().size() != live.size()
          || shown_.at(name).size() != live.size())
        std::abort();
  }

private:
  void tick(const std::string& name, tracker_engine& at, runtime::duration d) {
    now_ += d;
    take(name, at.tick(now_));
  }

  void show(const std::string& at, const presence_changes& made) {
    auto& shown = shown_[at];
    for (const auto& x : made.joins)
      ++shown[x.get()];
    for (const auto& x : made.leaves)
      --shown[x.get()];
    std::erase_if(shown, [](const auto& x) { return x.second == 0; });
  }

  void take(const std::string& from, tracker_effects made) {
    show(from, made.changes);
    for (auto& x : made.out)
      for (const auto& [name, at] : engines_)
        if (name != from && (!x.to || x.to->name == name))
          under_way_.emplace_back(name, x.what);
  }

  void arrive(std::uint8_t nth, bool heard, bool again = false) {
    if (under_way_.empty())
      return;
    const auto place = static_cast<std::ptrdiff_t>(nth % under_way_.size());
    const auto at = under_way_.begin() + place;
    const auto x = *at;
    if (!again)
      under_way_.erase(at);
    if (heard)
      take(x.first, engines_.at(x.first).receive(x.second, now_));
  }

  /// A delta that no tracker has made.
  void forge(tracker_engine& at, std::uint8_t x) {
    delta_part part{.of = {"forged", 1},
                    .after = x % 5u,
                    .upto = std::uint64_t{x} / 5,
                    .seen = {x % 7u}};
    if (x % 2 == 0)
      part.live.push_back(std::make_shared<const tracked>(
        tracked{.topic = "room", .key = "eve", .clock = x % 11u}));
    if (x % 13 == 0)
      part.upto = ~std::uint64_t{0};
    take(at.state().self().name,
         at.receive(
           tracker_heartbeat{.from = part.of, .changes = {.parts = {part}}},
           now_));
  }

  tracker_timing timing_{.max_delta_sizes = {2, 5}, .replicas_max = 4};
  runtime::time_point now_{std::chrono::hours{1}};
  std::map<std::string, tracker_engine> engines_;
  std::map<std::string, std::map<const tracked*, int>> shown_{
    {"a", {}}, {"b", {}}, {"c", {}}};
  std::deque<std::pair<std::string, tracker_gossip>> under_way_;
};

} // namespace
} // namespace bennu::fuzz

/// Replicas under any order of changes, gossip, loss and forged deltas: in the
/// end all agree on what is there, and what each was told adds up to it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  bennu::runtime::log_threshold(bennu::runtime::log_level::off);
  bennu::fuzz::peers all;
  for (std::size_t i = 0; i + 1 < size && i < 2000; i += 2)
    all.apply(data[i], data[i + 1]);
  all.heal();
  all.check();
  return 0;
}
