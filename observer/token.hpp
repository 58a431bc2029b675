#pragma once

#include <string>
#include <string_view>

namespace bennu::observer {

/// The secret a viewer must know. Value.
class token {
public:
  static constexpr std::size_t size_min = 16;
  static constexpr std::size_t size_max = 256;

  /// Of 32 random bytes from the operating system, in hex. Throws
  /// std::runtime_error when there are none.
  static token random();

  /// The first line of a file, without spaces around it. Throws
  /// std::runtime_error, with a text for people, when the file cannot be read,
  /// when others than its owner could read it, and when the line is not 16 to
  /// 256 visible characters.
  static token read(const std::string& path);

  /// Writes it to a file that only this user can read, in place of whatever
  /// was there. Throws std::runtime_error.
  void write(const std::string& path) const;

  /// Whether `offered` is the secret: takes as long for a wrong one whose first
  /// half is right as for any other.
  bool matches(std::string_view offered) const noexcept;

  const std::string& text() const noexcept { return text_; }

private:
  explicit token(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

/// Where an agent of this user writes its token, by the port it listens on: a
/// client on the same machine finds it there. In XDG_RUNTIME_DIR, else in a
/// folder of ours in the home directory, else in /tmp.
std::string token_path(unsigned port);

} // namespace bennu::observer
