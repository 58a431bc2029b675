#include "transport/write_queue.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include <sys/uio.h>

namespace bennu::transport {

struct write_queue::overflow {
  std::vector<element> elements;
  std::size_t head = 0;

  std::size_t size() const noexcept { return elements.size() - head; }
};

write_queue::write_queue() = default;
write_queue::~write_queue() = default;

std::string_view write_queue::element::bytes() const noexcept {
  return frame ? frame->wire() : std::string_view{*own};
}

void write_queue::push(const channels::frame_ptr& x) {
  push_element({x, nullptr});
}

void write_queue::push(std::string bytes) {
  if (!bytes.empty())
    push_element({{}, std::make_unique<const std::string>(std::move(bytes))});
}

std::size_t write_queue::frames() const noexcept {
  return (first_ ? 1u : 0u) + (more_ ? more_->size() : 0u);
}

std::size_t write_queue::gather(iovec* to,
                                std::size_t count_max) const noexcept {
  std::size_t n = 0;
  auto skip = std::size_t{sent_};
  const auto add = [&](const element& x) {
    auto bytes = x.bytes();
    bytes.remove_prefix(std::exchange(skip, 0));
    to[n++] = {const_cast<char*>(bytes.data()), bytes.size()};
  };
  if (first_ && n < count_max)
    add(first_);
  if (more_)
    for (auto i = more_->head; i < more_->elements.size() && n < count_max; ++i)
      add(more_->elements[i]);
  return n;
}

std::string_view write_queue::only_piece() const noexcept {
  return first_ && !more_ ? first_.bytes().substr(sent_) : std::string_view{};
}

void write_queue::consume(std::size_t n) noexcept {
  bytes_ -= static_cast<std::uint32_t>(n);
  n += std::exchange(sent_, 0);
  while (first_) {
    const auto size = first_.bytes().size();
    if (n < size) {
      sent_ = static_cast<std::uint32_t>(n);
      return;
    }
    n -= size;
    pop_front();
  }
}

void write_queue::clear() noexcept {
  first_ = {};
  more_.reset();
  bytes_ = 0;
  sent_ = 0;
}

void write_queue::push_element(element x) {
  const auto size = x.bytes().size();
  if (size > std::numeric_limits<std::uint32_t>::max() - bytes_)
    throw std::length_error("more than 4 GiB wait to be sent");
  if (!first_) {
    first_ = std::move(x);
  } else {
    if (!more_) {
      more_ = std::make_unique<overflow>();
      more_->elements.reserve(8);
    }
    more_->elements.push_back(std::move(x));
  }
  bytes_ += static_cast<std::uint32_t>(size);
}

void write_queue::pop_front() noexcept {
  if (!more_) {
    first_ = {};
    return;
  }
  auto& [elements, head] = *more_;
  first_ = std::move(elements[head++]);
  if (head == elements.size()) {
    more_.reset();
  } else if (head >= 64 && head * 2 >= elements.size()) {
    // A queue that never drains would else keep every element it ever had.
    elements.erase(elements.begin(),
                   elements.begin() + static_cast<std::ptrdiff_t>(head));
    head = 0;
  }
}

} // namespace bennu::transport
