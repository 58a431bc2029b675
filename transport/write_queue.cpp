#include "transport/write_queue.hpp"

#include <utility>
#include <vector>

#include <sys/uio.h>

namespace bennu::transport {

using channels::frame_ptr;

struct write_queue::rest {
  std::size_t bytes = 0; // of all, unsent
  std::size_t sent = 0;  // of the first

  /// What comes behind the first, from `head` on.
  std::vector<frame_ptr> frames{};
  std::size_t head = 0;

  std::size_t count() const noexcept { return frames.size() - head; }
};

write_queue::write_queue() = default;
write_queue::~write_queue() = default;

void write_queue::push(frame_ptr x) {
  if (!first_) {
    first_ = std::move(x);
    return;
  }
  if (!rest_)
    rest_ = std::make_unique<rest>(rest{.bytes = first_->wire().size()});
  if (rest_->frames.empty())
    rest_->frames.reserve(8);
  rest_->bytes += x->wire().size();
  rest_->frames.push_back(std::move(x));
}

void write_queue::push(std::string_view bytes) {
  if (!bytes.empty())
    push(frame_ptr::raw(bytes));
}

std::size_t write_queue::bytes() const noexcept {
  if (rest_)
    return rest_->bytes;
  return first_ ? first_->wire().size() : 0;
}

std::size_t write_queue::sent() const noexcept {
  return rest_ ? rest_->sent : 0;
}

std::size_t write_queue::frames() const noexcept {
  return (first_ ? 1u : 0u) + (rest_ ? rest_->count() : 0u);
}

std::size_t write_queue::gather(iovec* to,
                                std::size_t count_max) const noexcept {
  std::size_t n = 0;
  const auto add = [&](std::string_view x) {
    to[n++] = {const_cast<char*>(x.data()), x.size()};
  };
  if (first_ && n < count_max)
    add(first_->wire().substr(sent()));
  if (rest_)
    for (auto i = rest_->head; i < rest_->frames.size() && n < count_max; ++i)
      add(rest_->frames[i]->wire());
  return n;
}

std::string_view write_queue::only_piece() const noexcept {
  if (!first_ || (rest_ && rest_->count() > 0))
    return {};
  return first_->wire().substr(sent());
}

void write_queue::consume(std::size_t n) {
  if (!rest_) {
    const auto all = bytes();
    if (n == all)
      first_ = {};
    else if (n > 0)
      rest_ = std::make_unique<rest>(rest{.bytes = all - n, .sent = n});
    return;
  }
  rest_->bytes -= n;
  n += rest_->sent;
  while (rest_) {
    rest_->sent = n;
    const auto size = first_->wire().size();
    if (n < size)
      return;
    n -= size;
    pop_front();
  }
}

void write_queue::clear() noexcept {
  first_ = {};
  rest_.reset();
}

void write_queue::pop_front() noexcept {
  if (rest_->count() == 0)
    return clear();
  auto& [bytes, sent, frames, head] = *rest_;
  first_ = std::move(frames[head++]);
  sent = 0;
  if (head == frames.size() || (head >= 64 && head * 2 >= frames.size())) {
    // A queue that never drains would else keep every frame it ever had.
    frames.erase(frames.begin(),
                 frames.begin() + static_cast<std::ptrdiff_t>(head));
    head = 0;
  }
}

} // namespace bennu::transport
