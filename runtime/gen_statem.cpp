#include "runtime/gen_statem.hpp"

#include <stdexcept>
#include <utility>

namespace bennu::runtime {

namespace {

/// An event that has waited for another state, with whom to answer.
struct again {
  message event;
  reply_to caller;
};

} // namespace

void gen_statem_base::state_timeout_after(duration after) {
  if (state_timer_ != 0)
    cancel_timer(state_timer_);
  state_timer_ = start_timer(after, state_timeout{});
}

void gen_statem_base::event_timeout_after(duration after) {
  if (event_timer_ != 0)
    cancel_timer(event_timer_);
  event_timer_ = start_timer(after, event_timeout{});
}

void gen_statem_base::timeout_after(std::string_view name, duration after) {
  cancel_timeout(name);
  named_timers_.insert_or_assign(
    std::string{name}, start_timer(after, named_timeout{std::string{name}}));
}

bool gen_statem_base::cancel_timeout(std::string_view name) {
  const auto at = named_timers_.find(name);
  if (at == named_timers_.end())
    return false;
  cancel_timer(at->second);
  named_timers_.erase(at);
  return true;
}

bool gen_statem_base::is_stale_timeout(message& msg) {
  const auto* timeout = msg.value_if<timeout_message>();
  if (!timeout)
    return false;
  auto content = timeout->content;
  const auto ref = timeout->ref;
  if (content.holds<state_timeout>()) {
    if (ref != std::exchange(state_timer_, 0))
      return true;
  } else if (content.holds<event_timeout>()) {
    if (ref != std::exchange(event_timer_, 0))
      return true;
  } else if (const auto* named = content.value_if<named_timeout>()) {
    const auto at = named_timers_.find(named->name);
    if (at == named_timers_.end() || at->second != ref)
      return true;
    named_timers_.erase(at);
  } else {
    return false;
  }
  msg = std::move(content);
  return false;
}

void gen_statem_base::handle_message(message& msg) {
  if (is_stale_timeout(msg))
    return;
  if (event_timer_ != 0)
    cancel_timer(std::exchange(event_timer_, 0));
  if (const auto* x = msg.value_if<again>()) {
    const auto caller = x->caller;
    msg = message{x->event};
    if (caller)
      answers_for(caller);
  } else if (const auto* cast = msg.value_if<cast_message>()) {
    msg = message{cast->content};
  }
  const auto event = msg;
  postponing_ = false;
  dispatch(msg);
  if (std::exchange(postponing_, false))
    keep_for_later(event);
}

void gen_statem_base::keep_for_later(const message& event) {
  if (postponed_.size() >= postponed_max)
    throw std::length_error("postponed_max of 10000 events reached");
  postponed_.push_back({event, take_reply_to()});
}

void gen_statem_base::changed_state() {
  if (state_timer_ != 0)
    cancel_timer(std::exchange(state_timer_, 0));
  // Each goes before what waits: the last one first.
  for (; !postponed_.empty(); postponed_.pop_back())
    handle_next(make_message(
      again{std::move(postponed_.back().event), postponed_.back().caller}));
}

} // namespace bennu::runtime
