#include "runtime/detail/shard_timers.hpp"

#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/shard_impl.hpp"

#include <algorithm>
#include <utility>

namespace bennu::runtime::detail {

namespace {

// What a timer's message can be, beside what is to be sent as it is.

struct to_name {
  named to;
  message what;
};

struct as_timeout {
  message what;
};

struct interval_due {
  timer_ref first = 0;
};

} // namespace

shard_timers::shard_timers(shard_impl& home)
  : home_(home), wheel_(home.owner().time.now(), &home.table()) {}

timer_ref shard_timers::set(duration after, const pid& to, message what) {
  return wheel_.set(home_.owner().time.now() + after, {to, std::move(what)});
}

timer_ref shard_timers::set(duration after, const named& to, message what) {
  return set(after, pid{}, make_message(to_name{to, std::move(what)}));
}

timer_ref shard_timers::set_timeout(duration after, const pid& to,
                                    message what) {
  return set(after, to, make_message(as_timeout{std::move(what)}));
}

timer_ref shard_timers::set_interval(duration period, const pid& to,
                                     message what) {
  period = std::max(period, interval_min);
  const auto due = home_.owner().time.now() + period;
  // The message must name the timer that carries it: set it, then say so.
  const auto ref = wheel_.set(due, {to, {}});
  wheel_.change(ref, make_message(interval_due{ref}));
  intervals_.emplace(ref, interval{period, due, std::move(what), ref});
  return ref;
}

timer_ref shard_timers::current(timer_ref ref) const noexcept {
  if (intervals_.empty())
    return ref;
  const auto at = intervals_.find(ref);
  return at == intervals_.end() ? ref : at->second.now;
}

std::optional<duration>
shard_timers::left_until(std::optional<time_point> due) const noexcept {
  if (!due)
    return std::nullopt;
  return std::max(duration{0}, *due - home_.owner().time.now());
}

std::optional<duration> shard_timers::read(timer_ref ref) const noexcept {
  return left_until(wheel_.deadline(current(ref)));
}

std::optional<time_point> shard_timers::drop(timer_ref ref) noexcept {
  const auto due = wheel_.cancel(current(ref));
  if (!intervals_.empty())
    intervals_.erase(ref);
  return due;
}

std::optional<duration> shard_timers::cancel(timer_ref ref) noexcept {
  return left_until(drop(ref));
}

void shard_timers::drop_to(const pid& process) {
  wheel_.drop_to(process, [this](const message& what) {
    if (const auto* due = what.value_if<interval_due>())
      intervals_.erase(due->first);
  });
}

void shard_timers::advance(time_point now) {
  wheel_.advance(now, [this](timer_ref ref, timer_wheel::action x) {
    fire(ref, std::move(x));
  });
}

void shard_timers::fire(timer_ref ref, timer_wheel::action x) {
  if (const auto* call = x.what.value_if<std::function<void()>>())
    return (*call)();
  if (const auto* request = x.what.value_if<request_timeout>()) {
    if (auto* core = home_.find_core(x.to))
      core->request_timed_out(request->ref);
    return;
  }
  if (const auto* late = x.what.value_if<to_name>())
    return send(home_.owner().names.find(late->to.name), late->what);
  if (const auto* due = x.what.value_if<interval_due>())
    return fire_interval(due->first, x.to);
  if (const auto* timeout = x.what.value_if<as_timeout>())
    return send(x.to, make_message(timeout_message{ref, timeout->what}));
  send(x.to, std::move(x.what));
}

void shard_timers::fire_interval(timer_ref first, const pid& to) {
  const auto at = intervals_.find(first);
  if (at == intervals_.end())
    return;
  auto& x = at->second;
  // What a busy shard has missed is not made up for.
  const auto now = home_.owner().time.now();
  do
    x.due += x.period;
  while (x.due <= now);
  x.now = wheel_.set(x.due, {to, make_message(interval_due{first})});
  send(to, x.what);
}

void shard_timers::send(const pid& to, message what) {
  auto x = std::make_unique<envelope>();
  x->content = std::move(what);
  home_.route(to, std::move(x));
}

} // namespace bennu::runtime::detail
