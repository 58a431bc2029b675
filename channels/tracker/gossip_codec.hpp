#pragma once

#include "channels/tracker/gossip.hpp"
#include "runtime/message.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bennu::channels {

/// What presences say of themselves, as bytes: only who tracks them knows its
/// type. `read` gives nothing for what `write` cannot have written.
struct meta_codec {
  std::function<std::string(const runtime::message&)> write;
  std::function<std::optional<runtime::message>(std::string_view)> read;
};

struct gossip_codec_options {
  /// Bytes of a message; a longer one is neither written nor read. All of
  /// 100,000 presences in a transfer, with 300 bytes each.
  std::size_t bytes_max = 32 * 1024 * 1024;

  /// Bytes of a name, a topic or a key, and of a meta.
  std::size_t text_max = 64 * 1024;
};

/// The messages of trackers as bytes, so that who joins nodes to a cluster
/// only has to carry them. A first byte is the version: one that is not ours
/// is not read, so nodes of two versions are silent to each other, not wrong.
/// Numbers are LEB128, texts follow their length. Stands for the Erlang terms
/// that Phoenix.Tracker sends. Value; confined to its process.
class gossip_codec {
public:
  explicit gossip_codec(meta_codec metas, gossip_codec_options options = {});

  /// Throws std::length_error past a limit: a tracker_peers that lets it
  /// through has lost the message.
  std::string encode(const tracker_gossip& x) const;

  /// Nothing for bytes that encode does not write; what it gives is well
  /// formed. Takes memory in proportion to the bytes, whatever they claim.
  std::optional<tracker_gossip> decode(std::string_view bytes) const;

  static constexpr unsigned char version = 1;

private:
  meta_codec metas_;
  gossip_codec_options options_;
};

} // namespace bennu::channels
