#include "transport/detail/memory_layer.hpp"

namespace bennu::transport::detail {

work_queue::~work_queue() {
  while (first_)
    std::exchange(first_, first_->next)->discard();
  while (kept_count_ > 0)
    ::operator delete(kept_[--kept_count_]);
}

void work_queue::push(work_ptr x) noexcept {
  auto* added = x.release();
  added->next = nullptr;
  if (first_)
    last_->next = added;
  else
    first_ = added;
  last_ = added;
}

void work_queue::run() {
  while (first_)
    std::exchange(first_, first_->next)->run();
}

void* work_queue::allocate(std::size_t size) {
  if (size > block_size)
    return ::operator new(size);
  return kept_count_ > 0 ? kept_[--kept_count_] : ::operator new(block_size);
}

void work_queue::release(void* block, std::size_t size) noexcept {
  if (size <= block_size && kept_count_ < blocks_kept_max)
    kept_[kept_count_++] = block;
  else
    ::operator delete(block);
}

} // namespace bennu::transport::detail
