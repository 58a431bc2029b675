#include "runtime/timer_wheel.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bennu::runtime {

timer_wheel::timer_wheel(time_point start) : start_(start) {}

std::uint64_t timer_wheel::tick_at_or_after(time_point t) const noexcept {
  if (t <= start_)
    return 0;
  return static_cast<std::uint64_t>((t - start_ + tick - duration{1}) / tick);
}

timer_ref timer_wheel::set(time_point deadline, action what) {
  if (size_ >= timers_max)
    throw std::length_error("too many timers pending on one shard");
  auto index = free_;
  if (index == none) {
    index = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    free_ = entries_[index].next;
  }
  auto& x = entries_[index];
  constexpr auto horizon = (std::uint64_t{1} << (bits * levels)) - 1;
  x.tick = std::clamp(tick_at_or_after(deadline), now_ + 1, now_ + horizon);
  x.what = std::move(what);
  ++x.generation;
  ++size_;
  place(index);
  return ref_of(index);
}

timer_ref timer_wheel::ref_of(std::uint32_t index) const noexcept {
  return (std::uint64_t{entries_[index].generation} << 32) | (index + 1);
}

void timer_wheel::place(std::uint32_t index) {
  auto& x = entries_[index];
  const auto ahead = x.tick - now_;
  unsigned level = 0;
  while (level + 1 < levels
         && ahead >= (std::uint64_t{1} << (bits * (level + 1))))
    ++level;
  const auto slot =
    static_cast<std::uint32_t>(x.tick >> (bits * level)) & (slots - 1);
  x.list = level * slots + slot;
  auto& where = lists_[x.list];
  x.next = none;
  x.previous = where.tail;
  (where.tail == none ? where.head : entries_[where.tail].next) = index;
  where.tail = index;
  if (level == 0)
    near_.set(slot);
}

void timer_wheel::unlink(std::uint32_t index) noexcept {
  auto& x = entries_[index];
  auto& where = lists_[x.list];
  (x.previous == none ? where.head : entries_[x.previous].next) = x.next;
  (x.next == none ? where.tail : entries_[x.next].previous) = x.previous;
  if (x.list < slots && where.head == none)
    near_.reset(x.list);
  x.list = none;
}

void timer_wheel::release(std::uint32_t index) noexcept {
  auto& x = entries_[index];
  x.what = {};
  x.next = std::exchange(free_, index);
  --size_;
}

const timer_wheel::entry* timer_wheel::find(timer_ref ref) const noexcept {
  const auto index = static_cast<std::uint32_t>(ref) - 1;
  if (ref == 0 || index >= entries_.size())
    return nullptr;
  const auto& x = entries_[index];
  return x.list != none && x.generation == static_cast<std::uint32_t>(ref >> 32)
           ? &x
           : nullptr;
}

std::optional<time_point> timer_wheel::deadline(timer_ref ref) const noexcept {
  const auto* x = find(ref);
  if (!x)
    return std::nullopt;
  return start_ + tick * static_cast<std::int64_t>(x->tick);
}

void timer_wheel::change(timer_ref ref, action what) {
  if (find(ref))
    entries_[static_cast<std::uint32_t>(ref) - 1].what = std::move(what);
}

bool timer_wheel::cancel(timer_ref ref) noexcept {
  if (!find(ref))
    return false;
  const auto index = static_cast<std::uint32_t>(ref) - 1;
  unlink(index);
  release(index);
  return true;
}

void timer_wheel::cascade(unsigned level) {
  if (level >= levels)
    return;
  const auto slot =
    static_cast<std::uint32_t>(now_ >> (bits * level)) & (slots - 1);
  if (slot == 0)
    cascade(level + 1);
  auto& where = lists_[level * slots + slot];
  auto at = where.head;
  where = {};
  while (at != none) {
    const auto next = entries_[at].next;
    place(at);
    at = next;
  }
}

void timer_wheel::advance(time_point now,
                          const std::function<void(timer_ref, action)>& fire) {
  const auto target =
    now <= start_ ? 0 : static_cast<std::uint64_t>((now - start_) / tick);
  while (now_ < target) {
    if (size_ == 0) {
      now_ = target;
      return;
    }
    if (near_.none()) {
      // Nothing due before the next cascade.
      now_ = std::min(target, now_ | (slots - 1));
      if (now_ == target)
        return;
    }
    ++now_;
    const auto slot = static_cast<std::uint32_t>(now_) & (slots - 1);
    if (slot == 0)
      cascade(1);
    auto& where = lists_[slot];
    while (where.head != none && entries_[where.head].tick <= now_) {
      const auto index = where.head;
      unlink(index);
      auto what = std::move(entries_[index].what);
      release(index);
      fire(ref_of(index), std::move(what));
    }
  }
}

time_point timer_wheel::next_due() const noexcept {
  if (size_ == 0)
    return time_point::max();
  // Beyond the next cascade a farther level may hold something nearer.
  auto at = now_ + 1;
  while ((at & (slots - 1)) != 0 && !near_.test(at & (slots - 1)))
    ++at;
  return start_ + tick * static_cast<std::int64_t>(at);
}

} // namespace bennu::runtime
