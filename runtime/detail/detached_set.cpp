#include "runtime/detail/detached_set.hpp"

#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/signals_blocked.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <stdexcept>

namespace bennu::runtime::detail {

detached_set::detached_set(node_impl& owner)
  : owner_(owner), places_(owner.options.detached_max) {}

detached_set::~detached_set() = default;

shard_impl* detached_set::find(std::size_t index) const noexcept {
  const auto n = index - owner_.shards.size();
  return index >= owner_.shards.size() && n < places_.size()
           ? places_[n].shard.load()
           : nullptr;
}

std::size_t detached_set::acquire() {
  const std::lock_guard guard{mutex_};
  const auto at = std::find_if(places_.begin(), places_.end(),
                               [](const place& x) { return !x.taken; });
  if (at == places_.end())
    throw std::runtime_error(
      fmt::format("detached_max of {} reached: no thread for one more process",
                  places_.size()));
  const auto n = static_cast<std::size_t>(at - places_.begin());
  if (!at->shard)
    start(n);
  at->taken = true;
  return owner_.shards.size() + n;
}

void detached_set::start(std::size_t n) {
  const auto index = owner_.shards.size() + n;
  shards_.push_back(std::make_unique<shard_impl>(owner_, index));
  auto& shard = *shards_.back();
  if (!owner_.simulated) {
    const signals_blocked guard;
    places_[n].running = true;
    threads_.emplace_back([this, &shard, n] {
      shard.run();
      const std::lock_guard lock{mutex_};
      places_[n].running = false;
      ended_.notify_all();
    });
  }
  places_[n].shard = &shard;
}

void detached_set::occupied(std::size_t index, const pid& by) {
  const std::lock_guard guard{mutex_};
  places_[index - owner_.shards.size()].by = by;
}

void detached_set::release(std::size_t index) {
  const std::lock_guard guard{mutex_};
  auto& x = places_[index - owner_.shards.size()];
  x.taken = false;
  x.by = {};
}

std::vector<pid> detached_set::processes() const {
  const std::lock_guard guard{mutex_};
  std::vector<pid> all;
  for (const auto& x : places_)
    if (x.by)
      all.push_back(x.by);
  return all;
}

bool detached_set::stop(std::chrono::milliseconds limit) {
  for_each([](shard_impl& x) { x.request_stop(); });
  std::unique_lock lock{mutex_};
  const auto idle = [this] {
    return std::none_of(places_.begin(), places_.end(),
                        [](const place& x) { return x.running; });
  };
  const bool all = ended_.wait_for(lock, limit, idle);
  if (!all)
    for (const auto& x : places_)
      if (x.running)
        log(log_level::error,
            "node {}: the detached process {} blocks its thread; left behind",
            owner_.options.name, to_string(x.by));
  lock.unlock();
  for (auto& x : threads_)
    all ? x.join() : x.detach();
  threads_.clear();
  return all;
}

} // namespace bennu::runtime::detail
