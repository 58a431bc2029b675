#pragma once

#include "channels/frame.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bennu::transport::detail {

/// What we agree to when a client offers permessage-deflate: each message is
/// compressed by itself, so that no connection keeps a window of 32 KB.
inline constexpr char deflate_agreement[] =
  "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// Compresses messages for the clients of a shard that have agreed to it. A
/// broadcast is compressed once, not once a client: what was made of the last
/// few frames is kept until the end of the turn. Confined to its thread.
class deflater {
public:
  deflater();
  ~deflater();

  /// The compressed form of `x`; `x` itself when it is short or would not
  /// shrink.
  channels::frame_ptr deflated(const channels::frame_ptr& x);

  void turn_ended() noexcept;

  /// How many were compressed, for tests.
  std::size_t count() const noexcept { return count_; }

  /// Below it the frame would hardly shrink.
  static constexpr std::size_t size_min = 64;

private:
  struct pair {
    channels::frame_ptr plain;
    channels::frame_ptr deflated;
  };
  struct impl;

  std::string deflate(std::string_view text);

  /// One for each serializer of a broadcast, and for two broadcasts at once.
  std::array<pair, 4> recent_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;

  /// 260 KB, made when the first message is compressed.
  std::unique_ptr<impl> impl_;
};

} // namespace bennu::transport::detail
