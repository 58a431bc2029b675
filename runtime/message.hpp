#pragma once

#include "runtime/exit_reason.hpp"
#include "runtime/pid.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace bennu::runtime {

namespace detail {

/// One address a list of types: the switch a behavior turns on.
template <class... Ts>
struct type_list_tag {
  static inline const char address = 0;
};

using type_token = const void*;

template <class... Ts>
inline constexpr type_token token_of = &type_list_tag<Ts...>::address;

struct message_content {
  explicit message_content(type_token t) : token(t) {}
  message_content(const message_content&) = delete;
  message_content& operator=(const message_content&) = delete;
  virtual ~message_content() = default;
  virtual const char* type_name() const noexcept = 0;
  virtual void render(std::string& out) const = 0;

  std::atomic<std::uint32_t> references{1};
  type_token token;
};

template <class... Ts>
struct message_values final : message_content {
  template <class... Us>
  explicit message_values(std::in_place_t, Us&&... xs)
    : message_content(token_of<Ts...>), values(std::forward<Us>(xs)...) {
    // Never called. Clang leaves out what only a vtable refers to, when the
    // message is made by a virtual function of a template alone.
    static_cast<void>([](message_values* x, std::string& out) {
      out = x->type_name();
      x->render(out);
      delete x;
    });
  }
  const char* type_name() const noexcept override;
  void render(std::string& out) const override;

  std::tuple<Ts...> values;
};

std::string demangled(const char* name);
std::string in_quotes(std::string_view text);

/// A value as an operator reads it: numbers and texts as they are, what has a
/// to_string by that, anything else by the name of its type.
template <class T>
std::string rendered(const T& x) {
  using std::to_string;
  if constexpr (std::is_same_v<T, bool>)
    return x ? "true" : "false";
  else if constexpr (std::is_convertible_v<const T&, std::string_view>)
    return in_quotes(x);
  else if constexpr (requires { std::string{to_string(x)}; })
    return to_string(x);
  else
    return demangled(typeid(T).name());
}

} // namespace detail

/// What processes send: an immutable, shared tuple of values. Copying it
/// copies a pointer, so one message to a million mailboxes is stored once.
/// Differs from Erlang: nothing is copied between processes; a handler that
/// takes a value by value gets a copy, or the value itself when it holds the
/// last reference. Value; its content may be read from any thread.
class message {
public:
  message() = default;
  explicit message(detail::message_content* adopted) : content_(adopted) {}
  message(const message& other) noexcept : content_(other.content_) {
    if (content_)
      content_->references.fetch_add(1, std::memory_order_relaxed);
  }
  message(message&& other) noexcept
    : content_(std::exchange(other.content_, nullptr)) {}
  message& operator=(message other) noexcept {
    std::swap(content_, other.content_);
    return *this;
  }
  ~message() {
    // Who finds itself the only holder needs no atomic subtraction: nobody else
    // can take another.
    if (content_
        && (content_->references.load(std::memory_order_acquire) == 1
            || content_->references.fetch_sub(1, std::memory_order_acq_rel)
                 == 1))
      delete content_;
  }

  explicit operator bool() const noexcept { return content_ != nullptr; }

  /// True when the message is exactly a `Ts...`.
  template <class... Ts>
  bool holds() const noexcept {
    return content_ && content_->token == detail::token_of<Ts...>;
  }

  /// The values when the message is exactly a `Ts...`, else null.
  template <class... Ts>
  const std::tuple<Ts...>* get_if() const noexcept {
    return holds<Ts...>() ? &values<Ts...>() : nullptr;
  }

  /// The one value of a message that is exactly a `T`, else null.
  template <class T>
  const T* value_if() const noexcept {
    return holds<T>() ? &std::get<0>(values<T>()) : nullptr;
  }

  /// The values for a handler to move from; only the last holder may.
  template <class... Ts>
  std::tuple<Ts...>* unique_values() noexcept {
    return content_->references.load(std::memory_order_acquire) == 1
             ? &values<Ts...>()
             : nullptr;
  }

  detail::type_token token() const noexcept {
    return content_ ? content_->token : nullptr;
  }

  /// The types it holds, readable: for logs and the observer.
  std::string type_name() const;

  /// Its values, readable, at most `max` bytes of them: `ping`, `(1, "text")`.
  /// A type shows its values by a to_string that its namespace has.
  std::string render(std::size_t max = render_max) const;

  /// A line on an operator's screen.
  static constexpr std::size_t render_max = 200;

private:
  template <class... Ts>
  std::tuple<Ts...>& values() const noexcept {
    return static_cast<detail::message_values<Ts...>*>(content_)->values;
  }

  detail::message_content* content_ = nullptr;
};

/// `make_message(xs...)`: a message of the decayed types of `xs`; string
/// literals become std::string. An object, so that an argument of CAF's types
/// does not bring CAF's function of that name in.
struct message_maker {
  template <class... Ts>
  message operator()(Ts&&... xs) const;
};
inline constexpr message_maker make_message{};

/// What a process that traps exits gets for an exit signal: `{'EXIT', From,
/// Reason}`.
struct exit_message {
  pid from;
  exit_reason reason;
};

/// What a monitor delivers, exactly once: `{'DOWN', Ref, process, Pid,
/// Reason}`.
struct down_message {
  std::uint64_t ref = 0;
  pid from;
  exit_reason reason;

  /// What was monitored, when that was a name.
  std::string name{};
};

/// What start_timer sends: `{timeout, TimerRef, Msg}`.
struct timeout_message {
  std::uint64_t ref = 0;
  message content;
};

std::string to_string(const exit_message& x);
std::string to_string(const down_message& x);
std::string to_string(const timeout_message& x);

// -- inline implementation ----------------------------------------------------

namespace detail {

template <class T, class... Us>
inline constexpr bool is_one_of = (std::is_same_v<T, Us> || ...);

template <class T>
inline constexpr bool is_text =
  is_one_of<T, const char*, char*, std::string_view>;

template <class T>
using stored_t =
  std::conditional_t<is_text<std::decay_t<T>>, std::string, std::decay_t<T>>;

} // namespace detail

template <class... Ts>
const char* detail::message_values<Ts...>::type_name() const noexcept {
  return typeid(void (*)(Ts...)).name();
}

template <class... Ts>
void detail::message_values<Ts...>::render(std::string& out) const {
  std::apply(
    [&](const auto&... xs) {
      [[maybe_unused]] const char* separator = sizeof...(xs) == 1 ? "" : "(";
      ((out += std::exchange(separator, ", "), out += rendered(xs)), ...);
      out += sizeof...(xs) == 1 ? "" : ")";
    },
    values);
}

template <class... Ts>
message message_maker::operator()(Ts&&... xs) const {
  using content = detail::message_values<detail::stored_t<Ts>...>;
  return message{new content(std::in_place, std::forward<Ts>(xs)...)};
}

} // namespace bennu::runtime
