#pragma once

#include "runtime/message.hpp"

#include <caf/make_message.hpp>
#include <caf/message.hpp>
#include <caf/type_nr.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace bennu::runtime::detail {

/// How one list of types crosses between our messages and CAF's.
struct caf_conversion {
  type_token ours = nullptr;
  std::uint32_t theirs = 0;
  caf::message (*to)(const message&) = nullptr;
  bool (*matches)(const caf::type_erased_tuple&) = nullptr;
  message (*from)(const caf::type_erased_tuple&) = nullptr;
};

template <class... Ts>
caf::message copy_to_caf(const message& x) {
  return std::apply([](const auto&... xs) { return caf::make_message(xs...); },
                    *x.get_if<Ts...>());
}

template <class... Ts>
bool matches_caf(const caf::type_erased_tuple& x) {
  return x.match_elements<Ts...>();
}

template <class... Ts>
message copy_from_caf(const caf::type_erased_tuple& x) {
  return [&]<std::size_t... Is>(std::index_sequence<Is...>) {
    return make_message(x.get_as<Ts>(Is)...);
  }
  (std::index_sequence_for<Ts...>{});
}

template <class... Ts>
caf_conversion conversion_of() {
  return {token_of<Ts...>, caf::make_type_token<Ts...>(), &copy_to_caf<Ts...>,
          &matches_caf<Ts...>, &copy_from_caf<Ts...>};
}

/// The types that may cross, declared one list at a time. Thread-safe.
class caf_conversions {
public:
  /// Lists of types of one node; more are a mistake, e.g. in a loop.
  static constexpr std::size_t conversions_max = 10'000;

  /// Begins with what every program sends: nothing, and one bool, number or
  /// text.
  caf_conversions();

  /// No-op when it is known already; throws std::length_error past
  /// conversions_max.
  void add(const caf_conversion& x);

  /// Empty when the types of `x` were never declared. A message that holds
  /// one caf::message is that message.
  std::optional<caf::message> to_caf(const message& x) const;

  /// No message when the types of `x` were never declared.
  message from_caf(const caf::type_erased_tuple& x) const;

private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<type_token, caf_conversion> by_ours_;
  std::unordered_multimap<std::uint32_t, caf_conversion> by_theirs_;
};

} // namespace bennu::runtime::detail
