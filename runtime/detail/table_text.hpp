#pragma once

#include "runtime/message.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace bennu::runtime::detail {

std::string quoted_text(std::string_view x);

template <class T>
concept has_to_string = requires(const T& x) {
  { to_string(x) } -> std::convertible_to<std::string>;
};

template <class T>
concept has_fields = requires(T& x) {
  fields(x);
};

template <class T>
concept tuple_like = requires {
  typename std::tuple_size<T>::type;
};

template <class T>
std::string shown(const T& x);

template <class... Ts>
std::string shown_all(const Ts&... xs) {
  std::string text;
  ((text += text.empty() ? "" : ", ", text += shown(xs)), ...);
  return "{" + text + "}";
}

/// A row or a key for people: see table_ref::rows.
template <class T>
std::string shown(const T& x) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>)
    return quoted_text(x);
  else if constexpr (has_to_string<T>)
    return to_string(x);
  else if constexpr (std::is_same_v<T, bool>)
    return x ? "true" : "false";
  else if constexpr (std::is_same_v<T, char>)
    return quoted_text({&x, 1});
  else if constexpr (std::is_arithmetic_v<T>)
    return std::to_string(x);
  else if constexpr (std::is_enum_v<T>)
    return std::to_string(static_cast<std::underlying_type_t<T>>(x));
  else if constexpr (tuple_like<T>)
    return std::apply([](const auto&... xs) { return shown_all(xs...); }, x);
  else if constexpr (has_fields<T>)
    return shown(fields(const_cast<T&>(x)));
  else
    return "a " + demangled(typeid(T).name());
}

} // namespace bennu::runtime::detail
