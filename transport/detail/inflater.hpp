#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace bennu::transport::detail {

struct inflater_limits {
  std::size_t size_max;
  std::size_t ratio_max;
  std::size_t ratio_free;
};

/// Inflates a client's messages, one after the other, while their bytes come
/// (RFC 7692, 7.2.2). What it makes of them, and where it refuses to go on,
/// does not depend on how the network cuts them. Confined to its thread.
class inflater {
public:
  enum class verdict {
    good,
    /// No DEFLATE, or not cut where 7.2.1 has it cut.
    broken,
    /// Past one of the limits.
    too_big,
  };

  explicit inflater(const inflater_limits& limits);
  ~inflater();

  /// What came of the message before is forgotten.
  void start();

  verdict write(std::string_view bytes);

  /// The message has no more bytes.
  verdict finish();

  /// What came of the message so far.
  std::string_view text() const noexcept { return text_; }

  /// Bytes it keeps for the next one.
  std::size_t kept() const noexcept { return text_.capacity(); }

private:
  struct impl;

  verdict inflate(std::string_view bytes);
  bool inflates_too_much() const noexcept;

  inflater_limits limits_;
  std::string text_;
  std::size_t taken_ = 0;

  /// No block is open behind the last byte.
  bool at_block_end_ = false;

  /// 40 KB, made for the first message.
  std::unique_ptr<impl> impl_;
};

} // namespace bennu::transport::detail
