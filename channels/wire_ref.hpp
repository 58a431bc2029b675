#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace bennu::channels {

/// A `ref` or `join_ref`: a JSON value that the client chose and that is
/// echoed to it unchanged, so it is kept as its text. 15 bytes; text of up to
/// 14 of them, `"12345"` and the like, needs no memory of its own. One lies in
/// each joined channel of each connection, hence the care. Value.
class wire_ref {
public:
  static constexpr std::size_t inline_max = 14;

  /// `null`.
  wire_ref() noexcept = default;

  /// From JSON text, e.g. `"1"` with its quotes; `null` is null.
  static wire_ref from_json(std::string_view text);

  /// From a string, e.g. 1 from a binary message; throws json::exception when
  /// it is not UTF-8.
  static wire_ref from_string(std::string_view text);

  wire_ref(const wire_ref& other);
  wire_ref(wire_ref&& other) noexcept { swap(other); }
  wire_ref& operator=(wire_ref other) noexcept {
    swap(other);
    return *this;
  }
  ~wire_ref();

  bool is_null() const noexcept { return content_.tag == 0; }

  /// As JSON: what text serializers write.
  std::string_view json() const noexcept {
    return is_null() ? std::string_view{"null"} : stored();
  }

  /// As plain text: what binary messages carry. A string's content, a
  /// number's digits; empty for null.
  std::string plain() const;

  friend bool operator==(const wire_ref& a, const wire_ref& b) noexcept {
    return a.stored() == b.stored();
  }

private:
  static constexpr std::uint8_t allocated = 0xFF;

  // Inline text, or a pointer and a 32-bit size; the tag is the inline size.
  // One struct, so that a move is two words and not fourteen characters.
  struct content {
    char buffer[inline_max] = {};
    std::uint8_t tag = 0;
  };

  std::string_view stored() const noexcept;
  void assign(std::string_view text);
  void swap(wire_ref& other) noexcept { std::swap(content_, other.content_); }

  content content_;
};

} // namespace bennu::channels
