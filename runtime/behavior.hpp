#pragma once

#include "runtime/message.hpp"

#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace bennu::runtime {

namespace detail {

/// The argument types of a lambda or function, decayed.
template <class F>
struct handler_traits : handler_traits<decltype(&F::operator())> {};
template <class R, class... Ts>
struct handler_traits<R (*)(Ts...)> {
  using result = R;
  using arguments = std::tuple<std::decay_t<Ts>...>;
};
template <class C, class R, class... Ts>
struct handler_traits<R (C::*)(Ts...)> : handler_traits<R (*)(Ts...)> {};
template <class C, class R, class... Ts>
struct handler_traits<R (C::*)(Ts...) const> : handler_traits<R (*)(Ts...)> {};

/// Whether a handler took the message, and what it answered.
struct handled {
  bool matched = false;
  message reply;
};

struct behavior_impl {
  virtual ~behavior_impl() = default;
  virtual handled invoke(message& msg) = 0;
};

template <class R, class F, class... Ts>
handled invoke_with(F& handler, message& msg) {
  const auto call = [&](auto&&... xs) -> handled {
    if constexpr (std::is_void_v<R>) {
      handler(std::forward<decltype(xs)>(xs)...);
      return {true, {}};
    } else if constexpr (std::is_same_v<R, message>) {
      return {true, handler(std::forward<decltype(xs)>(xs)...)};
    } else {
      return {true, make_message(handler(std::forward<decltype(xs)>(xs)...))};
    }
  };
  if (auto* own = msg.unique_values<Ts...>())
    return std::apply([&](auto&... xs) { return call(std::move(xs)...); },
                      *own);
  if constexpr ((std::is_copy_constructible_v<Ts> && ...))
    return std::apply(call, *msg.get_if<Ts...>());
  else
    return {};
}

template <class F, class... Ts>
bool try_with(F& handler, message& msg, handled& outcome, std::tuple<Ts...>*) {
  if constexpr (std::is_same_v<std::tuple<Ts...>, std::tuple<message>>) {
    handler(msg);
    outcome.matched = true;
    return true;
  } else {
    if (!msg.holds<Ts...>())
      return false;
    using result = typename handler_traits<F>::result;
    outcome = invoke_with<result, F, Ts...>(handler, msg);
    return outcome.matched;
  }
}

template <class F>
bool try_handler(F& handler, message& msg, handled& outcome) {
  using arguments = typename handler_traits<F>::arguments;
  return try_with(handler, msg, outcome, static_cast<arguments*>(nullptr));
}

template <class... Fs>
struct behavior_of final : behavior_impl {
  explicit behavior_of(Fs... fs) : handlers(std::move(fs)...) {}

  handled invoke(message& msg) override {
    handled outcome;
    std::apply([&](auto&... fs) { (try_handler(fs, msg, outcome) || ...); },
               handlers);
    return outcome;
  }

  std::tuple<Fs...> handlers;
};

} // namespace detail

/// The handlers of a process: lambdas, tried in order, each for the messages
/// whose types are exactly its parameter types; a last `[](message&)` takes
/// everything else. What a handler returns answers a request and is dropped
/// otherwise. Mirrors a `receive` loop and CAF's behavior. Confined to its
/// process.
///
///     return behavior{
///       [=](add, int n) { *sum += n; },
///       [=](get) { return *sum; },
///     };
class behavior {
public:
  behavior() = default;

  template <class... Fs>
  requires(sizeof...(Fs) > 0
           && (!std::is_same_v<std::decay_t<Fs>, behavior> && ...))
    behavior(Fs... fs)
    : impl_(std::make_unique<detail::behavior_of<Fs...>>(std::move(fs)...)) {}

  /// False for a process that is done with: it ends `normal` after init.
  explicit operator bool() const noexcept { return impl_ != nullptr; }

  detail::handled operator()(message& msg) { return impl_->invoke(msg); }

private:
  std::unique_ptr<detail::behavior_impl> impl_;
};

} // namespace bennu::runtime
