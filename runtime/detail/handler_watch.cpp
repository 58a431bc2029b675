#include "runtime/detail/handler_watch.hpp"

#include <utility>

namespace bennu::runtime::detail {

handler_watch::handler_watch(const clock& time, duration limit,
                             std::uint32_t node,
                             std::vector<handler_pulse*> pulses, on_late tell)
  : time_(time), limit_(limit), node_(node), pulses_(std::move(pulses)),
    tell_(std::move(tell)), seen_(pulses_.size()), thread_([this] { run(); }) {}

handler_watch::~handler_watch() {
  {
    const std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

void handler_watch::run() {
  std::unique_lock lock{mutex_};
  while (!stopped_.wait_for(lock, limit_ / 2, [this] { return stopping_; }))
    look();
}

void handler_watch::look() {
  const auto now = time_.now();
  for (std::size_t i = 0; i < pulses_.size(); ++i) {
    auto& pulse = *pulses_[i];
    auto& last = seen_[i];
    const auto beat = pulse.beat();
    if (beat % 2 == 0 || beat != last.beat) {
      last = {beat, now, pulse.running(node_), false};
      continue;
    }
    if (last.told || now - last.since < limit_)
      continue;
    last.told = true;
    pulse.mark_late(last.since);
    tell_({i, last.id, now - last.since});
  }
}

std::vector<handler_watch::sight> handler_watch::running() const {
  const std::lock_guard guard{mutex_};
  const auto now = time_.now();
  std::vector<sight> result;
  for (std::size_t i = 0; i < pulses_.size(); ++i)
    if (seen_[i].beat % 2 == 1 && pulses_[i]->beat() == seen_[i].beat)
      result.push_back({i, seen_[i].id, now - seen_[i].since});
  return result;
}

} // namespace bennu::runtime::detail
