#pragma once

#include "channels/json.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace bennu::channels {

/// Raw data of a client's binary push; valid during the handler only.
using bytes_view = std::string_view;

/// Raw data as a payload: what Phoenix writes `{:binary, data}`. Value.
///
///     push("frame", binary(jpeg));
class bytes {
public:
  const std::string& data() const noexcept { return data_; }
  friend bool operator==(const bytes&, const bytes&) = default;

private:
  friend bytes binary(std::string data);

  // A tag keeps braced JSON such as {{"a", "b"}} from ever meaning bytes.
  struct tag {
    explicit tag() = default;
  };
  bytes(tag, std::string data) : data_(std::move(data)) {}

  std::string data_;
};

inline bytes binary(std::string data) {
  return {bytes::tag{}, std::move(data)};
}

/// What a message carries: JSON, or raw bytes with vsn 2.0.0. Value.
class payload {
public:
  /// `{}`.
  payload() : content_(empty_object()) {}
  payload(json x) : content_(std::move(x)) {}
  payload(bytes x) : content_(std::move(x)) {}

  bool is_binary() const noexcept { return content_.index() == 1; }

  /// The JSON of a payload that is not binary; else throws
  /// std::bad_variant_access.
  const json& as_json() const { return std::get<json>(content_); }

  /// The data of a binary payload; else throws std::bad_variant_access.
  bytes_view as_bytes() const { return std::get<bytes>(content_).data(); }

  friend bool operator==(const payload&, const payload&) = default;

private:
  std::variant<json, bytes> content_;
};

/// A payload as it goes over the wire: JSON text or raw bytes. Rendered once
/// by the sender, whatever the number of serializers and receivers.
class rendered_payload {
public:
  enum class kind { object, other_json, binary };

  /// Throws json::exception when a string is not UTF-8.
  explicit rendered_payload(const payload& x);

  /// Of text that is a JSON object, as append_json writes one: nobody looks at
  /// it again.
  static rendered_payload object(std::string text) {
    return {kind::object, std::move(text)};
  }

  kind what() const noexcept { return kind_; }
  std::string_view text() const noexcept { return text_; }

private:
  rendered_payload(kind what, std::string text)
    : kind_(what), text_(std::move(text)) {}

  kind kind_;
  std::string text_;
};

} // namespace bennu::channels
