#include "runtime/timer_wheel.hpp"

#include "runtime/detail/process_table.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace bennu::runtime {

timer_wheel::timer_wheel(time_point start, detail::process_table* processes)
  : processes_(processes), start_(start) {}

std::uint64_t timer_wheel::tick_at_or_after(time_point t) const noexcept {
  if (t <= start_)
    return 0;
  return static_cast<std::uint64_t>((t - start_ + tick - duration{1}) / tick);
}

inline std::uint32_t timer_wheel::acquire() {
  if (size_ >= timers_max)
    throw std::length_error("too many timers pending on one shard");
  auto index = free_;
  if (index == none) {
    index = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    free_ = entries_[index].next;
  }
  ++entries_[index].generation;
  ++size_;
  return index;
}

timer_ref timer_wheel::set(time_point deadline, action what) {
  const auto index = acquire();
  auto& x = entries_[index];
  if (auto* first = processes_ ? processes_->first_timer(what.to) : nullptr) {
    chain(index, *first, what.to.index());
  } else {
    x.next_to = none;
    x.previous_to = none;
    if (processes_ && processes_->names(what.to)) {
      release(index);
      return ref_of(index);
    }
  }
  constexpr auto horizon = (std::uint64_t{1} << (bits * levels)) - 1;
  x.tick = std::clamp(tick_at_or_after(deadline), now_ + 1, now_ + horizon);
  x.to = what.to;
  x.what = std::move(what.what);
  place(index);
  return ref_of(index);
}

timer_ref timer_wheel::ref_of(std::uint32_t index) const noexcept {
  return (std::uint64_t{entries_[index].generation} << 32) | (index + 1);
}

void timer_wheel::place(std::uint32_t index) {
  auto& x = entries_[index];
  // Each level has its share of the bits, and no timer is further ahead than
  // they reach.
  const auto ahead = x.tick - now_;
  const auto level =
    static_cast<unsigned>(std::bit_width(ahead | 1) - 1) / bits;
  const auto slot =
    static_cast<std::uint32_t>(x.tick >> (bits * level)) & (slots - 1);
  const auto number = level * slots + slot;
  auto& where = lists_[number];
  x.next = end_of(number);
  if (where.tail == none) {
    x.previous = end_of(number);
    where.head = index;
  } else {
    x.previous = where.tail;
    entries_[where.tail].next = index;
  }
  where.tail = index;
  if (level == 0)
    near_[slot / 64] |= std::uint64_t{1} << slot % 64;
}

inline void timer_wheel::unlink(std::uint32_t index) noexcept {
  const auto next = entries_[index].next;
  const auto previous = entries_[index].previous;
  entries_[index].previous = none;
  // Each end tells its list, and hands that on to its neighbour.
  if (!is_end(previous))
    entries_[previous].next = next;
  if (!is_end(next))
    entries_[next].previous = previous;
  if (!is_end(previous) && !is_end(next))
    return;
  const auto number = (is_end(next) ? next : previous) & ~end_mark;
  auto& where = lists_[number];
  if (is_end(previous))
    where.head = is_end(next) ? none : next;
  if (is_end(next))
    where.tail = is_end(previous) ? none : previous;
  if (number < slots && where.head == none)
    near_[number / 64] &= ~(std::uint64_t{1} << number % 64);
}

/// Puts it before the first of those to the process in that place of the table.
void timer_wheel::chain(std::uint32_t index, std::uint32_t& first,
                        std::uint32_t place) noexcept {
  if (first != none)
    entries_[first].previous_to = index;
  entries_[index].previous_to = end_of(place);
  entries_[index].next_to = std::exchange(first, index);
}

inline void timer_wheel::unchain(std::uint32_t index) noexcept {
  const auto next = entries_[index].next_to;
  const auto previous = entries_[index].previous_to;
  if (next != none)
    entries_[next].previous_to = previous;
  if (!is_end(previous))
    entries_[previous].next_to = next;
  else if (previous != none)
    processes_->first_timer_at(previous & ~end_mark) = next;
}

void timer_wheel::release(std::uint32_t index) noexcept {
  entries_[index].next = std::exchange(free_, index);
  --size_;
}

/// Takes a pending timer out. What it was for is the caller's to destroy: the
/// wheel is whole again when users' destructors run.
message timer_wheel::take(std::uint32_t index) noexcept {
  unlink(index);
  unchain(index);
  auto what = std::move(entries_[index].what);
  release(index);
  return what;
}

const timer_wheel::entry* timer_wheel::find(timer_ref ref) const noexcept {
  const auto index = static_cast<std::uint32_t>(ref) - 1;
  if (ref == 0 || index >= entries_.size())
    return nullptr;
  const auto& x = entries_[index];
  return x.previous != none
             && x.generation == static_cast<std::uint32_t>(ref >> 32)
           ? &x
           : nullptr;
}

time_point timer_wheel::time_of(const entry& x) const noexcept {
  return start_ + tick * static_cast<std::int64_t>(x.tick);
}

std::optional<time_point> timer_wheel::deadline(timer_ref ref) const noexcept {
  const auto* x = find(ref);
  if (!x)
    return std::nullopt;
  return time_of(*x);
}

void timer_wheel::change(timer_ref ref, message what) {
  if (find(ref))
    entries_[static_cast<std::uint32_t>(ref) - 1].what = std::move(what);
}

std::optional<time_point> timer_wheel::cancel(timer_ref ref) noexcept {
  const auto* x = find(ref);
  if (!x)
    return std::nullopt;
  const auto due = time_of(*x);
  take(static_cast<std::uint32_t>(ref) - 1);
  return due;
}

std::optional<message> timer_wheel::drop_first_to(const pid& process) noexcept {
  const auto* first = processes_ ? processes_->first_timer(process) : nullptr;
  if (!first || *first == none)
    return std::nullopt;
  return take(*first);
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
  while (!is_end(at)) {
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
    if (first_near(0) == slots) {
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
      const auto to = entries_[index].to;
      fire(ref_of(index), {to, take(index)});
    }
  }
}

time_point timer_wheel::next_due() const noexcept {
  if (size_ == 0)
    return time_point::max();
  // Beyond the next cascade a farther level may hold something nearer.
  const auto next = now_ + 1;
  const auto slot = static_cast<std::uint32_t>(next) & (slots - 1);
  const auto ahead = slot == 0 ? 0 : first_near(slot) - slot;
  return start_ + tick * static_cast<std::int64_t>(next + ahead);
}

std::uint32_t timer_wheel::first_near(std::uint32_t slot) const noexcept {
  auto word = slot / 64;
  auto held = near_[word] >> slot % 64 << slot % 64;
  while (held == 0 && ++word < near_.size())
    held = near_[word];
  return word * 64
         + (word < near_.size()
              ? static_cast<std::uint32_t>(std::countr_zero(held))
              : 0);
}

} // namespace bennu::runtime
