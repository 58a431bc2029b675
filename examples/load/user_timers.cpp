#include "examples/load/user_timers.hpp"

#include <algorithm>

namespace load {

namespace {

constexpr std::int64_t tick_ns =
  std::chrono::nanoseconds{user_timers::tick}.count();

} // namespace

user_timers::user_timers(std::vector<user>& users, std::int64_t now_ns)
  : users_(users), begin_ns_(now_ns), slots_(slot_count, nobody) {}

std::uint32_t user_timers::tick_of(std::int64_t ns) const {
  return static_cast<std::uint32_t>(std::max<std::int64_t>(0, ns - begin_ns_)
                                    / tick_ns);
}

void user_timers::set(std::uint32_t who, std::int64_t due_ns) {
  cancel(who);
  auto& x = users_[who];
  x.due = std::max(tick_of(due_ns) + 1, next_tick_);
  auto& head = slots_[x.due % slot_count];
  x.next = head;
  x.before = nobody;
  if (head != nobody)
    users_[head].before = who;
  head = who;
}

void user_timers::cancel(std::uint32_t who) {
  auto& x = users_[who];
  if (x.due != 0 && x.due != rung)
    unlink(who);
  x.due = 0;
}

void user_timers::unlink(std::uint32_t who) {
  auto& x = users_[who];
  if (x.before != nobody)
    users_[x.before].next = x.next;
  else
    slots_[x.due % slot_count] = x.next;
  if (x.next != nobody)
    users_[x.next].before = x.before;
  x.next = x.before = nobody;
}

void user_timers::collect(std::uint32_t at) {
  ready_.clear();
  for (auto who = slots_[at % slot_count]; who != nobody;) {
    const auto next = users_[who].next;
    if (users_[who].due == at) {
      unlink(who);
      users_[who].due = rung;
      ready_.push_back(who);
    }
    who = next;
  }
}

std::chrono::milliseconds
user_timers::until_next(std::int64_t now_ns,
                        std::chrono::milliseconds longest) const {
  const auto ticks = static_cast<std::uint32_t>(longest / tick);
  for (std::uint32_t i = 0; i < ticks; ++i)
    if (slots_[(next_tick_ + i) % slot_count] != nobody) {
      const auto due = begin_ns_ + std::int64_t{next_tick_ + i} * tick_ns;
      const auto left = std::max<std::int64_t>(0, due - now_ns);
      // Rounded up: a wait that ends too early turns the loop once more.
      return std::chrono::milliseconds{(left + 999'999) / 1'000'000};
    }
  return longest;
}

} // namespace load
