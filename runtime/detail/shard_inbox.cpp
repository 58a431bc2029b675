// How a shard hears from other threads, how it sleeps until it does, and what
// it sends to them.
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/shard_impl.hpp"

#include <utility>

namespace bennu::runtime::detail {

void shard_impl::sleep() {
  const auto due = timers_.next_due();
  const bool for_ever = due == time_point::max();
  const auto limit = for_ever ? duration{} : due - owner_.time.now();
  if (!for_ever && limit <= duration{0})
    return;
  if (lone_)
    return for_ever ? inbox_.wait() : inbox_.wait_for(limit);
  inbox_.sleep([&] {
    if (for_ever)
      io_.run_one();
    else
      io_.run_one_for(limit);
  });
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
