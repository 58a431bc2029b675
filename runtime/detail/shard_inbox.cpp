// How a shard hears from other threads, how it sleeps until it does, and what
// it sends to them.
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/shard_impl.hpp"

#include <algorithm>
#include <utility>

namespace bennu::runtime::detail {

/// Zero when there is something to do already.
duration shard_impl::until_next_work() const noexcept {
  if (!ready_.empty())
    return {};
  const auto due = timers_.next_due();
  return due == time_point::max()
           ? duration::max()
           : std::max(duration{}, due - owner_.time.now());
}

/// Sleeps until there is something to do, and finds out which descriptors are
/// ready.
void shard_impl::await_work() {
  const auto limit = until_next_work();
  if (lone_) {
    if (limit > duration{})
      inbox_.wait_for(limit);
    return;
  }
  // Descriptors are looked at in any case: an inbox that is never empty is not
  // to starve them.
  if (limit == duration{} || !inbox_.sleep([&] { poller_->wait(limit); }))
    poller_->wait({});
}

void shard_impl::push(parcel x) {
  inbox_.push(std::move(x));
}

bool shard_impl::drain_inbox() {
  if (!inbox_.take(arrived_))
    return false;
  for (auto& x : arrived_)
    accept(std::move(x));
  arrived_.clear();
  return true;
}

void shard_impl::send_off(const pid& to, parcel x) {
  const bool full = outboxes_[to.shard()].add(std::move(x));
  // What a handler sends before it blocks must not wait for its end.
  if (lone_ || full)
    flush(to.shard());
}

void shard_impl::flush(std::size_t target) {
  outboxes_[target].hand_over(owner_.shard_of(target).inbox_);
}

void shard_impl::flush_all() {
  for (std::size_t i = 0; i < outboxes_.size(); ++i)
    if (!outboxes_[i].empty())
      flush(i);
}

} // namespace bennu::runtime::detail
