// How a shard hears from other threads, and how it sleeps until it does.
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/shard_impl.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace bennu::runtime::detail {

void shard_impl::sleep() {
  if (lone_)
    return sleep_alone();
  sleeping_.store(true);
  if (!inbox_filled_.load()) {
    const auto due = timers_.next_due();
    if (due == time_point::max())
      io_.run_one();
    else if (const auto now = owner_.time.now(); due > now)
      io_.run_one_for(due - now);
  }
  sleeping_.store(false);
}

void shard_impl::sleep_alone() {
  std::unique_lock lock{inbox_mutex_};
  const auto filled = [this] { return inbox_filled_.load(); };
  const auto due = timers_.next_due();
  if (due == time_point::max())
    called_.wait(lock, filled);
  else if (const auto now = owner_.time.now(); due > now)
    called_.wait_for(lock, due - now, filled);
}

void shard_impl::push(parcel x) {
  {
    const std::lock_guard guard{inbox_mutex_};
    inbox_.push_back(std::move(x));
    inbox_filled_.store(true);
  }
  wake();
}

void shard_impl::wake() {
  if (lone_)
    called_.notify_one();
  else if (sleeping_.exchange(false))
    boost::asio::post(io_, [] {});
}

bool shard_impl::drain_inbox() {
  if (!inbox_filled_.load())
    return false;
  {
    const std::lock_guard guard{inbox_mutex_};
    arrived_.swap(inbox_);
    inbox_filled_.store(false);
  }
  for (auto& x : arrived_)
    accept(std::move(x));
  arrived_.clear();
  return true;
}

} // namespace bennu::runtime::detail
