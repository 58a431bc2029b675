#pragma once

#include "transport/detail/codec.hpp"

#include <memory>
#include <vector>

namespace bennu::transport::detail {

/// The codecs of a shard. A connection takes one when bytes arrive and gives
/// it back between messages, so that an idle connection has none. Confined to
/// its thread.
class codec_pool {
public:
  explicit codec_pool(const codec_options& options);
  ~codec_pool();

  std::unique_ptr<codec> take();

  /// Keeps it when another connection may go on with it, else drops it.
  void give_back(std::unique_ptr<codec> x);

  void clear() noexcept { kept_.clear(); }

  std::size_t kept() const noexcept { return kept_.size(); }

private:
  codec_options options_;
  std::vector<std::unique_ptr<codec>> kept_;
};

} // namespace bennu::transport::detail
