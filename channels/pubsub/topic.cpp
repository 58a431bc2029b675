#include "channels/pubsub/topic.hpp"

#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>

namespace bennu::channels {

topic::topic(std::string_view text) {
  if (text.empty())
    return;
  if (text.size() > std::numeric_limits<std::uint32_t>::max())
    throw std::length_error("a topic must be below 4 GiB");
  void* where = ::operator new(sizeof(block) + text.size());
  block_ = new (where) block;
  block_->size = static_cast<std::uint32_t>(text.size());
  std::memcpy(static_cast<char*>(where) + sizeof(block), text.data(),
              text.size());
}

void topic::release() noexcept {
  if (block_->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  block_->~block();
  ::operator delete(block_);
}

} // namespace bennu::channels
