#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace bennu::channels {

/// The name of a topic, e.g. "room:lobby": immutable text, shared by whoever
/// copies it, one pointer wide. A million subscribers of a topic hold the one
/// copy in their shard's table. Any bytes; 4 GiB at most. Value; thread-safe
/// to copy and read.
class topic {
public:
  topic() = default;
  topic(std::string_view text);
  topic(const char* text) : topic(std::string_view{text}) {}
  topic(const std::string& text) : topic(std::string_view{text}) {}

  topic(const topic& other) noexcept : block_(other.block_) {
    if (block_)
      block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  topic(topic&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)) {}
  topic& operator=(topic other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~topic() {
    if (block_)
      release();
  }

  std::string_view view() const noexcept {
    return block_ ? std::string_view{block_->text(), block_->size}
                  : std::string_view{};
  }
  std::string str() const { return std::string{view()}; }

  /// What follows the first colon: "lobby" of "room:lobby"; empty without one.
  /// Stands for the match `"room:" <> subtopic` of a Phoenix join/3.
  std::string_view subtopic() const noexcept {
    const auto colon = view().find(':');
    return colon == std::string_view::npos ? std::string_view{}
                                           : view().substr(colon + 1);
  }

  friend bool operator==(const topic& a, const topic& b) noexcept {
    return a.block_ == b.block_ || a.view() == b.view();
  }
  friend auto operator<=>(const topic& a, const topic& b) noexcept {
    return a.view() <=> b.view();
  }
  friend bool operator==(const topic& a, std::string_view b) noexcept {
    return a.view() == b;
  }
  friend auto operator<=>(const topic& a, std::string_view b) noexcept {
    return a.view() <=> b;
  }
  friend bool operator==(const topic& a, const char* b) noexcept {
    return a.view() == b;
  }
  friend bool operator==(const topic& a, const std::string& b) noexcept {
    return a.view() == b;
  }

private:
  struct block {
    std::atomic<std::uint32_t> references{1};
    std::uint32_t size = 0;
    const char* text() const noexcept {
      return reinterpret_cast<const char*>(this + 1);
    }
  };

  void release() noexcept;

  block* block_ = nullptr;
};

/// Hashes topics and text alike, so that a table of topics is searched with
/// text.
struct topic_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view x) const noexcept {
    return std::hash<std::string_view>{}(x);
  }
  std::size_t operator()(const char* x) const noexcept {
    return (*this)(std::string_view{x});
  }
  std::size_t operator()(const topic& x) const noexcept {
    return (*this)(x.view());
  }
};

} // namespace bennu::channels
