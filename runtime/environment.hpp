#pragma once

#include "runtime/message.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::runtime {

/// Named values that every process of a node can read: what applications are
/// configured with, and what few write and many read. Mirrors persistent_term
/// and the environment of an application. A value is a message: shared, never
/// copied. Reads do not wait for each other. One a node. Thread-safe.
///
///     node.environment().set("shop.currency", make_message("EUR"));
///     node.environment().value_or<std::string>("shop.currency", "USD");
class environment {
public:
  /// Values at once; one more throws std::length_error.
  static constexpr std::size_t values_max = 100'000;

  void set(std::string_view key, message value);

  /// False, changing nothing, when the key has a value.
  bool insert(std::string_view key, message value);

  /// No message when there is none.
  message get(std::string_view key) const;

  /// The value when there is one and it is a `T`, else `otherwise`.
  template <class T>
  T value_or(std::string_view key, T otherwise) const {
    const auto found = get(key);
    const auto* value = found.value_if<T>();
    return value ? *value : otherwise;
  }

  bool erase(std::string_view key);

  /// The keys that begin with `prefix`, in order.
  std::vector<std::string> keys(std::string_view prefix = {}) const;

private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, message, std::less<>> values_;
};

} // namespace bennu::runtime
