#pragma once

#include "runtime/gen_server.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace bennu::runtime {

/// What a state timeout delivers: the state has lasted that long.
struct state_timeout {};

/// What an event timeout delivers: no event came for that long.
struct event_timeout {};

/// What a named timeout delivers, whatever the state.
struct named_timeout {
  std::string name;
};

/// The part of a state machine that knows no state type. See gen_statem.
/// Confined to its process.
class gen_statem_base : public process {
public:
  /// Events that may wait for another state; one more ends the machine with an
  /// error. A machine that postpones more has no state that takes them.
  static constexpr std::size_t postponed_max = 10'000;

protected:
  gen_statem_base() = default;

  // -- verbs of a handler: gen_statem's transition actions --

  /// Handles this event again once the state has changed, before what came
  /// later.
  void postpone() noexcept { postponing_ = true; }

  /// Handles an event of `xs` next, before all that waits.
  template <class... Ts>
  void next_event(Ts&&... xs) {
    handle_next(make_message(std::forward<Ts>(xs)...));
  }

  /// Delivers state_timeout unless the state changes within `after`; the next
  /// one takes its place.
  void state_timeout_after(duration after);

  /// Delivers event_timeout unless another event comes within `after`.
  void event_timeout_after(duration after);

  /// Delivers a named_timeout after `after`, whatever happens; another of the
  /// name takes its place.
  void timeout_after(std::string_view name, duration after);
  bool cancel_timeout(std::string_view name);

private:
  template <class, class>
  friend class gen_statem;

  void handle_message(message& msg) final;
  bool is_stale_timeout(message& msg);
  void keep_for_later(const message& msg);
  void changed_state();

  /// Hands the event to the handlers of the state.
  virtual void dispatch(message& event) = 0;

  struct postponed {
    message event;
    reply_to caller;
  };

  timer_ref state_timer_ = 0;
  timer_ref event_timer_ = 0;
  std::map<std::string, timer_ref, std::less<>> named_timers_;
  std::deque<postponed> postponed_;
  bool postponing_ = false;
};

/// A state machine: a process whose handlers depend on its state. Mirrors
/// gen_statem. Derive with the class and an enum of states, and list which
/// member functions take which events in which state:
///
///     enum class lock { locked, open };
///
///     class code_lock final : public gen_statem<code_lock, lock> {
///     public:
///       explicit code_lock(int code) : gen_statem(lock::locked), code_(code)
///       {} static auto events() {
///         return transitions(in(lock::locked, &code_lock::button),
///                            in(lock::open, &code_lock::timed_out),
///                            in_any_state(&code_lock::look));
///       }
///     private:
///       void button(int digit) {
///         if (digit == code_) {
///           next_state(lock::open);
///           state_timeout_after(10s);
///         }
///       }
///       void timed_out(state_timeout) { next_state(lock::locked); }
///       lock look(ask) { return state_now(); }
///       int code_;
///     };
///
/// The parameter types say which event it is; a handler of the state goes
/// before one of any state; what a handler returns answers a request. What
/// gen_statem says in transition actions are verbs: next_state, postpone,
/// next_event, state_timeout_after, event_timeout_after, timeout_after, stop,
/// hibernate, reply. A state change calls enter(from, to), cancels the state
/// timeout and brings back what was postponed, in order. An event nobody takes
/// ends the machine with `bad_event`, as a missing clause does in Erlang; plain
/// messages, casts and calls are all events. Confined to its process.
template <class Self, class State>
class gen_statem : public gen_statem_base {
public:
  explicit gen_statem(State first) : state_(first) {}

  State state_now() const noexcept { return state_; }

protected:
  /// The machine goes to `next`; to the state it is in: nothing changes.
  /// Takes effect at once, so that what follows in the handler is of the new
  /// state.
  void next_state(State next) {
    if (next != state_)
      change_to(next);
  }

  /// Leaves and enters again, as gen_statem's repeat_state.
  void repeat_state() { change_to(state_); }

  /// Called in every change of state, and on start with the first one twice.
  virtual void enter(State /*from*/, State /*to*/) {}

  void init() override { enter(state_, state_); }

  /// sys::get_state shows the state machine's state.
  message visible_state() const override { return make_message(state_); }
  bool replace_state(const message& x) override {
    const auto* next = x.value_if<State>();
    if (next)
      state_ = *next;
    return next != nullptr;
  }

  struct rule {
    bool any = false;
    State state{};
    handler_list<Self> handlers;
  };

  template <class... Fs>
  static rule in(State state, Fs... fs) {
    return {false, state, handler_list<Self>(fs...)};
  }
  template <class... Fs>
  static rule in_any_state(Fs... fs) {
    return {true, {}, handler_list<Self>(fs...)};
  }
  template <class... Rules>
  static std::vector<rule> transitions(Rules... rules) {
    return {std::move(rules)...};
  }

private:
  void change_to(State next) {
    const auto from = std::exchange(state_, next);
    changed_state();
    enter(from, next);
  }

  void dispatch(message& event) final {
    static const auto rules = Self::events();
    for (const bool any : {false, true})
      for (const auto& x : rules) {
        if (x.any != any || (!any && x.state != state_))
          continue;
        auto outcome = x.handlers(static_cast<Self&>(*this), event);
        if (!outcome.matched)
          continue;
        if (outcome.reply)
          send_reply(take_reply_to(), std::move(outcome.reply));
        return;
      }
    detail::no_clause("bad_event", event);
  }

  State state_;
};

} // namespace bennu::runtime
