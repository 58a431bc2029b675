#include "transport/detail/connection_set.hpp"

#include "runtime/assert.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bennu::transport::detail {

namespace {

constexpr auto slots_max = connection_set::slots_max;
static_assert(std::uint64_t{slots_max} << 32
              == std::uint64_t{1} << runtime::poller::key_bits);

runtime::poller::key packed(connection_id id) {
  return runtime::poller::key{id.serial} * slots_max + id.slot;
}

connection_id unpacked(runtime::poller::key x) {
  return {static_cast<std::uint32_t>(x % slots_max),
          static_cast<std::uint32_t>(x / slots_max)};
}

std::uint32_t events_of(connection_set::interest what) {
  switch (what) {
  case connection_set::interest::nothing:
    return 0;
  case connection_set::interest::read:
    return EPOLLIN;
  case connection_set::interest::write:
    return EPOLLOUT;
  case connection_set::interest::both:
    return EPOLLIN | EPOLLOUT;
  }
  return 0;
}

constexpr std::size_t mounts_max = 200;
constexpr std::uint32_t ticks_max = 1u << 31;

runtime::duration tick_length(const silence_limits& limits) {
  auto shortest = limits.handshake;
  for (const auto x : limits.idle)
    shortest = std::min(shortest, x);
  return std::max<runtime::duration>(std::chrono::milliseconds{1},
                                     shortest / 10);
}

} // namespace

connection_set::connection_set(runtime::shard& home,
                               const silence_limits& limits, send_ring ring)
  : home_(home), tick_length_(tick_length(limits)), ring_(std::move(ring)),
    scratch_(std::make_unique_for_overwrite<char[]>(scratch_size)),
    watcher_(home.poller().add(*this)) {
  BENNU_ASSERT(limits.idle.size() <= mounts_max);
  std::vector<runtime::duration> all{runtime::duration::max() / 2,
                                     limits.handshake, limits.closing,
                                     limits.lingering};
  all.insert(all.end(), limits.idle.begin(), limits.idle.end());
  for (const auto limit : all)
    ticks_.push_back(
      static_cast<std::uint32_t>(std::min<runtime::duration::rep>(
        (limit - runtime::duration{1}) / tick_length_ + 1, ticks_max)));
  sweep_later(tick_length_);
}

connection_set::~connection_set() {
  shut();
}

void connection_set::shut() {
  if (!std::exchange(open_, false))
    return;
  home_.cancel(timer_);
  for (std::uint32_t slot = 0; slot < entries_.size(); ++slot)
    if (entries_[slot].owner)
      free(entries_[slot], slot);
  marked_.clear();
  ring_ = send_ring::closed();
  home_.poller().remove(watcher_);
}

// -- entries ------------------------------------------------------------------

connection_id connection_set::add(int fd, handler& owner, patience how) {
  BENNU_ASSERT(open_);
  if (free_.empty() && entries_.size() < slots_max) {
    free_.push_back(static_cast<std::uint32_t>(entries_.size()));
    entries_.emplace_back();
  }
  const auto slot = free_.empty() ? slots_max : free_.back();
  if (slot == slots_max || !watched(fd, {slot, entries_[slot].serial})) {
    runtime::log(runtime::log_level::error,
                 "a connection cannot be watched: {}",
                 slot == slots_max ? "too many" : std::strerror(errno));
    ::close(fd);
    return {};
  }
  free_.pop_back();
  auto& x = entries_[slot];
  x = {&owner, fd, x.serial, tick_, how, interest::read};
  ++size_;
  return {slot, x.serial};
}

bool connection_set::watched(int fd, connection_id id) noexcept {
  return home_.poller().watch(watcher_, fd, packed(id),
                              events_of(interest::read));
}

void connection_set::hand_over(connection_id id, handler& owner, patience how) {
  auto* x = find(id);
  if (!x)
    return;
  x->owner = &owner;
  x->how = how;
  x->heard = tick_;
}

void connection_set::watch(connection_id id, interest what) {
  auto* x = find(id);
  if (!x || x->waits == what)
    return;
  x->waits = what;
  home_.poller().change(watcher_, x->fd, packed(id), events_of(what));
}

void connection_set::close(connection_id id) {
  if (auto* x = find(id))
    free(*x, id.slot);
}

void connection_set::reset(connection_id id) {
  auto* x = find(id);
  if (!x)
    return;
  const linger at_once{1, 0};
  ::setsockopt(x->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  free(*x, id.slot);
}

void connection_set::free(entry& x, std::uint32_t slot) {
  // Closing takes it out of the epoll set: no other descriptor shares it.
  ::close(x.fd);
  const auto serial = x.serial + 1;
  x = {};
  x.serial = serial == 0 ? 1 : serial;
  free_.push_back(slot);
  --size_;
}

void connection_set::heard(connection_id id) noexcept {
  if (auto* x = find(id))
    x->heard = tick_;
}

int connection_set::fd(connection_id id) const noexcept {
  const auto* x = find(id);
  return x ? x->fd : -1;
}

connection_set::entry* connection_set::find(connection_id id) noexcept {
  if (id.slot >= entries_.size())
    return nullptr;
  auto& x = entries_[id.slot];
  return x.owner && x.serial == id.serial ? &x : nullptr;
}

const connection_set::entry*
connection_set::find(connection_id id) const noexcept {
  return const_cast<connection_set*>(this)->find(id);
}

// -- readiness ----------------------------------------------------------------

void connection_set::ready(runtime::poller::key which, std::uint32_t events) {
  const auto id = unpacked(which);
  // An event earlier in the batch may have ended this connection.
  const auto* x = find(id);
  if (!x)
    return;
  const bool ended = events & (EPOLLERR | EPOLLHUP);
  x->owner->ready(id, {.readable = ended || (events & EPOLLIN),
                       .writable = (events & EPOLLOUT) != 0});
}

connection_set::received connection_set::read(connection_id id) {
  const auto n = ::recv(fd(id), scratch_.get(), scratch_size, MSG_DONTWAIT);
  if (n > 0)
    return {{scratch_.get(), static_cast<std::size_t>(n)}, false};
  const bool again =
    n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  return {{}, !again};
}

void connection_set::flush_marked() {
  // A flush may end a process, whose end may mark others.
  while (!marked_.empty()) {
    flushing_.clear();
    std::swap(flushing_, marked_);
    if (ring_.is_open() && flushing_.size() >= together_min)
      flush_together();
    else
      flush_each(flushing_);
  }
}

void connection_set::flush_each(const std::vector<connection_id>& which) {
  for (const auto id : which)
    if (const auto* x = find(id))
      x->owner->flush(id);
}

void connection_set::flush_together() {
  alone_.clear();
  for (std::uint32_t i = 0; i < flushing_.size(); ++i) {
    const auto id = flushing_[i];
    const auto* x = find(id);
    if (!x)
      continue;
    const auto bytes = x->owner->to_send(id);
    if (bytes.empty() || !ring_.is_open()) {
      alone_.push_back(id);
      continue;
    }
    ring_.add(x->fd, bytes, i);
    if (ring_.is_full())
      send_gathered();
  }
  if (ring_.is_open())
    send_gathered();
  flush_each(alone_);
}

void connection_set::send_gathered() {
  ring_.send([this](std::uint32_t i, int n) {
    const auto id = flushing_[i];
    if (const auto* x = find(id))
      x->owner->sent(id, n);
  });
}

std::uint32_t connection_set::drain(std::uint32_t from, std::size_t count) {
  for (auto slot = from; slot < entries_.size(); ++slot) {
    if (count == 0)
      return slot;
    if (auto* owner = entries_[slot].owner)
      count -= owner->drain({slot, entries_[slot].serial}) ? 1 : 0;
  }
  return 0;
}

// -- silence ------------------------------------------------------------------

void connection_set::sweep_later(runtime::duration after) {
  timer_ = home_.call_after(after, [this] { sweep(); });
}

void connection_set::sweep() {
  if (sweep_at_ == 0)
    ++tick_;
  const auto end = static_cast<std::uint32_t>(
    std::min<std::size_t>(entries_.size(), sweep_at_ + sweep_slice));
  for (; sweep_at_ < end; ++sweep_at_) {
    const auto& x = entries_[sweep_at_];
    if (x.owner && x.how != patience::endless
        && tick_ - x.heard > ticks_[static_cast<std::size_t>(x.how)])
      x.owner->expired({sweep_at_, x.serial});
    if (!open_)
      return;
  }
  if (sweep_at_ < entries_.size())
    return sweep_later({});
  sweep_at_ = 0;
  sweep_later(tick_length_);
}

} // namespace bennu::transport::detail
