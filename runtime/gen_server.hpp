#pragma once

#include "runtime/process.hpp"

#include <functional>
#include <tuple>
#include <utility>
#include <vector>

namespace bennu::runtime {

/// A message that was cast: `{'$gen_cast', Msg}`.
struct cast_message {
  message content;
};

/// What an inactivity timeout sends to handle_info: OTP's `timeout`.
struct idle_timeout {};

/// Sends `xs` to be handled by handle_cast; nobody learns whether they were.
/// Mirrors gen_server:cast.
template <class... Ts>
void cast(process& self, const pid& to, Ts&&... xs) {
  self.send(to, cast_message{make_message(std::forward<Ts>(xs)...)});
}

/// A server without a list of handlers: override what you need. See gen_server.
/// Confined to its process.
class gen_server_base : public process {
public:
  ~gen_server_base() override;

protected:
  /// A request. What it returns is the answer; an empty message is none, for a
  /// server that has taken reply_to to answer later. By default ends the server
  /// with `bad_call`, as a missing clause does in Erlang.
  virtual message handle_call(message& request);

  /// What was cast. By default ends the server with `bad_cast`.
  virtual void handle_cast(message& msg);

  /// Everything else: plain messages, exits, downs, timeouts. By default
  /// logged.
  virtual void handle_info(message& msg);

  /// What continue_with said. By default ends the server with `bad_continue`.
  virtual void handle_continue(message& msg);

  /// Once the running handler has returned, handles this before any message.
  template <class... Ts>
  void continue_with(Ts&&... xs) {
    handle_next(
      make_message(continue_message{make_message(std::forward<Ts>(xs)...)}));
  }

  /// Sends this server an idle_timeout unless a message comes within `after`:
  /// OTP's timeout in a return value. Any message cancels it.
  void idle_after(duration after);

private:
  void handle_message(message& msg) final;
  void dispatch(message& msg);

  struct continue_message {
    message content;
  };

  timer_ref idle_ = 0;

  /// An answer given by a handler that stops the server: sent once terminate
  /// has run, as in OTP.
  reply_to last_caller_;
  message last_answer_;
};

namespace detail {

/// Ends a process whose handlers do not take what they must.
[[noreturn]] void no_clause(const char* what, const message& msg);

/// The argument types of a member function, decayed.
template <class F>
struct member_traits;
template <class C, class R, class... Ts>
struct member_traits<R (C::*)(Ts...)> {
  using result = R;
  using arguments = std::tuple<std::decay_t<Ts>...>;
};
template <class C, class R, class... Ts>
struct member_traits<R (C::*)(Ts...) const> : member_traits<R (C::*)(Ts...)> {};

} // namespace detail

/// Member functions of a `Self`, each for the messages whose types are exactly
/// its parameters: one list a class, not one a process. Value.
template <class Self>
class handler_list {
public:
  handler_list() = default;
  template <class... Fs>
  explicit handler_list(Fs... fs) : handlers_{entry_of(fs)...} {}

  /// The first that takes the message; not matched when none does.
  detail::handled operator()(Self& self, message& msg) const {
    for (const auto& x : handlers_)
      if (x.token == msg.token())
        return x.invoke(self, msg);
    return {};
  }

private:
  struct entry {
    detail::type_token token;
    std::function<detail::handled(Self&, message&)> invoke;
  };

  template <class F>
  static entry entry_of(F member) {
    using traits = detail::member_traits<F>;
    return make_entry<typename traits::result>(
      member, static_cast<typename traits::arguments*>(nullptr));
  }

  template <class R, class F, class... Ts>
  static entry make_entry(F member, std::tuple<Ts...>*) {
    return {detail::token_of<Ts...>, [member](Self& self, message& msg) {
              auto call = [&](auto&&... xs) {
                return (self.*member)(std::forward<decltype(xs)>(xs)...);
              };
              return detail::invoke_with<R, decltype(call), Ts...>(call, msg);
            }};
  }

  std::vector<entry> handlers_;
};

/// A server: a process that answers calls, takes casts and sees everything else
/// as info. Mirrors gen_server. Derive with the class itself and list its
/// member functions by kind; the parameter types say which message is whose:
///
///     class stack final : public gen_server<stack> {
///     public:
///       static auto calls() { return handlers(&stack::pop); }
///       static auto casts() { return handlers(&stack::push); }
///     private:
///       int pop(pop_request);
///       void push(const item& x);
///       std::vector<item> items_;
///     };
///
/// What OTP says in return values are verbs here: `stop(why)` ends after the
/// handler (an answer given with it is sent after terminate), `hibernate()`,
/// `idle_after(5s)`, `continue_with(x)`. A handler that returns nothing, or
/// `message{}`, answers nothing: keep `take_reply_to()` and `reply` later, from
/// any process. A throw is a crash: terminate runs, the exit reason is its
/// text. State is members, and shown to sys when `visible_state()` returns it.
/// Started by spawn, process::start_link, node::start_process or a supervisor.
/// Clients use process::request, cast, node::call. Confined to its process.
template <class Self>
class gen_server : public gen_server_base {
protected:
  template <class... Fs>
  static handler_list<Self> handlers(Fs... fs) {
    return handler_list<Self>(fs...);
  }

  message handle_call(message& request) override {
    if constexpr (requires { Self::calls(); }) {
      static const auto list = Self::calls();
      auto outcome = list(me(), request);
      if (outcome.matched)
        return std::move(outcome.reply);
    }
    return gen_server_base::handle_call(request);
  }

  void handle_cast(message& msg) override {
    if constexpr (requires { Self::casts(); }) {
      static const auto list = Self::casts();
      if (list(me(), msg).matched)
        return;
    }
    gen_server_base::handle_cast(msg);
  }

  void handle_info(message& msg) override {
    if constexpr (requires { Self::infos(); }) {
      static const auto list = Self::infos();
      if (list(me(), msg).matched)
        return;
    }
    gen_server_base::handle_info(msg);
  }

  void handle_continue(message& msg) override {
    if constexpr (requires { Self::continues(); }) {
      static const auto list = Self::continues();
      if (list(me(), msg).matched)
        return;
    }
    gen_server_base::handle_continue(msg);
  }

private:
  Self& me() noexcept { return static_cast<Self&>(*this); }
};

} // namespace bennu::runtime
