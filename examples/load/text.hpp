#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace load {

/// What a message's text is completed with, for one user.
struct text_values {
  std::uint32_t user = 0; ///< from 1, as Tsung's get_unique_id
  std::uint32_t room = 0;
  std::uint64_t ref = 0;
  std::string_view marker{};
  std::span<const std::uint32_t> loops{}; ///< turns of the loops around, from 0
};

/// What a name between %% and %% stands for.
enum class text_value : std::uint8_t { literal, user, room, ref, marker, loop };

/// A text with places for values, as Tsung writes them: `%%name%%`. Parsed
/// once, shared by all users. Value.
///
///     const message_text x{"hello from %%user%%"};
class message_text {
public:
  /// The variable of a loop around the message: its name and its first value
  /// and step, so that `%%_i%%` becomes what it is in that turn.
  struct loop_variable {
    std::string name;
    std::int64_t from = 0;
    std::int64_t step = 1;
  };

  message_text() = default;

  /// A text without places.
  static message_text plain(std::string_view text);

  /// `%%user%%`, `%%room%%`, `%%ref%%`, `%%marker%%`, Tsung's
  /// `%%ts_user_server:get_unique_id%%`, and `%%_name%%` of the loops given,
  /// the outermost first. Throws std::invalid_argument on another one.
  static message_text parse(std::string_view text,
                            std::span<const loop_variable> loops = {});

  void append_to(std::string& out, const text_values& values) const;

  bool contains(std::string_view literal) const;
  bool has(text_value what) const;

private:
  struct part {
    text_value what = text_value::literal;
    std::string literal{};
    std::size_t loop = 0;
    std::int64_t from = 0;
    std::int64_t step = 1;
  };
  static part part_of(std::string_view name,
                      std::span<const loop_variable> loops);

  std::vector<part> parts_;
};

} // namespace load
