#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace bennu::runtime {

/// Which keys a select looks at: any type that says of a key whether it lies
/// before or past the range. In an ordered_set only the range is searched, in
/// the other kinds every object. ETS's partially bound keys, by value.
template <class Range, class Key>
concept key_range = requires(const Range& range, const Key& key) {
  { range.before(key) } -> std::same_as<bool>;
  { range.past(key) } -> std::same_as<bool>;
};

/// Every key: an unbound `_`. Value.
struct all_keys {
  template <class Key>
  bool before(const Key&) const {
    return false;
  }
  template <class Key>
  bool past(const Key&) const {
    return false;
  }
};

/// One key: the objects of a fully bound key, found without a search. Value.
template <class Key>
struct one_key {
  Key key;
  template <class K>
  bool before(const K& x) const {
    return x < key;
  }
  template <class K>
  bool past(const K& x) const {
    return key < x;
  }
};
template <class Key>
one_key(Key) -> one_key<Key>;
one_key(const char*)->one_key<std::string>;

/// `from` <= key < `to`; either may be missing. Value.
///
///     scores.select(keys_between<int>{.from = 10, .to = 20});
template <class Key>
struct keys_between {
  std::optional<Key> from{};
  std::optional<Key> to{};
  bool before(const Key& x) const { return from && x < *from; }
  bool past(const Key& x) const { return to && !(x < *to); }
};

/// Text keys that begin with `text`. Value.
struct keys_with_prefix {
  std::string text;
  bool before(std::string_view x) const {
    return x.substr(0, text.size()) < text;
  }
  bool past(std::string_view x) const {
    return text < x.substr(0, text.size());
  }
};

/// Tuple or pair keys whose first members are `values`, as `{room, '_'}` in a
/// match spec. Value.
///
///     seen.select(keys_starting_with{std::tuple{std::string{"lobby"}}});
template <class... Ts>
struct keys_starting_with {
  std::tuple<Ts...> values;

  template <class Key>
  bool before(const Key& x) const {
    return first_of(x, std::index_sequence_for<Ts...>{}) < values;
  }
  template <class Key>
  bool past(const Key& x) const {
    return values < first_of(x, std::index_sequence_for<Ts...>{});
  }

private:
  template <class Key, std::size_t... Is>
  static auto first_of(const Key& x, std::index_sequence<Is...>) {
    return std::tie(std::get<Is>(x)...);
  }
};
template <class... Ts>
keys_starting_with(std::tuple<Ts...>) -> keys_starting_with<Ts...>;

/// A table's hash of keys: std::hash, and for tuples and pairs, which the
/// standard leaves out, that of their members.
template <class Key>
struct key_hash : std::hash<Key> {};

namespace detail {
inline std::size_t mixed_hash(std::size_t seed, std::size_t more) noexcept {
  auto x = std::uint64_t{seed} * 0x9E3779B97F4A7C15ull + more;
  x ^= x >> 32;
  return static_cast<std::size_t>(x * 0xD6E8FEB86659FD93ull);
}
} // namespace detail

template <class... Ts>
struct key_hash<std::tuple<Ts...>> {
  std::size_t operator()(const std::tuple<Ts...>& key) const {
    std::size_t hash = 0;
    std::apply(
      [&](const auto&... xs) {
        ((hash = detail::mixed_hash(hash, key_hash<Ts>{}(xs))), ...);
      },
      key);
    return hash;
  }
};

template <class T, class U>
struct key_hash<std::pair<T, U>> {
  std::size_t operator()(const std::pair<T, U>& key) const {
    return detail::mixed_hash(key_hash<T>{}(key.first),
                              key_hash<U>{}(key.second));
  }
};

} // namespace bennu::runtime
